package middleware_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

func TestTimeoutAnswersForHandlersThatWriteNothing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		h      problem.HandlerFunc
		status int
	}{
		{"nothing", func(_ http.ResponseWriter, r *http.Request) error { <-r.Context().Done(); return nil }, 504},
		{"the error", func(_ http.ResponseWriter, r *http.Request) error { <-r.Context().Done(); return r.Context().Err() }, 504},
		{"a late status", func(w http.ResponseWriter, r *http.Request) error {
			<-r.Context().Done()
			w.WriteHeader(204)
			return nil
		}, 204},
		{"an error of its own", func(_ http.ResponseWriter, r *http.Request) error { <-r.Context().Done(); return problem.Gone }, 410},
		{"in time", func(http.ResponseWriter, *http.Request) error { time.Sleep(time.Second - 1); return nil }, 200},
		{"nothing, long past the deadline", func(http.ResponseWriter, *http.Request) error { time.Sleep(time.Hour); return nil }, 504},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := middleware.Chain(middleware.Standard(quiet(func(*problem.Event) {})), middleware.Timeout(time.Second))(tt.h)
				if w := serve(h, "GET"); w.Code != tt.status {
					t.Errorf("the status is %d, want %d", w.Code, tt.status)
				}
			})
		})
	}
}

func TestTimeoutKnowsItsOwnDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("somebody else's"))
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
		w := httptest.NewRecorder()
		middleware.Timeout(time.Minute)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		})).ServeHTTP(w, r)
		if w.Body.Len() > 0 {
			t.Errorf("the answer is %d %q, want none, because Timeout has not set the deadline", w.Code, w.Body)
		}
	})
}

func TestTimeoutSkipsAndMayBeNone(t *testing.T) {
	seen := func(mw func(http.Handler) http.Handler) (has bool) {
		serve(mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, has = r.Context().Deadline() })), "GET")
		return has
	}
	no := func(*http.Request) bool { return false }
	yes := func(*http.Request) bool { return true }
	for name, tt := range map[string]struct {
		mw   func(http.Handler) http.Handler
		want bool
	}{
		"a minute": {middleware.Timeout(time.Minute), true}, "none": {middleware.Timeout(0), false},
		"negative": {middleware.Timeout(-1), false}, "skipped": {middleware.Timeout(time.Minute, no, yes), false},
		"not skipped": {middleware.Timeout(time.Minute, no, no), true},
	} {
		if got := seen(tt.mw); got != tt.want {
			t.Errorf("%s: the handler has a deadline %t, want %t", name, got, tt.want)
		}
	}
}

// The context ends with the handler, so that work which the handler has started ends, too.
func TestTimeoutEndsTheContextWithTheHandler(t *testing.T) {
	var ctx context.Context
	serve(middleware.Timeout(time.Minute)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { ctx = r.Context() })), "GET")
	if err := ctx.Err(); !errors.Is(err, context.Canceled) {
		t.Errorf("afterwards the context has the error %v, want it cancelled", err)
	}
}

func TestLimitBodyRefusesWhatDeclaresMoreUnread(t *testing.T) {
	h := middleware.Chain(silent().Handler, middleware.LimitBody(1))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for body, want := range map[string]int{"x": 200, "xx": 413} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader(body)))
		if w.Code != want {
			t.Errorf("for a handler that reads nothing, %q is answered with %d, want %d", body, w.Code, want)
		}
	}
}

// Handlers and proxies compare the body with nil and http.NoBody.
func TestLimitBodyLeavesNoBodyAsItIs(t *testing.T) {
	for _, body := range []io.ReadCloser{nil, http.NoBody} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Body = body
		middleware.LimitBody(1)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.Body != body {
				t.Errorf("the handler is given the body %v, want %v", r.Body, body)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
}

func TestLimitBodyOfNothing(t *testing.T) {
	for _, n := range []int64{0, -1} {
		read := problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
			_, err := io.ReadAll(r.Body)
			return err
		})
		h := middleware.Chain(middleware.Standard(quiet(func(*problem.Event) {})), middleware.LimitBody(n))(read)
		for body, want := range map[string]int{"": 200, "x": 413} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader(body)))
			if w.Code != want {
				t.Errorf("LimitBody(%d) answers %q with %d, want %d", n, body, w.Code, want)
			}
		}
	}
}

func TestPlacesInFlightAreGivenBackHoweverAHandlerLeaves(t *testing.T) {
	const places = 3
	running, goOn := make(chan struct{}), make(chan struct{})
	h := middleware.Chain(
		middleware.Standard(quiet(func(*problem.Event) {})),
		middleware.LimitInFlight(middleware.InFlightConfig{Max: places}),
	)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case "PANIC":
			panic("boom")
		case "CUT":
			panic(http.ErrAbortHandler)
		case "WAIT":
			running <- struct{}{}
			<-goOn
		}
	}))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 50 {
				func() {
					defer func() { recover() }()
					serve(h, []string{"PANIC", "CUT", "GET"}[rand.IntN(3)])
				}()
			}
		})
	}
	wg.Wait()
	for range places {
		wg.Go(func() { serve(h, "WAIT") })
	}
	for range places {
		<-running
	}
	w := serve(h, "GET")
	if w.Code != 503 || w.Header().Get("Retry-After") != "1" {
		t.Errorf("one too many is answered %d %v, want a 503 with Retry-After 1", w.Code, w.Header())
	}
	for range places {
		goOn <- struct{}{}
	}
	wg.Wait()
	if w := serve(h, "GET"); w.Code != 200 {
		t.Errorf("afterwards the answer is %d, want 200", w.Code)
	}
}

func TestNumberOfPlaces(t *testing.T) {
	for limit, want := range map[int]int{0: 1024, 1: 1, 7: 7, math.MaxInt: 2000} {
		var h http.Handler
		served := 0
		h = middleware.Chain(silent().Handler, middleware.LimitInFlight(middleware.InFlightConfig{Max: limit}))(http.HandlerFunc(
			func(http.ResponseWriter, *http.Request) {
				if served++; served < 2000 {
					serve(h, "GET")
				}
			}))
		if serve(h, "GET"); served != want {
			t.Errorf("with a Max of %d, %d requests are served at once, want %d", limit, served, want)
		}
	}
}

func TestNegativeNumberOfPlacesRefusesAll(t *testing.T) {
	h := middleware.LimitInFlight(middleware.InFlightConfig{Max: -1, RetryAfter: time.Minute})(http.NotFoundHandler())
	if w := serve(middleware.Standard(quiet(func(*problem.Event) {}))(h), "GET"); w.Code != 503 || w.Header().Get("Retry-After") != "60" {
		t.Errorf("the answer is %d %v, want a 503 with Retry-After 60", w.Code, w.Header())
	}
}

func TestNotFoundAndMethodNotAllowedAreHandlers(t *testing.T) {
	if w := serve(http.HandlerFunc(middleware.NotFound), "GET"); w.Code != 404 {
		t.Errorf("NotFound answers %d, want 404", w.Code)
	}
	w := serve(http.HandlerFunc(middleware.MethodNotAllowed), "GET")
	if allow, ok := w.Header()["Allow"]; w.Code != 405 || !ok || allow[0] != "" {
		t.Errorf("MethodNotAllowed answers %d with Allow %q, want 405 and an empty Allow", w.Code, allow)
	}
}

func TestObserveContainsItsFunctionAndKeepsInventedMethodsOut(t *testing.T) {
	var methods []string
	h := middleware.Observe(func(_ *http.Request, s *middleware.Summary) {
		methods = append(methods, s.Method)
		panic("observer")
	})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "fine") }))
	var log strings.Builder
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(old)
	known := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"}
	for _, method := range append(known, "EVIL\x00") {
		r := httptest.NewRequest("GET", "/", nil)
		r.Method = method
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Body.String() != "fine" {
			t.Errorf("the answer is %q, want fine", w.Body)
		}
	}
	if want := append(known, "_OTHER"); !slices.Equal(methods, want) {
		t.Errorf("the methods are %q, want %q", methods, want)
	}
	if n := strings.Count(log.String(), "value=observer"); n != len(methods) {
		t.Errorf("the log is %s with %d panics, want %d", &log, n, len(methods))
	}
}

func TestObserveSeesWhatNobodyRecovers(t *testing.T) {
	var got *middleware.Summary
	h := middleware.Observe(func(_ *http.Request, s *middleware.Summary) { got = s })(http.HandlerFunc(
		func(http.ResponseWriter, *http.Request) { panic("boom") }))
	func() {
		defer func() {
			if value := recover(); value != "boom" {
				t.Errorf("Observe lets %v through, want boom", value)
			}
		}()
		serve(h, "GET")
	}()
	if got == nil || !got.Aborted || got.Failed {
		t.Errorf("the summary is %+v, want it aborted, with no error answered", got)
	}
}
