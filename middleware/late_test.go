package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// asked returns the answer of h as a client of a real server reads it.
func asked(t *testing.T, h http.Handler) (status int, body string, err error) {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	r, err := http.NewRequest("POST", s.URL, strings.NewReader("1"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Debug", "true") // so a responder may want to see the body
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

// A goroutine that outlives its handler may respond with an error. That is too late. It must
// neither cut the answer of the handler nor panic, because nothing recovers from that panic.
func TestErrorAfterTheHandlerHasReturned(t *testing.T) {
	for name, around := range map[string]func(*problem.Responder) mw{
		"Standard": whole, "its parts, split": split,
		"Observe around Standard": func(p *problem.Responder) mw {
			return middleware.Chain(middleware.Observe(func(*http.Request, *middleware.Summary) {}), whole(p))
		},
		"Timeout around Standard": func(p *problem.Responder) mw {
			return middleware.Chain(middleware.Timeout(time.Minute), whole(p))
		},
		"a responder": func(p *problem.Responder) mw { return p.Handler },
		"LimitBody around a responder": func(p *problem.Responder) mw {
			return middleware.Chain(middleware.LimitBody(1), p.Handler)
		},
		"Rewrite around a responder": func(p *problem.Responder) mw {
			return middleware.Chain(middleware.Rewrite(), p.Handler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, said := range []string{"whole", ""} {
				errorAfterTheHandlerHasReturned(t, around, said)
			}
		})
	}
}

func errorAfterTheHandlerHasReturned(t *testing.T, around func(*problem.Responder) mw, said string) {
	var l ledger
	returned, ended := make(chan bool), make(chan any, 1)
	app := around(l.responder())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go func() {
			defer func() { ended <- recover() }()
			<-returned
			problem.Respond(w, r, problem.Conflict)
		}()
		if said != "" {
			io.WriteString(w, said)
		}
	}))
	status, body, err := asked(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(returned)
		app.ServeHTTP(w, r)
	}))
	value := <-ended
	if events, lines := l.told(); value != nil || status != 200 || body != said || err != nil || events != 0 || lines != 1 {
		t.Errorf("the answer is %d %q, %v, the goroutine panics with %v, there are %d events and %d log lines; want 200 %q, no panic and one line", status, body, err, value, events, lines, said)
	}
}

func TestErrorWhileTheObserverLooks(t *testing.T) {
	returned, ended := make(chan bool), make(chan any)
	observe := middleware.Observe(func(_ *http.Request, s *middleware.Summary) {
		close(returned)
		if value := <-ended; value != nil || s.Aborted {
			t.Errorf("the goroutine panics with %v, and Aborted is %t, want no panic and false", value, s.Aborted)
		}
	})
	status, body, err := asked(t, middleware.Chain(observe, whole(silent()))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go func() {
			defer func() { ended <- recover() }()
			<-returned
			problem.Respond(w, r, problem.Conflict)
		}()
		io.WriteString(w, "whole")
	})))
	if status != 200 || body != "whole" || err != nil {
		t.Errorf("the answer is %d %q, %v, want 200 whole", status, body, err)
	}
}

// A middleware around a handler that has written nothing may still answer, also through a
// buffer.
func TestAnswerInABufferAfterAHandlerWithoutWords(t *testing.T) {
	notFound := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return problem.NotFound })
	fallback := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			inTime(notFound).ServeHTTP(w, r)
		})
	}
	app := middleware.Chain(silent().Handler, fallback, middleware.Recover())(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	if status, body, err := asked(t, app); status != 404 || err != nil || !strings.Contains(body, `"status":404`) {
		t.Errorf("the answer is %d %q, %v, want the envelope of the 404", status, body, err)
	}
}

// A handler may respond on the writer that the middlewares wrap.
func TestAnswerOnTheWriterBeneath(t *testing.T) {
	errs := silent()
	status, body, err := asked(t, http.HandlerFunc(func(outer http.ResponseWriter, r *http.Request) {
		whole(errs)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for i := range 9 {
				w.Header().Set(fmt.Sprint("X-", i), "1")
			}
			problem.Respond(outer, r, problem.Conflict)
		})).ServeHTTP(outer, r)
	}))
	if status != 409 || err != nil || strings.Count(body, `"type"`) != 1 {
		t.Errorf("the answer is %d %q, %v, want one envelope", status, body, err)
	}
}

func TestExitAfterAnAnswerBehindAWriterThatHides(t *testing.T) {
	status, body, err := asked(t, split(silent())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		problem.Respond(w, r, problem.Conflict)
		runtime.Goexit()
	})))
	if status != 409 || err != nil || body == "" {
		t.Errorf("the answer is %d %q, %v, want the envelope that was sent before the exit", status, body, err)
	}
}

// selfish is an error whose Error method panics with the error itself.
type selfish struct{}

func (s selfish) Error() string { panic(s) }

// comparing is an error whose Is method panics with a selfish error.
type comparing struct{}

func (comparing) Error() string { return "comparing" }
func (comparing) Is(error) bool { panic(selfish{}) }

func TestErrorsWhoseMethodsPanic(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		h    problem.HandlerFunc
		want int
	}{
		"a panic of a client that left": {gone, func(http.ResponseWriter, *http.Request) error { panic(comparing{}) }, 500},
		"a cause that is nil": {t.Context(), func(http.ResponseWriter, *http.Request) error {
			return problem.PayloadTooLarge.Wrap((*fs.PathError)(nil), "")
		}, 413},
	} {
		var l ledger
		w := httptest.NewRecorder()
		whole(l.responder())(c.h).ServeHTTP(w, httptest.NewRequestWithContext(c.ctx, "POST", "/", nil))
		if _, lines := l.told(); w.Code != c.want || lines != 1 {
			t.Errorf("%s is answered %d with %d lines in the log, want %d and one", name, w.Code, lines, c.want)
		}
	}
}

// Over HTTP/2, net/http gives away what is beneath a writer as soon as the handler has
// returned.
func TestErrorOverHTTP2AfterTheHandlerHasReturned(t *testing.T) {
	for name, c := range map[string]struct {
		inner mw
		fail  http.HandlerFunc
	}{
		"on its writer": {middleware.Chain(), func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, errors.New("lost")) }},
		"in a buffer":   {inTime, func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, errors.New("lost")) }},
		"by a panic":    {middleware.Chain(), func(http.ResponseWriter, *http.Request) { panic("lost") }},
		"by an exit":    {middleware.Chain(), func(http.ResponseWriter, *http.Request) { runtime.Goexit() }},
		"by a sentinel": {middleware.Chain(), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	} {
		var l ledger
		answered, ended := make(chan bool), make(chan any, 1)
		srv := httptest.NewUnstartedServer(whole(l.responder())(c.inner(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				begun := make(chan bool)
				go func() {
					defer func() { ended <- recover() }()
					middleware.Recover()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						close(begun)
						<-answered
						<-r.Context().Done()
						c.fail(w, r)
					})).ServeHTTP(w, r)
				}()
				<-begun
			}
			io.WriteString(w, "whole")
		}))))
		srv.EnableHTTP2 = true
		srv.StartTLS()
		for _, method := range []string{"POST", "GET"} { // the writer of the first is given to the second
			r, err := http.NewRequest(method, srv.URL, strings.NewReader("some"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := srv.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if string(body) != "whole" || err != nil {
				t.Errorf("%s: %q (%v), want the whole answer", name, body, err)
			}
		}
		close(answered)
		value, sentinel := <-ended, strings.HasSuffix(name, "sentinel")
		if value != nil && !sentinel || strings.Contains(l.text(), "request failed after") == sentinel {
			t.Errorf("%s: a panic with %v, and the log %s; want the error in the log", name, value, l.text())
		}
		srv.Close()
	}
}
