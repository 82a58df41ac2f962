package ratelimit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

var nothing = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// serve sends a request of a caller through a handler.
func serve(h http.Handler, caller string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request(caller))
	return w
}

func TestHandler_refusesThe31stRequestAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Config{Rate: ratelimit.PerMinute(30)})
		h := l.Handler(nothing)
		for n := 1; n <= 30; n++ {
			w := serve(h, "ann")
			if w.Code != 200 || w.Header().Get("Retry-After") != "" {
				t.Fatalf("request %d = %d with Retry-After %q, want 200 with none", n, w.Code, w.Header().Get("Retry-After"))
			}
			if left := w.Header().Get("X-RateLimit-Remaining"); left != strconv.Itoa(30-n) || w.Header().Get("X-RateLimit-Limit") != "30" {
				t.Errorf("request %d leaves %q of %q, want %d of 30", n, left, w.Header().Get("X-RateLimit-Limit"), 30-n)
			}
		}
		w := serve(h, "ann")
		if w.Code != 429 || w.Header().Get("Retry-After") != "2" {
			t.Errorf("request 31 = %d with Retry-After %q, want 429 with 2", w.Code, w.Header().Get("Retry-After"))
		}
		var body struct {
			Code       string
			RetryAfter int `json:"retry_after"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Code != "rate_limited" || body.RetryAfter != 2 {
			t.Errorf("body of request 31 = %s, want rate_limited and the delay of the header", w.Body)
		}
		time.Sleep(2 * time.Second)
		if w := serve(h, "ann"); w.Code != 200 {
			t.Errorf("request after Retry-After = %d, want 200", w.Code)
		}
	})
}

// Some routers, such as echo, call Handler for each request. The buckets must be the same each
// time.
func TestHandler_stateIsBornInNew(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{})
	for n := 1; n <= 3; n++ {
		want := map[bool]int{true: 200, false: 429}[n <= 2]
		if w := serve(l.Handler(nothing), "ann"); w.Code != want {
			t.Errorf("request %d through a new Handler = %d, want %d", n, w.Code, want)
		}
	}
}

func TestHandler_nilPanics(t *testing.T) {
	defer func() {
		if got := recover(); got != "ratelimit: nil handler" {
			t.Errorf("Handler(nil) panics with %v, want a text that says what is nil", got)
		}
	}()
	newLimiter(t, ratelimit.Config{}).Handler(nil)
}

func TestHandler_errorsFromBelowCarryTheFields(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{})
	w := serve(l.Handler(problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return problem.NotFound
	})), "ann")
	if w.Code != 404 || w.Header().Get("X-RateLimit-Remaining") != "1" {
		t.Errorf("an error from below = %d with %v, want 404 with 1 left", w.Code, w.Header())
	}
}

func TestHandler_passesAnUnlimitedRequest(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{Rate: ratelimit.Unlimited()})
	for range 9 {
		if w := serve(l.Handler(nothing), "ann"); w.Code != 200 || len(w.Header()) != 0 {
			t.Fatalf("unlimited request = %d with %v, want 200 without fields", w.Code, w.Header())
		}
	}
}

func TestHandler_innerLayersKnowTheDecision(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{Name: "api"})
	serve(l.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if d, ok := ratelimit.FromContext(r.Context()); !ok || d.Policy != "api" || d.Remaining != 1 {
			t.Errorf("FromContext in a handler = %+v, %t, want the decision of api", d, ok)
		}
	})), "ann")
}

func TestHandler_givesThePatternBack(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{})
	mux := http.NewServeMux()
	mux.Handle("GET /v1/items", nothing)
	r := request("ann")
	l.Handler(mux).ServeHTTP(httptest.NewRecorder(), r)
	if r.Pattern != "GET /v1/items" {
		t.Errorf("Pattern outside = %q, want that of the router inside", r.Pattern)
	}
}

func TestHandler_dryRun(t *testing.T) {
	var seen []bool
	l := newLimiter(t, ratelimit.Config{DryRun: true, OnDecision: func(_ *http.Request, d ratelimit.Decision) {
		if !d.DryRun || d.Err() != nil {
			t.Errorf("OnDecision got %+v with error %v, want a dry run without", d, d.Err())
		}
		seen = append(seen, d.Allowed)
	}})
	h := l.Handler(nothing)
	for range 3 {
		if w := serve(h, "ann"); w.Code != 200 || len(w.Header()) != 0 {
			t.Errorf("request in a dry run = %d with %v, want 200 without fields", w.Code, w.Header())
		}
	}
	if want := []bool{allowed, allowed, refused}; !slices.Equal(seen, want) {
		t.Errorf("OnDecision saw %v, want %v", seen, want)
	}
}

// A dry run does not refuse a request that it cannot decide about.
func TestHandler_dryRunRefusesNothing(t *testing.T) {
	for name, cfg := range map[string]ratelimit.Config{
		"a store that fails": {Name: "dry", Store: failing{errors.New("down")}},
		"no key":             {Key: func(*http.Request) (string, bool) { return "", false }, Missing: ratelimit.MissingReject},
		"a negative cost":    {Cost: func(*http.Request) int { return -1 }},
		"an unusable rate":   {RateFor: func(*http.Request) ratelimit.Rate { return ratelimit.PerMinute(-1) }},
	} {
		t.Run(name, func(t *testing.T) {
			logged := logs(t)
			cfg.DryRun = true
			l := newLimiter(t, cfg)
			served := 0
			w := serve(l.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ })), "ann")
			if w.Code != 200 || served != 1 || len(w.Header()) != 0 {
				t.Errorf("a request = %d with %v, served %d times, want 200 without fields, once", w.Code, w.Header(), served)
			}
			const want = `level=WARN msg="dry run of a rate limit could not decide" policy=d`
			if n := strings.Count(logged.String(), "\n"); n != 1 || !strings.Contains(logged.String(), want) || !strings.Contains(logged.String(), " cause") {
				t.Errorf("logged are %d lines, want one with %s and the cause:\n%s", n, want, logged)
			}
			if d, err := l.Take(request("ann")); err != nil || d.Err() != nil {
				t.Errorf("Take = %+v, error %v, want no reason to refuse", d, err)
			}
		})
	}
}

// logs collects the records of slog's default logger until t ends.
func logs(t *testing.T) *bytes.Buffer {
	var b bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &b
}

func TestHandler_aHookThatPanicsIsContained(t *testing.T) {
	logged := logs(t)
	l := newLimiter(t, ratelimit.Config{OnDecision: func(*http.Request, ratelimit.Decision) { panic("hook") }})
	h := l.Handler(nothing)
	for n, want := range []int{200, 200, 429} {
		if w := serve(h, "ann"); w.Code != want {
			t.Errorf("request %d with a hook that panics = %d, want %d", n+1, w.Code, want)
		}
	}
	const want = `level=ERROR msg="rate limit hook panicked" hook=OnDecision panic=hook`
	if n := strings.Count(logged.String(), want); n != 3 {
		t.Errorf("logged are %d panics, want 3 of %s:\n%s", n, want, logged)
	}
}

// A handler inside http.TimeoutHandler may outlive the request, and may still add decisions to
// the exchange while outer middlewares read it.
func TestHandler_beneathTimeoutHandler(t *testing.T) {
	outer := newLimiter(t, ratelimit.Config{Name: "outer", Rate: ratelimit.PerMinute(1000)})
	inner := newLimiter(t, ratelimit.Config{Name: "inner", Rate: ratelimit.PerMinute(100)})
	var late sync.WaitGroup
	late.Add(1)
	slow := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		defer late.Done()
		<-r.Context().Done()
		for range 50 {
			if _, err := inner.Take(r); err != nil {
				t.Error(err)
			}
		}
	})
	h := outer.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.TimeoutHandler(inner.Handler(slow), time.Millisecond, "").ServeHTTP(w, r)
		for range 50 {
			if d, ok := ratelimit.FromContext(r.Context()); !ok || d.Policy == "" {
				t.Errorf("FromContext after a timeout = %+v, %t, want a decision", d, ok)
			}
		}
	}))
	if w := serve(h, "ann"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("request that timed out = %d, want 503", w.Code)
	}
	late.Wait()
}

// All middlewares share one copy of the request, and only refunds need a recorder.
func TestHandler_allocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	r := request("ann")
	for _, c := range []struct {
		name string
		cfg  ratelimit.Config
		want float64
	}{
		{"a constant key", ratelimit.Config{Rate: plenty, Key: ratelimit.Global}, 2}, // the exchange with the call, the digits
		{"an address", ratelimit.Config{Rate: plenty, Key: ratelimit.RemoteIP}, 2},   // the key is a part of RemoteAddr
		{"a token", ratelimit.Config{Rate: plenty}, 3},                               // also the key
		{"no fields", ratelimit.Config{Rate: plenty, Key: ratelimit.Global, Headers: ratelimit.HeadersNone}, 1},
		{"refunds", ratelimit.Config{Rate: plenty, Key: ratelimit.Global, RefundIf: func(*http.Request, int) bool { return false }}, 2},
		{"unlimited", ratelimit.Config{Rate: ratelimit.Unlimited(), Key: ratelimit.Global}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newLimiter(t, c.cfg).Handler(nothing)
			w := &discard{header: http.Header{}}
			count := func(h http.Handler) float64 {
				return testing.AllocsPerRun(100, func() {
					clear(w.header)
					h.ServeHTTP(w, r)
				})
			}
			if got := count(h); got != c.want {
				t.Errorf("an allowed request allocates %v times, want %v", got, c.want)
			}
			errs := problem.New(problem.Config{}) // makes the exchange
			if got := count(errs.Handler(h)) - count(errs.Handler(nothing)); got != c.want {
				t.Errorf("an allowed request inside a responder allocates %v times more, want %v", got, c.want)
			}
		})
	}
}

// The bounds are size classes of the allocator. An allocation of more than 512 bytes has 8 bytes
// more.
func TestHandler_allocatesLittle(t *testing.T) {
	if ratelimit.CallSize > 256 || ratelimit.FirstCallSize > 768-8 {
		t.Errorf("a call takes %d bytes, and %d with its exchange, want at most 256 and 760", ratelimit.CallSize, ratelimit.FirstCallSize)
	}
}

func BenchmarkHandler(b *testing.B) {
	for _, bench := range []struct {
		name string
		rate ratelimit.Rate
		key  ratelimit.KeyFunc
	}{
		{"allowed, global", plenty, ratelimit.Global},
		{"allowed, address", plenty, ratelimit.RemoteIP},
		{"allowed, token", plenty, ratelimit.BearerToken},
		{"refused, address", ratelimit.PerDay(1), ratelimit.RemoteIP},
	} {
		h := newLimiter(b, ratelimit.Config{Rate: bench.rate, Key: bench.key}).Handler(nothing)
		r := request("")
		r.Header.Set("Authorization", "Bearer 0123456789abcdef0123456789abcdef")
		b.Run(bench.name, func(b *testing.B) {
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
		})
	}
	b.Run("the exchange alone", func(b *testing.B) {
		r := request("")
		b.ReportAllocs()
		for b.Loop() {
			within(r)
		}
	})
}

// discard is a response writer that drops everything.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header       { return d.header }
func (*discard) Write(p []byte) (int, error) { return len(p), nil }
func (*discard) WriteHeader(int)             {}

// A goroutine that outlives the handler responds with an error too late. It must not change the
// answer of the handler, and must not panic, because nothing recovers from that panic.
func TestHandler_leavesTheAnswerToAHandlerThatHasReturned(t *testing.T) {
	ended := make(chan any, 1)
	l := newLimiter(t, ratelimit.Config{})
	var late func()
	h := l.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("whole"))
		late = func() {
			defer func() { ended <- recover() }()
			problem.Respond(w, r, problem.Conflict)
		}
	}))
	w := serve(h, "ann")
	go late()
	if value := <-ended; value != nil || w.Body.String() != "whole" {
		t.Errorf("the goroutine panics with %v, and the answer is %q, want no panic and the whole answer", value, w.Body)
	}
}
