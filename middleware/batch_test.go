package middleware_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/entryguard"
)

// part runs a handler into a buffer of its own, as a batch does.
func part(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	b := httptest.NewRecorder()
	h.ServeHTTP(b, r)
	return b
}

func errorOf(kind problem.Kind) http.Handler {
	return problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return kind })
}

// A handler may run parts into buffers and drop their answers. What it then does
// itself is the answer.
func TestAnswerAfterADroppedPart(t *testing.T) {
	for name, c := range map[string]struct {
		h      http.HandlerFunc
		status int
		body   string // that the answer has; "" is the envelope of status
		events int
	}{
		"a panic": {func(_ http.ResponseWriter, r *http.Request) {
			part(errorOf(problem.NotFound), r)
			panic("boom")
		}, 500, "", 1},
		"a panic within a deadline": {func(w http.ResponseWriter, r *http.Request) {
			middleware.Timeout(time.Minute)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				part(errorOf(problem.NotFound), r)
				panic("boom")
			})).ServeHTTP(w, r)
		}, 500, "", 1},
		"a panic after a part of two layers": {func(_ http.ResponseWriter, r *http.Request) {
			part(middleware.Recover()(errorOf(problem.NotFound)), r)
			panic("boom")
		}, 500, "", 1},
		"a deadline": {func(w http.ResponseWriter, r *http.Request) {
			middleware.Timeout(time.Millisecond)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				part(errorOf(problem.NotFound), r)
				<-r.Context().Done()
			})).ServeHTTP(w, r)
		}, 504, "", 1},
		"a status of its own, with lines added from the header of the part": {func(w http.ResponseWriter, r *http.Request) {
			for key, lines := range part(errorOf(problem.NotFound), r).Header() {
				if key == "Content-Length" {
					continue
				}
				for _, line := range lines {
					w.Header().Add(key, line)
				}
			}
			w.WriteHeader(http.StatusMultiStatus)
			io.WriteString(w, `[404]`)
		}, 207, `[404]`, 0},
		"an error of its own in the same format": {func(w http.ResponseWriter, r *http.Request) {
			part(errorOf(problem.NotFound), r)
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(409)
			io.WriteString(w, `{"own":true}`)
		}, 409, `{"own":true}`, 0},
		"a HEAD, passed on": {func(w http.ResponseWriter, r *http.Request) {
			r2 := r.Clone(r.Context())
			r2.Method = "HEAD"
			passOn(w, part(errorOf(problem.NotFound), r2))
		}, 404, "", 1},
	} {
		for arrangement, around := range arrangements {
			var l ledger
			w := overTheWire(t, around(l.responder())(c.h))
			body := w.Body.String()
			right := body == c.body || c.body == "" && strings.HasPrefix(body, `{"type"`) && strings.Count(body, `"status":`) == 1
			if events, _ := l.told(); w.Code != c.status || !right || events != c.events {
				t.Errorf("%s, within %s: the answer is %d %q with %d events, want %d %q and %d", name, arrangement, w.Code, body, events, c.status, c.body, c.events)
			}
		}
	}
}

// In some formats a success has the type of an envelope.
func TestSuccessOfTheTypeOfAnEnvelope(t *testing.T) {
	long := strings.Repeat("x", 70<<10)
	for name, c := range map[string]struct {
		h      http.HandlerFunc
		status int
		body   string // "" is the envelope of status
		events int
	}{
		"a success":  {func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"ok":true}`) }, 200, `{"ok":true}`, 0},
		"a long one": {func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, long) }, 200, long, 0},
		"one that is flushed": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(201)
			http.NewResponseController(w).Flush()
			io.WriteString(w, "{}")
		}, 201, "{}", 0},
		"one that is flushed first": {func(w http.ResponseWriter, _ *http.Request) {
			http.NewResponseController(w).Flush()
			io.WriteString(w, "{}")
		}, 200, "{}", 0},
		"one after a part whose client has left": {func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithCancel(r.Context())
			cancel()
			part(problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error { return r.Context().Err() }), r.WithContext(ctx))
			io.WriteString(w, "{}")
		}, 200, "{}", 0},
		"an error of its own with the status of the part": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "private")
			w.WriteHeader(404)
			io.WriteString(w, `{"own":true}`)
		}, 404, `{"own":true}`, 0},
		"one with its Cache-Control and another length": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Content-Length", "12")
			w.WriteHeader(404)
			io.WriteString(w, `{"own":true}`)
		}, 404, `{"own":true}`, 0},
		"one that contains the envelope of the part": {func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "[")
			part(errorOf(problem.NotFound), r).Body.WriteTo(w)
			io.WriteString(w, ",1]")
		}, 200, "[", 0},
		"the body of the part, with its status and type": {func(w http.ResponseWriter, r *http.Request) {
			b := part(errorOf(problem.NotFound), r)
			w.WriteHeader(b.Code)
			b.Body.WriteTo(w)
		}, 404, "", 1},
	} {
		for arrangement, around := range arrangements {
			var l ledger
			w := overTheWire(t, around(l.responder(entryguard.Style))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				part(errorOf(problem.NotFound), r)
				w.Header().Set("Content-Type", "application/json")
				c.h(w, r)
			})))
			right := strings.HasPrefix(w.Body.String(), c.body) && (c.body != "" || strings.HasPrefix(w.Body.String(), `{"timestamp"`))
			if events, _ := l.told(); w.Code != c.status || !right || events != c.events {
				t.Errorf("%s, within %s: the answer is %d %.200q with %d events, want %d %.20q and %d", name, arrangement, w.Code, w.Body, events, c.status, c.body, c.events)
			}
		}
	}
}

// A success of the type of an envelope that fails half-way is an error, or is cut.
func TestHalfASuccessOfTheTypeOfAnEnvelope(t *testing.T) {
	for name, fail := range map[string]struct {
		do    func(http.ResponseWriter)
		whole bool // and never cut
	}{
		"an error status": {func(w http.ResponseWriter) { http.Error(w, "pq: secret", 500) }, false},
		"a panic":         {func(http.ResponseWriter) { panic("boom") }, true},
	} {
		for arrangement, around := range arrangements {
			var l ledger
			w, err := fetch(around(l.responder(entryguard.Style))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				part(errorOf(problem.NotFound), r)
				w.Header().Set("Content-Type", "application/json")
				io.WriteString(w, `{"items":[1,2,`)
				fail.do(w)
			})))
			whole := err == nil && w.Code == 500 && json.Valid(w.Body.Bytes())
			if events, _ := l.told(); !whole && (err == nil || fail.whole) || events != 1 || strings.Contains(w.Body.String(), "secret") {
				t.Errorf("%s, within %s: the answer is %q (%v) with %d events, want the envelope of a 500 and one event", name, arrangement, w.Body, err, events)
			}
		}
	}
}

// An inner Recover may hold the answer of its handler, and a writer that hides may, too.
func TestAnswerThatIsHeldAfterADroppedPart(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		within mw
		h      http.HandlerFunc
		want   int
	}{
		"no content": {"GET", hiding, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, 204},
		"a HEAD":     {"HEAD", hiding, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "[404]") }, 200},
		"a length of 0": {"GET", hiding, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "0")
			w.WriteHeader(201)
		}, 201},
		"a body behind a compressor": {"GET", squeeze, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "[404]") }, 200},
	} {
		for _, outer := range []func(*problem.Responder) mw{whole, split} {
			var l ledger
			h := middleware.Chain(outer(l.responder()), c.within, middleware.Recover())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				part(errorOf(problem.NotFound), r)
				c.h(w, r)
			}))
			w := serve(h, c.method)
			if events, _ := l.told(); w.Code != c.want || events != 0 {
				t.Errorf("%s: the answer is %d %q with %d events, want %d and none", name, w.Code, w.Body, events, c.want)
			}
		}
	}
}

// Writes beyond the declared length are refused, as by net/http.
func TestDeclaredLengthOfWhatMayBeAnEnvelope(t *testing.T) {
	w := overTheWire(t, whole(quiet(func(*problem.Event) {}))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		part(errorOf(problem.NotFound), r)
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Content-Length", "2")
		io.WriteString(w, "{}")
		if n, err := io.WriteString(w, "more"); n != 0 || err != http.ErrContentLength {
			t.Errorf("a write beyond the declared length returns %d %v, want http.ErrContentLength", n, err)
		}
	})))
	if w.Code != 200 || w.Body.String() != "{}" {
		t.Errorf("the answer is %d %q, want 200 {}", w.Code, w.Body)
	}
}

// The end of an answer is no matter of a part that another goroutine still runs.
func TestPartThatSurvivesACut(t *testing.T) {
	for arrangement, around := range arrangements {
		cut, ended := make(chan bool), make(chan any, 1)
		fine := middleware.Recover()(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			<-cut
			io.WriteString(w, "fine")
		}))
		h := around(quiet(func(*problem.Event) {}))(problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			go func() {
				defer func() { ended <- recover() }()
				fine.ServeHTTP(httptest.NewRecorder(), r.Clone(r.Context()))
			}()
			io.WriteString(w, "[")
			return errors.New("lost")
		}))
		fetch(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(cut)
			h.ServeHTTP(w, r)
		}))
		if value := <-ended; value != nil {
			t.Errorf("within %s: the part, which is fine, panics with %v", arrangement, value)
		}
	}
}

// A cut after a dropped part is a cut, and no event.
func TestCutAfterADroppedPart(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"a panic with the sentinel": func(_ http.ResponseWriter, r *http.Request) {
			part(errorOf(problem.Unavailable), r)
			panic(http.ErrAbortHandler)
		},
		"one that a recoverer swallows": func(w http.ResponseWriter, r *http.Request) {
			defer func() { recover() }()
			part(errorOf(problem.Unavailable), r)
			w.WriteHeader(404) // undecided
			problem.Respond(w, r, http.ErrAbortHandler)
		},
		"the same within a deadline": func(w http.ResponseWriter, r *http.Request) {
			middleware.Timeout(time.Minute)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				part(errorOf(problem.Unavailable), r)
				panic(http.ErrAbortHandler)
			})).ServeHTTP(w, r)
		},
	} {
		for arrangement, around := range arrangements {
			var l ledger
			_, err := fetch(around(l.responder())(h))
			if events, _ := l.told(); err == nil || events != 0 {
				t.Errorf("%s, within %s: the error is %v with %d events, want a cut and none", name, arrangement, err, events)
			}
		}
	}
}

// The envelope arrives whole, whatever else is in its buffer.
func TestEnvelopeAmongOtherBytes(t *testing.T) {
	unchanged := func(h http.Handler) http.Handler { return h }
	begun := func(more string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for i := range 6 {
				w.Header().Set(fmt.Sprint("X-", i), "1") // so many that the length is left to the server
			}
			io.WriteString(w, `{"items":[1,2,`)
			problem.Respond(w, r, problem.Conflict)
			io.WriteString(w, more)
		}
	}
	inBuffer := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { passOn(w, part(next, r)) })
	}
	inResult := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			result := part(next, r).Result()
			maps.Copy(w.Header(), result.Header)
			w.WriteHeader(result.StatusCode)
			io.Copy(w, result.Body)
		})
	}
	for name, c := range map[string]struct {
		buffer, within mw
		h              http.HandlerFunc
	}{
		"more than the envelope": {inTime, unchanged, begun("]}")},
		"a line break":           {inTime, unchanged, begun("\n")},
		"an encoding":            {inTime, zip, begun("")},
		"an encoding in a buffer that is copied": {inResult, zip, func(w http.ResponseWriter, r *http.Request) {
			problem.Respond(w, r, problem.Conflict)
		}},
		"an earlier attempt": {inBuffer, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(withHeader{httptest.NewRecorder(), w.Header()}, r)
				next.ServeHTTP(withHeader{httptest.NewRecorder(), w.Header()}, r)
			})
		}, func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, problem.Conflict) }},
	} {
		for arrangement, around := range arrangements {
			var l ledger
			w := overTheWire(t, around(l.responder())(c.buffer(c.within(c.h))))
			body := w.Body.String()
			if events, _ := l.told(); w.Code != 409 || !strings.HasPrefix(body, `{"type"`) || !json.Valid(w.Body.Bytes()) || events != 1 {
				t.Errorf("%s, within %s: the answer is %d %q with %d events, want the envelope of a 409 and one event", name, arrangement, w.Code, body, events)
			}
		}
	}
}

// zip encodes all that passes.
func zip(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		next.ServeHTTP(zipped{w, z}, r)
	})
}

type zipped struct {
	http.ResponseWriter
	z io.Writer
}

func (w zipped) Write(p []byte) (int, error) { return w.z.Write(p) }

// overTheWire gets the answer of a handler from a server, or fails the test if it
// does not arrive whole.
func overTheWire(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	w, err := fetch(h)
	if err != nil {
		t.Errorf("the answer is cut after %q: %v", w.Body, err)
	}
	return w
}

// fetch gets the answer of a handler from a server, as far as it arrives.
func fetch(h http.Handler) (*httptest.ResponseRecorder, error) {
	srv, w := httptest.NewServer(h), httptest.NewRecorder()
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err != nil {
		return w, err
	}
	defer resp.Body.Close()
	maps.Copy(w.Header(), resp.Header)
	w.WriteHeader(resp.StatusCode)
	_, err = io.Copy(w, resp.Body)
	return w, err
}

// A handler may try several parts, and pass on the failure of any of them. The hook
// gets that one.
func TestAnyOfSeveralPartsIsPassedOn(t *testing.T) {
	kinds := []problem.Kind{problem.Unavailable, problem.Timeout, problem.Unavailable}
	for _, how := range []string{"copied", "added"} {
		for sent := range kinds {
			for arrangement, around := range arrangements {
				var causes []error
				errs := quiet(func(ev *problem.Event) { causes = append(causes, ev.Cause) })
				failures := make([]error, len(kinds))
				w := overTheWire(t, around(errs)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					var parts []*httptest.ResponseRecorder
					for i, kind := range kinds {
						failures[i] = kind.New(strconv.Itoa(i))
						parts = append(parts, part(problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return failures[i] }), r))
					}
					if how == "copied" {
						passOn(w, parts[sent])
						return
					}
					adding(http.HandlerFunc(func(b http.ResponseWriter, _ *http.Request) { passOn(b, parts[sent]) })).ServeHTTP(w, r)
				})))
				want := http.StatusServiceUnavailable
				if sent == 1 {
					want = http.StatusGatewayTimeout
				}
				if w.Code != want || len(causes) != 1 || causes[0] != failures[sent] {
					t.Errorf("part %d, %s, within %s: the answer is %d and the hook gets %v, want %d and %v", sent, how, arrangement, w.Code, causes, want, failures[sent])
				}
			}
		}
	}
}

// withHeader is a buffer with the header that it is given.
type withHeader struct {
	http.ResponseWriter
	header http.Header
}

func (w withHeader) Header() http.Header { return w.header }

// A batch may use one buffer for all its parts.
func TestBufferThatIsUsedAgain(t *testing.T) {
	for arrangement, around := range arrangements {
		var l ledger
		w := overTheWire(t, around(l.responder())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			header := http.Header{}
			part(problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
				errorOf(problem.NotFound).ServeHTTP(withHeader{w, header}, r)
				return nil
			}), r)
			clear(header)
			b := httptest.NewRecorder()
			errorOf(problem.Conflict).ServeHTTP(withHeader{b, header}, r)
			maps.Copy(b.Header(), header)
			passOn(w, b)
		})))
		if events, _ := l.told(); w.Code != 409 || !strings.Contains(w.Body.String(), `"status":409`) || events != 1 {
			t.Errorf("within %s: the answer is %d %q with %d events, want the envelope of a 409 and one event", arrangement, w.Code, w.Body, events)
		}
	}
}

// stamping sets Cache-Control when the status is written.
type stamping struct{ http.ResponseWriter }

func (w stamping) WriteHeader(status int) {
	w.Header().Set("Cache-Control", "private")
	w.ResponseWriter.WriteHeader(status)
}

// A writer may change the header of an envelope on its way into a buffer.
func TestEnvelopeWhoseHeaderIsChanged(t *testing.T) {
	stamp := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(stamping{w}, r) })
	}
	for name, begin := range map[string]string{"nothing": "", "half an answer": `{"items":[1,2,`} {
		for buffer, in := range map[string]mw{"TimeoutHandler": inTime, "a buffer that is copied": again} {
			for arrangement, around := range arrangements {
				var l ledger
				w := overTheWire(t, around(l.responder())(in(stamp(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					io.WriteString(w, begin)
					problem.Respond(w, r, problem.Conflict)
				})))))
				if events, _ := l.told(); w.Code != 409 || !strings.HasPrefix(w.Body.String(), `{"type"`) || events != 1 {
					t.Errorf("%s in %s within %s: the answer is %d %q with %d events, want the envelope of a 409 and one event", name, buffer, arrangement, w.Code, w.Body, events)
				}
			}
		}
	}
}

// squeeze decides when the handler has returned, and then describes its own bytes, as
// compressors do.
func squeeze(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := httptest.NewRecorder()
		next.ServeHTTP(withHeader{held, w.Header()}, r)
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Etag", `"held"`)
		w.WriteHeader(held.Code)
		z := gzip.NewWriter(w)
		z.Write(held.Body.Bytes())
		z.Close()
	})
}

// When an envelope has been sent in the place of other bytes, the header of those does
// not stay: a writer further out may copy it later.
func TestHeaderOfBytesThatAreDropped(t *testing.T) {
	for arrangement, around := range arrangements {
		w := overTheWire(t, inTime(around(quiet(func(*problem.Event) {}))(squeeze(errorOf(problem.Conflict)))))
		if h := w.Header(); w.Code != 409 || h["Content-Encoding"] != nil || h["Etag"] != nil || !strings.HasPrefix(w.Body.String(), `{"type"`) {
			t.Errorf("within %s: the answer is %d %v %q, want the envelope alone", arrangement, w.Code, h, w.Body)
		}
	}
}

// A recoverer that swallows the panic of a cut does not make half an answer a whole one.
func TestCutThatIsSwallowed(t *testing.T) {
	swallow := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() { recover() }()
			next.ServeHTTP(w, r)
		})
	}
	half := problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		io.WriteString(w, `{"items":[1,2,`)
		return problem.Conflict
	})
	for name, outside := range map[string]mw{"a writer that hides": hiding, "TimeoutHandler": inTime, "nothing": func(h http.Handler) http.Handler { return h }} {
		for arrangement, around := range arrangements {
			var l ledger
			_, err := fetch(outside(around(l.responder())(swallow(half))))
			if events, _ := l.told(); err == nil || events != 1 {
				t.Errorf("within %s, and outside %s: half an answer arrives as a whole one, or there are %d events and not one", arrangement, name, events)
			}
		}
	}
}

// A part of an answer that has begun, or of a WebSocket, fails by itself.
func TestPartOfAnAnswerThatHasBegun(t *testing.T) {
	for name, h := range map[string]http.Handler{
		"an error":           errorOf(problem.NotFound),
		"an error in layers": middleware.Chain(middleware.Recover(), middleware.Rewrite())(errorOf(problem.NotFound)),
		"a text":             middleware.Rewrite()(http.NotFoundHandler()),
		"no handler":         http.HandlerFunc(middleware.NotFound),
		"too large":          middleware.LimitBody(1)(http.NotFoundHandler()),
		"too many":           middleware.LimitInFlight(middleware.InFlightConfig{Max: -1})(http.NotFoundHandler()),
	} {
		for arrangement, around := range arrangements {
			var l ledger
			w := overTheWire(t, around(l.responder())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, "[")
				r.ContentLength = 2
				b := part(h, r)
				if b.Code < 400 || !strings.HasPrefix(b.Body.String(), `{"type"`) {
					t.Errorf("%s within %s: the part is %d %q, want an envelope", name, arrangement, b.Code, b.Body)
				}
				io.WriteString(w, "]")
			})))
			if events, lines := l.told(); w.Code != 200 || w.Body.String() != "[]" || events != 0 || lines != 1 {
				t.Errorf("%s within %s: the answer is %d %q with %d events and %d log lines, want 200 [], none and one", name, arrangement, w.Code, w.Body, events, lines)
			}
		}
	}
	srv := httptest.NewServer(whole(quiet(func(*problem.Event) {}))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		b := part(http.HandlerFunc(middleware.NotFound), r)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"+strconv.Itoa(b.Code))
	})))
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != "404" {
		t.Errorf("over the hijacked connection comes %q, want the status of the part", body)
	}
}

// Each part that exits its goroutine gets an envelope.
func TestPartsThatExit(t *testing.T) {
	var l ledger
	exit := middleware.Recover()(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() }))
	overTheWire(t, whole(l.responder())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := range 2 {
			var wg sync.WaitGroup
			var b *httptest.ResponseRecorder
			wg.Go(func() {
				b = httptest.NewRecorder()
				exit.ServeHTTP(b, r.WithContext(context.WithoutCancel(r.Context())))
			})
			wg.Wait()
			if b.Code != 500 || !strings.HasPrefix(b.Body.String(), `{"type"`) {
				t.Errorf("part %d gets %d %q, want the envelope of a 500", i, b.Code, b.Body)
			}
		}
		io.WriteString(w, "[]")
	})))
}

// A text in a buffer makes way for a later error, whoever stands in between.
func TestErrorAfterATextInABuffer(t *testing.T) {
	for name, between := range map[string]mw{"Recover": middleware.Recover(), "Rewrite": middleware.Rewrite(), "nothing": func(h http.Handler) http.Handler { return h }} {
		for arrangement, around := range arrangements {
			var l ledger
			w := overTheWire(t, around(l.responder())(inTime(between(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.Error(w, "no", 400)
				problem.Respond(w, r, problem.Conflict)
			})))))
			if events, _ := l.told(); w.Code != 409 || !strings.HasPrefix(w.Body.String(), `{"type"`) || events != 1 {
				t.Errorf("%s within %s: the answer is %d %q with %d events, want the envelope of a 409 and one event", name, arrangement, w.Code, w.Body, events)
			}
		}
	}
}
