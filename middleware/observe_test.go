package middleware_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

func silent() *problem.Responder { return quiet(func(*problem.Event) {}) }

// copying is a router that sets the pattern of a copy of the request, as chi does.
func copying(pattern string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(r.Context())
		r.Pattern = pattern
		h.ServeHTTP(w, r)
	})
}

func TestPatternIsReportedByTheInnermostLayer(t *testing.T) {
	plain := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	ours := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })
	failing := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return problem.NotFound })
	panicking := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { panic("boom") })
	valid := validate.HandlerFunc(nil, func(http.ResponseWriter, *http.Request, struct{}) error { return nil })
	mux := func(pattern string, h http.Handler) http.Handler {
		m := http.NewServeMux()
		m.Handle(pattern, h)
		return m
	}
	timeout := middleware.Timeout(time.Minute)
	for name, tt := range map[string]struct {
		h    http.Handler
		want string
	}{
		"a mux":                                  {mux("/x/{id}", plain), "/x/{id}"},
		"a mux behind a deadline":                {timeout(mux("/x/{id}", ours)), "/x/{id}"},
		"a copying router, a handler of ours":    {copying("/x/{id}", ours), "/x/{id}"},
		"a copying router, a failure":            {copying("/x/{id}", failing), "/x/{id}"},
		"a copying router, a panic":              {copying("/x/{id}", panicking), "/x/{id}"},
		"a copying router, a validated handler":  {copying("/x/{id}", valid), "/x/{id}"},
		"a copying router, a layer on the route": {copying("/x/{id}", timeout(plain)), "/x/{id}"},
		"a copying router, a limit on the route": {copying("/x/{id}", middleware.LimitBody(10)(plain)), "/x/{id}"},
		"a copying router, a plain handler":      {copying("/x/{id}", plain), ""},
		"two copying routers":                    {copying("/x/*", copying("/x/{id}", ours)), "/x/{id}"},
		"a mux around a copying router":          {mux("/x/", copying("/x/{id}", ours)), "/x/{id}"},
		"a mux around a copying router, plain":   {mux("/x/", copying("/x/{id}", plain)), "/x/"},
		"http.TimeoutHandler":                    {http.TimeoutHandler(copying("/x/{id}", ours), time.Minute, ""), "/x/{id}"},
		"no route":                               {mux("/y", ours), ""},
	} {
		var got []string
		observe := middleware.Observe(func(_ *http.Request, s *middleware.Summary) { got = append(got, s.Pattern) })
		app := middleware.Chain(observe, middleware.Standard(silent()))(tt.h)
		app.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x/1", nil))
		if !slices.Equal(got, []string{tt.want}) {
			t.Errorf("%s: the pattern is %q, want %q", name, got, tt.want)
		}
	}
}

// A handler inside http.TimeoutHandler may return long after the request is over.
func TestPatternBeneathATimeoutHandlerIsNoRace(t *testing.T) {
	release, reported := make(chan struct{}), make(chan struct{})
	slow := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { <-release; return nil })
	waits := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(reported)
		copying("/x/{id}", slow).ServeHTTP(w, r)
	})
	observe := middleware.Observe(func(_ *http.Request, s *middleware.Summary) {
		if s.Status != http.StatusServiceUnavailable {
			t.Errorf("the status is %d, want 503", s.Status)
		}
		close(release)
	})
	app := middleware.Chain(observe, middleware.Standard(silent()))(http.TimeoutHandler(waits, time.Millisecond, ""))
	app.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x/1", nil))
	<-reported
}

func TestLogOfAPanicBehindACopyingRouterHasThePattern(t *testing.T) {
	var log bytes.Buffer
	errs := problem.New(problem.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	app := middleware.Standard(errs)(copying("/x/{id}", problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { panic("boom") })))
	app.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x/1", nil))
	if strings.Count(log.String(), "pattern=/x/{id}") != 1 {
		t.Errorf("the log says %s, want the pattern", log.String())
	}
}

func TestExposedHeaders(t *testing.T) {
	got := middleware.ExposeHeaders()
	for _, name := range []string{"X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} {
		if !slices.ContainsFunc(got, func(have string) bool { return http.CanonicalHeaderKey(have) == http.CanonicalHeaderKey(name) }) {
			t.Errorf("%s is not in %v", name, got)
		}
	}
	seen := map[string]bool{}
	for _, name := range got {
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
	}
	got[0] = "changed"
	if middleware.ExposeHeaders()[0] == "changed" {
		t.Error("a caller can change the list for the next caller")
	}
}

func TestObserveTellsAnAnswerFromACut(t *testing.T) {
	plain := func(f func(http.ResponseWriter)) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { f(w) })
	}
	failing := func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, problem.NotFound) }
	standard := middleware.Standard(silent())
	for name, tt := range map[string]struct {
		h       http.Handler
		status  int
		aborted bool
	}{
		"nothing":        {plain(func(http.ResponseWriter) {}), 200, false},
		"a status":       {plain(func(w http.ResponseWriter) { w.WriteHeader(204) }), 204, false},
		"a body":         {plain(func(w http.ResponseWriter) { io.WriteString(w, "fine") }), 200, false},
		"a failure":      {http.HandlerFunc(failing), 404, false},
		"a panic":        {plain(func(http.ResponseWriter) { panic("boom") }), 200, true},
		"half an answer": {plain(func(w http.ResponseWriter) { io.WriteString(w, "half"); panic("boom") }), 200, true},
		"an exit":        {plain(func(http.ResponseWriter) { runtime.Goexit() }), 200, true},
		"an exit after the answer": {standard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			failing(w, r)
			runtime.Goexit()
		})), 404, false},
		"a panic that becomes an answer": {standard(plain(func(http.ResponseWriter) { panic("boom") })), 500, false},
		"a panic after a body":           {standard(plain(func(w http.ResponseWriter) { io.WriteString(w, "half"); panic("boom") })), 200, true},
		"a cut whose panic is recovered": {http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() { recover() }()
			io.WriteString(w, "half")
			failing(w, r)
		}), 200, true},
	} {
		var got *middleware.Summary
		observe := middleware.Observe(func(_ *http.Request, s *middleware.Summary) { got = s })
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() { recover() }()
			serve(middleware.Chain(silent().Handler, observe)(tt.h), "GET")
		}()
		if <-done; got == nil || got.Status != tt.status || got.Aborted != tt.aborted {
			t.Errorf("%s: the summary is %+v, want the status %d and Aborted %t", name, got, tt.status, tt.aborted)
		}
	}
}

// A logger of another library reads the pattern from the request.
func TestPatternIsKnownOutside(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/x/{id}", func(http.ResponseWriter, *http.Request) {})
	for name, layer := range map[string]mw{
		"Observe":  middleware.Observe(func(*http.Request, *middleware.Summary) {}),
		"Standard": middleware.Standard(silent()), "Recover": middleware.Recover(), "Rewrite": middleware.Rewrite(),
		"Timeout": middleware.Timeout(time.Minute), "LimitBody": middleware.LimitBody(1),
	} {
		r := httptest.NewRequest("GET", "/x/1", nil)
		layer(mux).ServeHTTP(httptest.NewRecorder(), r)
		if r.Pattern != "/x/{id}" {
			t.Errorf("the pattern outside of %s is %q, want /x/{id}", name, r.Pattern)
		}
	}
}
