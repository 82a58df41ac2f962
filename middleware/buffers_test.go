package middleware_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
)

// ledger records the log lines and the events of a responder.
type ledger struct {
	mu     sync.Mutex
	log    strings.Builder
	events int
}

func (l *ledger) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.Write(p)
}

func (l *ledger) told() (events, lines int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events, strings.Count(l.log.String(), "level=")
}

func (l *ledger) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.String()
}

func (l *ledger) responder(style ...problem.Style) *problem.Responder {
	return problem.New(problem.Config{
		Style:  append(style, problem.Style{})[0],
		Logger: slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Debug:  func(*http.Request) bool { return true },
		OnError: func(context.Context, *problem.Event) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.events++
		},
	})
}

type mw = func(http.Handler) http.Handler

func whole(p *problem.Responder) mw { return middleware.Standard(p) }

// split is the chain that Standard is made of, with a foreign writer in it.
func split(p *problem.Responder) mw {
	ids, err := requestid.New(requestid.Config{})
	if err != nil {
		panic(err)
	}
	return middleware.Chain(ids.Handler, hiding, p.Handler, middleware.Recover(), middleware.Rewrite())
}

var arrangements = map[string]func(*problem.Responder) mw{
	"Standard":                       whole,
	"Standard, and a foreign writer": func(p *problem.Responder) mw { return middleware.Chain(whole(p), hiding) },
	"its parts, split":               split,
}

func passOn(w http.ResponseWriter, b *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), b.Header())
	w.WriteHeader(b.Code)
	w.Write(b.Body.Bytes())
}

// again keeps the answer in a buffer, and calls the handler again after a 5xx.
func again(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := httptest.NewRecorder()
		if next.ServeHTTP(b, r); b.Code >= 500 {
			b = httptest.NewRecorder()
			next.ServeHTTP(b, r)
		}
		passOn(w, b)
	})
}

// adding copies the header from its buffer with Add.
func adding(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := httptest.NewRecorder()
		next.ServeHTTP(b, r)
		for key, lines := range b.Header() {
			for _, line := range lines {
				w.Header().Add(key, line)
			}
		}
		w.WriteHeader(b.Code)
		w.Write(b.Body.Bytes())
	})
}

// A handler may answer several times into buffers. The client gets one envelope, and the hook
// one event.
func TestEnvelopeFromABuffer(t *testing.T) {
	unavailable := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return problem.Unavailable })
	for name, c := range map[string]struct {
		buffer mw
		h      http.HandlerFunc
		want   int
	}{
		"a second attempt": {again, unavailable.ServeHTTP, 503},
		"after a status without a body": {func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(204)
				again(next).ServeHTTP(w, r)
			})
		}, unavailable.ServeHTTP, 503},
		"an error after an answer, by http.Error": {inTime, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"items":[1,2,`)
			problem.Respond(w, r, problem.Conflict)
			http.Error(w, "pq: secret", 500)
		}, 409},
		"a panic after an answer": {inTime, func(w http.ResponseWriter, r *http.Request) {
			problem.Respond(w, r, problem.NotFound)
			panic("boom")
		}, 404},
		"an abort after an answer": {inTime, func(w http.ResponseWriter, r *http.Request) {
			problem.Respond(w, r, problem.NotFound)
			panic(http.ErrAbortHandler)
		}, 404},
		"a panic after an answer in another buffer": {again, func(w http.ResponseWriter, r *http.Request) {
			problem.Respond(w, r, problem.NotFound)
			panic("boom")
		}, 500},
		"a buffer whose header is copied by Add": {adding, func(w http.ResponseWriter, r *http.Request) {
			problem.Respond(w, r, problem.Conflict)
		}, 409},
		"a buffer whose header has many fields": {adding, func(w http.ResponseWriter, r *http.Request) {
			for i := range 6 {
				w.Header().Set(fmt.Sprint("X-", i), "1")
			}
			problem.Respond(w, r, problem.Conflict)
		}, 409},
	} {
		for arrangement, around := range arrangements {
			var l ledger
			w := serve(around(l.responder())(c.buffer(c.h)), "GET")
			events, _ := l.told()
			if w.Code != c.want || events != 1 || strings.Count(w.Body.String(), `"status":`) != 1 || strings.Contains(w.Body.String(), "secret") {
				t.Errorf("%s, within %s: the answer is %d %q with %d events, want one envelope of %d and one event", name, arrangement, w.Code, w.Body, events, c.want)
			}
		}
	}
}

// A Recover within http.TimeoutHandler sends nothing past its buffer.
func TestRecoverWithinABufferLeavesTheWireAlone(t *testing.T) {
	b := httptest.NewRecorder()
	inner := middleware.Recover()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		problem.Respond(w, r, problem.NotFound)
		panic("boom")
	}))
	whole(quiet(func(*problem.Event) {}))(inTime(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r)
		if b.Body.Len() > 0 {
			t.Errorf("%q is sent while the buffer is not passed on yet", b.Body)
		}
	}))).ServeHTTP(b, httptest.NewRequest("GET", "/", nil))
	if b.Code != 404 || b.Body.Len() == 0 {
		t.Errorf("the answer is %d %q, want the envelope of a 404", b.Code, b.Body)
	}
}

// A cache may send a stale answer instead of the envelope that it got. Only an answer that
// looks like the envelope is taken for the envelope.
func TestAnotherAnswerInThePlaceOfAnEnvelope(t *testing.T) {
	for name, header := range map[string]map[string]string{
		"nothing in common": {"Cache-Control": "public", "Content-Type": "text/html"},
		"the same cache":    {"Cache-Control": "no-store", "Content-Type": "text/html"},
		"the same type":     {"Cache-Control": "no-cache", "Content-Type": "application/problem+json"},
		"another length":    {"Cache-Control": "no-store", "Content-Type": "application/problem+json", "Content-Length": "5"},
	} {
		stale := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(httptest.NewRecorder(), r)
				for key, value := range header {
					w.Header().Set(key, value)
				}
				io.WriteString(w, "stale")
			})
		}
		for arrangement, around := range arrangements {
			var l ledger
			w := serve(around(l.responder())(stale(problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return problem.NotFound }))), "GET")
			if events, lines := l.told(); w.Code != 200 || w.Body.String() != "stale" || events != 0 || lines != 1 {
				t.Errorf("%s, within %s: the answer is %d %q with %d events and %d log lines, want the stale answer and one line", name, arrangement, w.Code, w.Body, events, lines)
			}
		}
	}
}

// In a batch each part has its own buffer, and gets its own envelope.
func TestEachBufferGetsItsEnvelope(t *testing.T) {
	part := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return problem.NotFound })
	var l ledger
	w := serve(whole(l.responder())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := range 2 {
			b := httptest.NewRecorder()
			part.ServeHTTP(b, r)
			if b.Code != 404 || b.Body.Len() == 0 {
				t.Errorf("part %d is answered %d %q, want the envelope of a 404", i, b.Code, b.Body)
			}
		}
		io.WriteString(w, "[]")
	})), "GET")
	if w.Code != 200 || w.Body.String() != "[]" {
		t.Errorf("the whole is %d %q, want 200 []", w.Code, w.Body)
	}
}

// deadline is a timeout as many programs have one: the handler runs on another goroutine and
// answers into a buffer, which is dropped if the handler is too slow.
func deadline(d time.Duration, late http.HandlerFunc) mw {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), d)
			defer cancel()
			b, done := httptest.NewRecorder(), make(chan struct{})
			go func() {
				defer func() { recover(); close(done) }()
				next.ServeHTTP(b, r.WithContext(ctx))
			}()
			select {
			case <-done:
				passOn(w, b)
			case <-ctx.Done():
				late(w, r)
			}
		})
	}
}

// A handler and its timeout answer at the same moment, on two goroutines. One of the answers
// is sent, and the failure is in the log.
func TestHandlerAndItsDeadlineAnswerAtOnce(t *testing.T) {
	timeouts := map[string]mw{
		"http.TimeoutHandler":         func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Millisecond, "") },
		"a timeout that responds":     deadline(time.Millisecond, func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, problem.Timeout) }),
		"a timeout without an answer": deadline(time.Millisecond, func(http.ResponseWriter, *http.Request) {}),
	}
	for name, timeout := range timeouts {
		for arrangement, around := range arrangements {
			for range 40 {
				var l ledger
				ended := make(chan struct{})
				w := serve(around(l.responder())(timeout(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					defer close(ended)
					problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
						<-r.Context().Done()
						return r.Context().Err()
					}).ServeHTTP(w, r)
				}))), "GET")
				<-ended
				events, lines := l.told()
				silent := name == "a timeout without an answer" && w.Code == 200
				if !silent && (w.Code < 500 || w.Body.Len() == 0 || events != 1) || lines == 0 {
					t.Fatalf("%s, within %s: the answer is %d %q with %d events and %d log lines, want one envelope and one event", name, arrangement, w.Code, w.Body, events, lines)
				}
			}
		}
	}
}

// http.TimeoutHandler writes a 503 when the client has left.
func TestClientThatLeavesATimeoutHandlerIsNoEvent(t *testing.T) {
	for arrangement, around := range arrangements {
		var l ledger
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		h := around(l.responder())(inTime(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
				cancel()
				<-r.Context().Done()
				return r.Context().Err()
			}).ServeHTTP(w, r)
		})))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
		<-ended
		if events, lines := l.told(); events != 0 || lines == 0 || strings.Contains(l.text(), "level=ERROR") {
			t.Errorf("%s: %d events and the log\n%swant no event and no error", arrangement, events, l.text())
		}
	}
}

// OnError gets the request of the part that has failed, and not the request around it.
func TestPlainTextErrorOfAPart(t *testing.T) {
	var paths []string
	errs := quiet(func(ev *problem.Event) { paths = append(paths, ev.Request.URL.Path) })
	w := serve(whole(errs)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := httptest.NewRecorder()
		middleware.Rewrite()(http.NotFoundHandler()).ServeHTTP(b, httptest.NewRequestWithContext(r.Context(), "GET", "/part", nil))
		passOn(w, b)
	})), "GET")
	if w.Code != 404 || !slices.Equal(paths, []string{"/part"}) {
		t.Errorf("%d, and OnError gets %q, want a 404 of /part", w.Code, paths)
	}
}

// A client that has left gets no answer, and the hook is not called, however many header
// fields other middlewares have set.
func TestClientThatLeftIsNoEvent(t *testing.T) {
	for _, n := range []int{0, 7, 8, 12, -1} {
		var l ledger
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		around := whole(l.responder())
		if n < 0 {
			around = middleware.Chain(around, again)
		}
		h := around(problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			for i := range max(n, 0) {
				w.Header().Set(fmt.Sprint("X-", i), "1")
			}
			return r.Context().Err()
		}))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
		if events, lines := l.told(); events != 0 || lines != 1 {
			t.Errorf("with %d fields, a client that left causes %d events and %d log lines, want 0 and 1", n, events, lines)
		}
	}
}

// If the buffer with an envelope is dropped, the responder sends the envelope itself.
func TestEnvelopeInABufferThatIsForgotten(t *testing.T) {
	for name, around := range map[string]func(*problem.Responder) mw{
		"a responder": func(p *problem.Responder) mw { return p.Handler },
		"Rewrite":     func(p *problem.Responder) mw { return middleware.Chain(p.Handler, middleware.Rewrite()) },
		"Recover":     func(p *problem.Responder) mw { return middleware.Chain(p.Handler, middleware.Recover()) },
	} {
		var l ledger
		w := serve(around(l.responder())(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			problem.Respond(httptest.NewRecorder(), r, problem.Unavailable)
		})), "GET")
		if events, _ := l.told(); w.Code != 503 || events != 1 {
			t.Errorf("within %s the answer is %d %q with %d events, want the envelope and one event", name, w.Code, w.Body, events)
		}
	}
}
