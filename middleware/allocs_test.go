package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
)

// The allocations of each middleware if nothing fails. For a middleware inside Standard only
// the additional allocations count.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	errs := problem.New(problem.Config{})
	adopting, err := requestid.New(requestid.Config{Trust: func(*http.Request) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	get := httptest.NewRequest("GET", "/", nil)
	identified := httptest.NewRequest("GET", "/", nil)
	identified.Header.Set("X-Request-Id", "12345678")
	post := httptest.NewRequest("POST", "/", strings.NewReader("x"))
	body := post.Body
	cost := func(h http.Handler, r *http.Request) float64 {
		w := httptest.NewRecorder()
		return testing.AllocsPerRun(200, func() {
			post.Body = body
			h.ServeHTTP(w, r)
		})
	}
	standard := middleware.Standard(errs)
	for _, tt := range []struct {
		name string
		mw   func(http.Handler) http.Handler
		r    *http.Request
		want float64
	}{
		{"Standard, own ID", standard, get, 3},
		{"Standard, adopted ID", middleware.Standard(errs, middleware.Config{IDs: adopting}), identified, 1},
		{"Recover alone", middleware.Recover(), get, 1},
		{"Rewrite alone", middleware.Rewrite(), get, 1},
		{"a responder alone", errs.Handler, get, 1},
		{"Observe alone", middleware.Observe(func(*http.Request, *middleware.Summary) {}), get, 2},
	} {
		if got := cost(tt.mw(nothing), tt.r); got > tt.want {
			t.Errorf("%s costs %v allocations, want at most %v", tt.name, got, tt.want)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", nothing)
	routed := httptest.NewRequest("GET", "/", nil) // the mux sets its pattern
	if got, want := cost(standard(mux), routed)-cost(mux, routed), cost(standard(nothing), get); got > want {
		t.Errorf("Standard around a mux costs %v allocations, want %v as around any handler", got, want)
	}
	for _, tt := range []struct {
		name string
		mw   func(http.Handler) http.Handler
		want float64
	}{
		{"Recover", middleware.Recover(), 0},
		{"Rewrite", middleware.Rewrite(), 0},
		{"LimitBody", middleware.LimitBody(10), 1},
		{"LimitInFlight", middleware.LimitInFlight(middleware.InFlightConfig{}), 0},
		{"Timeout", middleware.Timeout(time.Minute), 5},
		{"Observe", middleware.Observe(func(*http.Request, *middleware.Summary) {}), 1},
	} {
		got := cost(middleware.Chain(standard, tt.mw)(nothing), post) - cost(standard(nothing), post)
		if got > tt.want {
			t.Errorf("%s within Standard costs %v allocations, want at most %v", tt.name, got, tt.want)
		}
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestStandardIsSmall(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	h := middleware.Standard(problem.New(problem.Config{}))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
	h.ServeHTTP(w, r) // allocates what is made only once
	const requests = 10_000
	n := allocated(func() {
		for range requests {
			h.ServeHTTP(w, r)
		}
	}) / requests
	if n > 560 {
		t.Errorf("Standard takes %d bytes a request, want at most 560", n)
	}
}
