package middleware_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

// ExposeHeaders must list every field that a refusal sends, because a browser shows a script
// only the fields that are listed.
func TestExposeHeadersNamesWhatIsWorthReading(t *testing.T) {
	limit, err := ratelimit.New(ratelimit.Config{
		Rate: ratelimit.PerMinute(1), Key: ratelimit.Global,
		Families: problem.XRateLimit | problem.RateLimitTrio | problem.RateLimitFields,
	})
	if err != nil {
		t.Fatal(err)
	}
	h := middleware.Chain(middleware.Standard(quiet(func(*problem.Event) {})), limit.Handler)(http.NotFoundHandler())
	serve(h, "GET")
	w := serve(h, "GET")
	for _, name := range []string{"Cache-Control", "Content-Length", "Content-Type", "X-Content-Type-Options"} {
		w.Header().Del(name)
	}
	var listed []string
	for _, name := range middleware.ExposeHeaders() {
		listed = append(listed, http.CanonicalHeaderKey(name))
	}
	slices.Sort(listed)
	if sent := slices.Sorted(maps.Keys(w.Header())); w.Code != 429 || !slices.Equal(sent, listed) {
		t.Errorf("ExposeHeaders lists %q, want what a refusal sends: %q", listed, sent)
	}
}

func TestStandardAnswersForASkipThatPanics(t *testing.T) {
	events := 0
	broken := func(*http.Request) bool { panic("secret") }
	h := middleware.Standard(quiet(func(*problem.Event) { events++ }), middleware.Config{Skip: broken})(http.NotFoundHandler())
	w := serve(h, "GET")
	if w.Code != 500 || w.Header().Get("Content-Type") != "application/problem+json" || events != 1 {
		t.Errorf("the answer is %d %s with %d events, want the envelope of a 500 and one", w.Code, w.Body, events)
	}
}

func TestStandardDoesNotChangeWhatItSkips(t *testing.T) {
	text := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "as it is", http.StatusTeapot) })
	h := middleware.Standard(quiet(func(*problem.Event) {}), middleware.Config{Skip: func(r *http.Request) bool { return r.Method == "GET" }})(text)
	if w := serve(h, "GET"); w.Body.String() != "as it is\n" {
		t.Errorf("a request that is skipped is answered %q, want the handler's text", w.Body)
	}
	if w := serve(h, "POST"); w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("a request that is not skipped is answered %v, want the envelope", w.Header())
	}
}
