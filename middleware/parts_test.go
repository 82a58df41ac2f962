package middleware_test

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// partsThatFail are handlers for a part of a request, which write into a buffer.
var partsThatFail = map[string]http.Handler{
	"an error that is returned": problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return problem.NotFound }),
	"an error that is answered": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, problem.NotFound) }),
	"an error after some bytes": problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		io.WriteString(w, half)
		return problem.NotFound
	}),
	"an error after a status": problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(201)
		return problem.NotFound
	}),
	"two errors": problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		problem.Respond(w, r, problem.NotFound)
		return errors.New("pq: secret")
	}),
}

const half = `{"items":[1,2,`

// part runs a handler with a buffer on a goroutine of its own, as a batch does. A
// panic there would end the process.
func part(t *testing.T, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	b, ended := httptest.NewRecorder(), make(chan any)
	go func() {
		defer func() { ended <- recover() }()
		h.ServeHTTP(b, r)
	}()
	if value := <-ended; value != nil {
		t.Errorf("the part panics with %v", value)
	}
	return b
}

// A part that fails is nothing to the answer that the handler has begun meanwhile.
func TestPartThatFailsWhenTheWholeHasBegun(t *testing.T) {
	for name, begin := range map[string]struct {
		do     func(http.ResponseWriter)
		status int
	}{
		"a stream": {func(w http.ResponseWriter) { io.WriteString(w, "[") }, 200},
		"an error in a format of its own": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(503)
			io.WriteString(w, "[")
		}, 503},
	} {
		for arrangement, around := range arrangements {
			for how, h := range partsThatFail {
				t.Run(name+", "+arrangement+", "+how, func(t *testing.T) {
					var l ledger
					status, body, err := asked(t, around(l.responder())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						begin.do(w)
						b := part(t, h, r)
						begun, n := strings.HasPrefix(how, "an error after"), strings.Count(b.Body.String(), `"status":404`)
						if begun && n != 0 || !begun && (n != 1 || b.Code != 404) {
							t.Errorf("the part has %d %q, want the envelope unless the part had begun another answer", b.Code, b.Body)
						}
						io.WriteString(w, "]")
					})))
					if events, lines := l.told(); status != begin.status || body != "[]" || err != nil || events != 0 || lines == 0 {
						t.Errorf("%d %q (%v) with %d events and %d lines, want %d [], no event and a line", status, body, err, events, lines, begin.status)
					}
				})
			}
		}
	}
}

func TestPartThatFailsLeavesAHijackedConnectionOpen(t *testing.T) {
	for how, h := range partsThatFail {
		for _, late := range []bool{false, true} { // the handler has returned, and left a goroutine to serve the connection
			var l ledger
			returned := make(chan bool)
			app := whole(l.responder())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				serve := func() {
					defer conn.Close()
					part(t, h, r)
					io.WriteString(conn, "still here\n")
				}
				if !late {
					serve()
					return
				}
				go func() { <-returned; serve() }()
			}))
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(returned)
				app.ServeHTTP(w, r)
			}))
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			line, err := bufio.NewReader(conn).ReadString('\n')
			if events, _ := l.told(); line != "still here\n" || events != 0 {
				t.Errorf("%s, late %t: %q (%v) and %d events, want that the connection is still here, and no event", how, late, line, err, events)
			}
			conn.Close()
			srv.Close()
		}
	}
}

// Where a part has begun an answer before it fails, its buffer may be passed on as it
// is now, or as it was when the part began.
func TestPartThatFailsHalfWay(t *testing.T) {
	for name, pass := range map[string]func(http.ResponseWriter, *httptest.ResponseRecorder){
		"as it is": passOn,
		"as it was": func(w http.ResponseWriter, b *httptest.ResponseRecorder) {
			was := b.Result()
			maps.Copy(w.Header(), was.Header)
			w.WriteHeader(was.StatusCode)
			io.Copy(w, was.Body)
		},
		"as bytes": func(w http.ResponseWriter, b *httptest.ResponseRecorder) { w.Write(b.Body.Bytes()) },
		"not":      func(http.ResponseWriter, *httptest.ResponseRecorder) {},
	} {
		for arrangement, around := range arrangements {
			for _, how := range []string{"an error after some bytes", "an error after a status"} {
				var l ledger
				status, body, err := asked(t, around(l.responder())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					pass(w, part(t, partsThatFail[how], r))
				})))
				if events, _ := l.told(); status != 404 || !strings.HasPrefix(body, `{"type"`) || err != nil || events != 1 {
					t.Errorf("%s, passed on %s, %s: %d %q (%v) and %d events, want the envelope and one event", how, name, arrangement, status, body, err, events)
				}
			}
		}
	}
}

func TestErrorInThePlaceOfAPartThatFailsHalfWay(t *testing.T) {
	for arrangement, around := range arrangements {
		var l ledger
		status, body, err := asked(t, around(l.responder())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			part(t, partsThatFail["an error after some bytes"], r)
			w.WriteHeader(503)
			io.WriteString(w, `{"error":"later"}`)
		})))
		if events, _ := l.told(); status != 503 || body != `{"error":"later"}` || err != nil || events != 0 {
			t.Errorf("%s: %d %q (%v) and %d events, want the handler's own 503 and no event", arrangement, status, body, err, events)
		}
	}
}

// Of several parts that fail, a program may pass on any. If it passes on none, the last
// one is sent.
func TestEnvelopeThatIsPassedOnIsSent(t *testing.T) {
	kinds := []problem.Kind{problem.NotFound, problem.Gone, problem.Unavailable}
	for arrangement, around := range arrangements {
		for i := range len(kinds) + 1 {
			var events []int
			errs := quiet(func(ev *problem.Event) { events = append(events, ev.Status) })
			status, body, err := asked(t, around(errs)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var parts []*httptest.ResponseRecorder
				for _, kind := range kinds {
					parts = append(parts, part(t, problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return kind }), r))
				}
				if i < len(parts) {
					passOn(w, parts[i])
				}
			})))
			want := []int{404, 410, 503, 503}[i]
			if status != want || strings.Count(body, `"status":`+strconv.Itoa(want)) != 1 || err != nil || !slices.Equal(events, []int{want}) {
				t.Errorf("%s, part %d: %d %q (%v) and events of %v, want the envelope and an event of %d", arrangement, i, status, body, err, events, want)
			}
		}
	}
}

// The hook is told of the part that has failed, and not of the request around it.
func TestPlainTextErrorOfAPart(t *testing.T) {
	var paths []string
	errs := quiet(func(ev *problem.Event) { paths = append(paths, ev.Request.URL.Path) })
	status, _, err := asked(t, whole(errs)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, err := http.NewRequestWithContext(r.Context(), "GET", "/part", nil)
		if err != nil {
			t.Fatal(err)
		}
		passOn(w, part(t, middleware.Rewrite()(http.NotFoundHandler()), r))
	})))
	if status != 404 || err != nil || !slices.Equal(paths, []string{"/part"}) {
		t.Errorf("%d (%v), and the hook is told of %q, want a 404 of /part", status, err, paths)
	}
}
