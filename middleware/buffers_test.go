package middleware_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
)

// ledger writes down all that a responder tells.
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

func (l *ledger) responder() *problem.Responder {
	return problem.New(problem.Config{
		Logger: slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})),
		OnError: func(context.Context, *problem.Event) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.events++
		},
	})
}

type mw = func(http.Handler) http.Handler

// whole is Standard; split is its parts, with a foreign writer among them.
func whole(p *problem.Responder) mw { return middleware.Standard(p) }

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

// again keeps an answer in a buffer, and has another one made after a 5xx.
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

// adding copies its header with Add.
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

// Of all that is said into buffers, one envelope reaches the client, and one event
// the hook.
func TestEnvelopeFromABuffer(t *testing.T) {
	unavailable := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return problem.Unavailable })
	for name, c := range map[string]struct {
		buffer mw
		h      http.HandlerFunc
		want   int
	}{
		"a second attempt": {again, unavailable.ServeHTTP, 503},
		"an error after an answer, by http.Error": {inTime, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"items":[1,2,`)
			problem.Respond(w, r, problem.Conflict)
			http.Error(w, "pq: secret", 500)
		}, 409},
		"a panic after an answer": {inTime, func(w http.ResponseWriter, r *http.Request) {
			problem.Respond(w, r, problem.NotFound)
			panic("boom")
		}, 404},
		"a header that is added": {adding, func(w http.ResponseWriter, r *http.Request) {
			problem.Respond(w, r, problem.Conflict)
		}, 409},
		"and that has many fields": {adding, func(w http.ResponseWriter, r *http.Request) {
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
				t.Errorf("%s, %s: %d %q and %d events, want one envelope of %d and one event", name, arrangement, w.Code, w.Body, events, c.want)
			}
		}
	}
}

// A cache may have a better answer than the envelope that it was given, and only an
// answer that looks like the envelope is taken for that.
func TestAnotherAnswerInThePlaceOfAnEnvelope(t *testing.T) {
	for name, header := range map[string]map[string]string{
		"nothing in common": {"Cache-Control": "public", "Content-Type": "text/html"},
		"the same cache":    {"Cache-Control": "no-store", "Content-Type": "text/html"},
		"the same type":     {"Cache-Control": "no-cache", "Content-Type": "application/problem+json"},
		"but for a length":  {"Cache-Control": "no-store", "Content-Type": "application/problem+json", "Content-Length": "5"},
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
				t.Errorf("%s, %s: %d %q with %d events and %d lines, want the stale answer and one line", name, arrangement, w.Code, w.Body, events, lines)
			}
		}
	}
}

// The parts of a batch have a buffer each, and do not know of each other.
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

// deadline is a timeout as programs write it: the rest runs on another goroutine,
// with a buffer of its own, and what comes late is forgotten.
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

// A handler and its deadline answer at the same moment, on two goroutines. One of
// them is heard, and both are in the log.
func TestHandlerAndItsDeadlineAnswerAtOnce(t *testing.T) {
	timeouts := map[string]mw{
		"http.TimeoutHandler":           func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Millisecond, "") },
		"one that responds":             deadline(time.Millisecond, func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, problem.Timeout) }),
		"one that leaves without words": deadline(time.Millisecond, func(http.ResponseWriter, *http.Request) {}),
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
				silent := name == "one that leaves without words" && w.Code == 200
				if !silent && (w.Code < 500 || w.Body.Len() == 0 || events != 1) || lines == 0 {
					t.Fatalf("%s, %s: %d %q, %d events and %d lines, want one envelope and one event", name, arrangement, w.Code, w.Body, events, lines)
				}
			}
		}
	}
}

// A client that has left gets nothing, and nobody is told, however many fields
// other middlewares have set.
func TestClientThatLeftIsNoEvent(t *testing.T) {
	for _, n := range []int{0, 7, 8, 12} {
		var l ledger
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		h := whole(l.responder())(problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			for i := range n {
				w.Header().Set(fmt.Sprint("X-", i), "1")
			}
			return r.Context().Err()
		}))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
		if events, lines := l.told(); events != 0 || lines != 1 {
			t.Errorf("with %d fields a client that left is %d events and %d lines of the log, want 0 and 1", n, events, lines)
		}
	}
}

// Nobody passes on what a responder has put into a buffer, and there is nobody but
// the responder around.
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
			t.Errorf("within %s: %d %q and %d events, want the envelope and one event", name, w.Code, w.Body, events)
		}
	}
}
