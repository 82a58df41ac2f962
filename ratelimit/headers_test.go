package ratelimit_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

// fields prints the header fields of a response that are about limits, sorted.
func fields(h http.Header) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if strings.Contains(strings.ToLower(name), "ratelimit") || name == "Retry-After" {
			lines = append(lines, name+": "+strings.Join(h[name], " | "))
		}
	}
	return strings.Join(lines, "\n")
}

// The bubble's clock begins here, and half a second is added, so that rounding
// shows.
const begin = 946684800

const (
	xOnly = problem.XRateLimit
	both  = problem.XRateLimit | problem.RateLimitTrio
	all   = both | problem.RateLimitFields
)

func TestHandler_fields(t *testing.T) {
	for _, c := range []struct {
		name     string
		headers  ratelimit.Headers
		families problem.RateLimitHeaders
		requests int // of a rate of 2 per minute
		want     string
	}{
		{"all, allowed", ratelimit.HeadersAll, 0, 1, `
X-Ratelimit-Limit: 2
X-Ratelimit-Remaining: 1
X-Ratelimit-Reset: 946684831`},
		{"all, refused", ratelimit.HeadersAll, 0, 3, `
Retry-After: 30
X-Ratelimit-Limit: 2
X-Ratelimit-Remaining: 0
X-Ratelimit-Reset: 946684861`},
		{"both families", ratelimit.HeadersAll, both, 2, `
Ratelimit-Limit: 2
Ratelimit-Remaining: 0
Ratelimit-Reset: 60
X-Ratelimit-Limit: 2
X-Ratelimit-Remaining: 0
X-Ratelimit-Reset: 946684861`},
		{"trio, refused", ratelimit.HeadersAll, problem.RateLimitTrio, 3, `
Ratelimit-Limit: 2
Ratelimit-Remaining: 0
Ratelimit-Reset: 60
Retry-After: 30`},
		{"draft", ratelimit.HeadersAll, problem.RateLimitFields, 1, `
Ratelimit: "default";r=1;t=30
Ratelimit-Policy: "default";q=2;w=60`},
		{"draft, used up", ratelimit.HeadersAll, problem.RateLimitFields, 2, `
Ratelimit: "default";r=0;t=30
Ratelimit-Policy: "default";q=2;w=60`},
		{"draft, refused", ratelimit.HeadersAll, problem.RateLimitFields, 3, `
Ratelimit: "default";r=0;t=30
Ratelimit-Policy: "default";q=2;w=60
Retry-After: 30`},
		{"retry after only, allowed", ratelimit.HeadersRetryAfterOnly, all, 2, ``},
		{"retry after only, refused", ratelimit.HeadersRetryAfterOnly, all, 3, `
Retry-After: 30`},
		{"none, allowed", ratelimit.HeadersNone, all, 2, ``},
		{"none, refused", ratelimit.HeadersNone, all, 3, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Second / 2)
				h := newLimiter(t, ratelimit.Config{Headers: c.headers, Families: c.families}).Handler(nothing)
				var w *httptest.ResponseRecorder
				for range c.requests {
					w = serve(h, "ann")
				}
				if got := fields(w.Header()); got != strings.TrimPrefix(c.want, "\n") {
					t.Errorf("fields of request %d =\n%s\nwant%s", c.requests, got, c.want)
				}
				if want := map[bool]int{true: 429, false: 200}[c.requests == 3]; w.Code != want {
					t.Errorf("request %d = %d, want %d", c.requests, w.Code, want)
				}
			})
		})
	}
}

func TestHandler_theStyleChoosesTheFamilies(t *testing.T) {
	style := problem.RFC9457
	style.RateLimit = problem.RateLimitTrio
	errs := problem.New(problem.Config{Style: style})
	l := newLimiter(t, ratelimit.Config{})
	w := serve(errs.Handler(l.Handler(nothing)), "ann")
	if w.Header().Get("RateLimit-Remaining") != "1" || w.Header().Get("X-RateLimit-Remaining") != "" {
		t.Errorf("fields = %q, want those of the style", fields(w.Header()))
	}
}

// Whatever the order, the fields show the limit that binds, and a refusal of a
// limiter that keeps its numbers to itself shows none.
func TestHandler_nesting(t *testing.T) {
	type config struct {
		name     string
		limit    int
		families problem.RateLimitHeaders
		headers  ratelimit.Headers
		dryRun   bool
	}
	for _, c := range []struct {
		name     string
		chain    []config // from the outside in
		requests int
		want     string
	}{
		{"the inner binds", []config{{name: "wide", limit: 9}, {name: "narrow", limit: 3}}, 1, `
X-Ratelimit-Limit: 3
X-Ratelimit-Remaining: 2
X-Ratelimit-Reset: 946684820`},
		{"the outer binds", []config{{name: "narrow", limit: 3}, {name: "wide", limit: 9}}, 1, `
X-Ratelimit-Limit: 3
X-Ratelimit-Remaining: 2
X-Ratelimit-Reset: 946684820`},
		{"the middle binds", []config{{name: "wide", limit: 9}, {name: "narrow", limit: 3}, {name: "mid", limit: 5}}, 1, `
X-Ratelimit-Limit: 3
X-Ratelimit-Remaining: 2
X-Ratelimit-Reset: 946684820`},
		{"the inner refuses", []config{{name: "wide", limit: 9}, {name: "narrow", limit: 3}}, 4, `
Retry-After: 20
X-Ratelimit-Limit: 3
X-Ratelimit-Remaining: 0
X-Ratelimit-Reset: 946684860`},
		{"the inner refuses in silence", []config{{name: "wide", limit: 9, families: all}, {name: "login", limit: 3, headers: ratelimit.HeadersRetryAfterOnly}}, 4, `
Retry-After: 20`},
		{"the inner is silent and binds", []config{{name: "wide", limit: 9}, {name: "login", limit: 3, headers: ratelimit.HeadersNone}}, 1, `
X-Ratelimit-Limit: 9
X-Ratelimit-Remaining: 8
X-Ratelimit-Reset: 946684807`},
		{"a silent one between does not count", []config{{name: "wide", limit: 9}, {name: "login", limit: 3, headers: ratelimit.HeadersNone}, {name: "mid", limit: 5}}, 1, `
X-Ratelimit-Limit: 5
X-Ratelimit-Remaining: 4
X-Ratelimit-Reset: 946684812`},
		{"a dry run does not count", []config{{name: "wide", limit: 9}, {name: "dry", limit: 1, dryRun: true}}, 2, `
X-Ratelimit-Limit: 9
X-Ratelimit-Remaining: 7
X-Ratelimit-Reset: 946684814`},
		{"the outer's families are rewritten too", []config{{name: "wide", limit: 9, families: xOnly}, {name: "narrow", limit: 3, families: problem.RateLimitTrio}}, 4, `
Ratelimit-Limit: 3
Ratelimit-Remaining: 0
Ratelimit-Reset: 60
Retry-After: 20
X-Ratelimit-Limit: 3
X-Ratelimit-Remaining: 0
X-Ratelimit-Reset: 946684860`},
		{"the draft lists all", []config{{name: "wide", limit: 9, families: problem.RateLimitFields}, {name: "narrow", limit: 3, families: problem.RateLimitFields}}, 1, `
Ratelimit: "wide";r=8;t=54, "narrow";r=2;t=40
Ratelimit-Policy: "wide";q=9;w=60, "narrow";q=3;w=60`},
		{"the draft lists all, whoever asked for it", []config{{name: "wide", limit: 9, families: problem.RateLimitFields}, {name: "narrow", limit: 3, families: xOnly}}, 1, `
Ratelimit: "wide";r=8;t=54, "narrow";r=2;t=40
Ratelimit-Policy: "wide";q=9;w=60, "narrow";q=3;w=60
X-Ratelimit-Limit: 3
X-Ratelimit-Remaining: 2
X-Ratelimit-Reset: 946684820`},
		{"equals: the outer stays", []config{{name: "one", limit: 3}, {name: "two", limit: 3}}, 1, `
X-Ratelimit-Limit: 3
X-Ratelimit-Remaining: 2
X-Ratelimit-Reset: 946684820`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := http.Handler(nothing)
				for _, cfg := range slices.Backward(c.chain) {
					h = newLimiter(t, ratelimit.Config{
						Name: cfg.name, Rate: ratelimit.PerMinute(cfg.limit),
						Families: cfg.families, Headers: cfg.headers, DryRun: cfg.dryRun,
					}).Handler(h)
				}
				var w *httptest.ResponseRecorder
				for range c.requests {
					w = serve(h, "ann")
				}
				if got := fields(w.Header()); got != strings.TrimPrefix(c.want, "\n") {
					t.Errorf("fields of request %d =\n%s\nwant%s", c.requests, got, c.want)
				}
			})
		})
	}
}

func TestHandler_severalLimitsShowTheOneThatBinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLimiter(t, ratelimit.Config{
			Name: "token", Rate: ratelimit.PerMinute(9), Families: all,
			Also: []ratelimit.Policy{{Name: "address", Rate: ratelimit.PerHour(2), Key: ratelimit.RemoteIP}},
		}).Handler(nothing)
		for n, want := range []string{`
Ratelimit: "token";r=8;t=54, "address";r=1;t=1800
Ratelimit-Limit: 2
Ratelimit-Policy: "token";q=9;w=60, "address";q=2;w=3600
Ratelimit-Remaining: 1
Ratelimit-Reset: 1800
X-Ratelimit-Limit: 2
X-Ratelimit-Remaining: 1
X-Ratelimit-Reset: 946686600`, `
Ratelimit: "token";r=7;t=47, "address";r=0;t=1800
Ratelimit-Limit: 2
Ratelimit-Policy: "token";q=9;w=60, "address";q=2;w=3600
Ratelimit-Remaining: 0
Ratelimit-Reset: 3600
X-Ratelimit-Limit: 2
X-Ratelimit-Remaining: 0
X-Ratelimit-Reset: 946688400`, `
Ratelimit: "token";r=7;t=47, "address";r=0;t=1800
Ratelimit-Limit: 2
Ratelimit-Policy: "token";q=9;w=60, "address";q=2;w=3600
Ratelimit-Remaining: 0
Ratelimit-Reset: 3600
Retry-After: 1800
X-Ratelimit-Limit: 2
X-Ratelimit-Remaining: 0
X-Ratelimit-Reset: 946688400`} {
			if got := fields(serve(h, "ann").Header()); got != want[1:] {
				t.Errorf("fields of request %d =\n%s\nwant%s", n+1, got, want)
			}
		}
	})
}

// A refusal with units left: t is the delay, not the time of what is left. And
// what somebody else has written is replaced, not continued.
func TestHandler_draftFieldsOfARefusal(t *testing.T) {
	h := newLimiter(t, ratelimit.Config{
		Name: "api", Rate: ratelimit.PerMinute(10), Families: problem.RateLimitFields,
		Store: scripted{{Remaining: 2, ResetAfter: 48 * time.Second, RetryAfter: 18 * time.Second}},
	}).Handler(nothing)
	w := httptest.NewRecorder()
	w.Header().Set("RateLimit", "foreign")
	h.ServeHTTP(w, request("ann"))
	want := `Ratelimit: "api";r=2;t=18
Ratelimit-Policy: "api";q=10;w=60
Retry-After: 18`
	if got := fields(w.Header()); got != want {
		t.Errorf("fields =\n%s\nwant\n%s", got, want)
	}
}

// scripted is a store that answers with given states.
type scripted []ratelimit.State

func (s scripted) Take(_ context.Context, _ []ratelimit.Limit, states []ratelimit.State) error {
	copy(states, s)
	return nil
}

func TestHandler_unknownAndDegraded(t *testing.T) {
	unknown := ratelimit.State{Allowed: true, Unknown: true}
	for _, c := range []struct {
		name     string
		states   scripted
		want     string
		degraded bool
	}{
		{"an unknown state writes nothing", scripted{unknown, unknown}, ``, false},
		{"a known one beside it counts", scripted{unknown, {Allowed: true, Remaining: 5}}, `
Ratelimit: "two";r=5;t=30
Ratelimit-Limit: 10
Ratelimit-Policy: "two";q=10;w=60
Ratelimit-Remaining: 5
Ratelimit-Reset: 0
X-Ratelimit-Limit: 10
X-Ratelimit-Remaining: 5
X-Ratelimit-Reset: 946684800`, false},
		{"a substitute is true for this process", scripted{{Allowed: true, Remaining: 9, Degraded: true}, unknown}, `
Ratelimit: "one";r=9;t=54
Ratelimit-Limit: 10
Ratelimit-Policy: "one";q=10;w=60
Ratelimit-Remaining: 9
Ratelimit-Reset: 0
X-Ratelimit-Limit: 10
X-Ratelimit-Remaining: 9
X-Ratelimit-Reset: 946684800`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var degraded bool
				h := newLimiter(t, ratelimit.Config{
					Name: "one", Rate: ratelimit.PerMinute(10), Families: all, Store: c.states,
					Also:       []ratelimit.Policy{{Name: "two", Rate: ratelimit.PerMinute(10), Key: ratelimit.Global}},
					OnDecision: func(_ *http.Request, d ratelimit.Decision) { degraded = d.Degraded },
				}).Handler(nothing)
				if got := fields(serve(h, "ann").Header()); got != strings.TrimPrefix(c.want, "\n") {
					t.Errorf("fields =\n%s\nwant%s", got, c.want)
				}
				if degraded != c.degraded {
					t.Errorf("Degraded = %t, want %t", degraded, c.degraded)
				}
			})
		})
	}
}

// Retry-After is the true wait or less than a second more, and never passes
// the reset.
func TestHandler_retryAfterIsRoundedUp(t *testing.T) {
	for _, per := range []time.Duration{1, 999 * time.Millisecond, time.Second, time.Second + 1, 90 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			h := newLimiter(t, ratelimit.Config{
				Name: "api", Rate: ratelimit.PerMinute(1), Families: both,
				Store: scripted{{RetryAfter: per, ResetAfter: per}},
			}).Handler(nothing)
			w := serve(h, "ann")
			retry, err := strconv.Atoi(w.Header().Get("Retry-After"))
			if err != nil {
				t.Fatalf("Retry-After of %v = %q, want an integer", per, w.Header().Get("Retry-After"))
			}
			if d := time.Duration(retry) * time.Second; d < per || d >= per+time.Second || retry < 1 {
				t.Errorf("Retry-After of %v = %d, want the whole seconds above", per, retry)
			}
			reset, err := strconv.Atoi(w.Header().Get("X-RateLimit-Reset"))
			if err != nil || retry > reset-begin {
				t.Errorf("X-RateLimit-Reset of %v = %q, want not before Retry-After", per, w.Header().Get("X-RateLimit-Reset"))
			}
			if got := w.Header().Get("RateLimit-Reset"); got != fmt.Sprint(retry) {
				t.Errorf("RateLimit-Reset of %v = %q, want %d", per, got, retry)
			}
		})
	}
}

// Whoever adds a value to a field must not write into that of a neighbour.
func TestHandler_valuesDoNotOverlap(t *testing.T) {
	w := serve(newLimiter(t, ratelimit.Config{Families: all}).Handler(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) {
			for _, name := range slices.Collect(maps.Keys(w.Header())) {
				w.Header().Add(name, "added")
			}
		})), "ann")
	for name, values := range w.Header() {
		if len(values) != 2 || values[0] == "added" || values[1] != "added" {
			t.Errorf("%s after an Add = %q, want its own value and the added one", name, values)
		}
	}
	if len(w.Header()) != 8 {
		t.Errorf("%d fields, want all 8", len(w.Header()))
	}
}

func TestLimiter_SetHeaders(t *testing.T) {
	l, other := newLimiter(t, ratelimit.Config{}), newLimiter(t, ratelimit.Config{Rate: ratelimit.PerMinute(1)})
	outside := request("ann") // no middleware of ours
	d, err := l.Take(outside)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	l.SetHeaders(h, outside, d)
	if h.Get("X-RateLimit-Remaining") != "1" {
		t.Errorf("SetHeaders outside an exchange = %v, want 1 left", h)
	}
	l.SetHeaders(h, outside, ratelimit.Decision{})
	if h.Get("X-RateLimit-Remaining") != "1" {
		t.Errorf("SetHeaders of no decision = %v, want no change", h)
	}

	inside := within(request("bob"))
	h = http.Header{}
	for _, l := range []*ratelimit.Limiter{other, l} {
		d, err := l.Take(inside)
		if err != nil {
			t.Fatal(err)
		}
		l.SetHeaders(h, inside, d)
	}
	if h.Get("X-RateLimit-Limit") != "1" {
		t.Errorf("SetHeaders of two decisions = %v, want that of the one that binds", h)
	}
}

// Browsers show a field only if its name is listed.
func TestExposeHeaders_namesEveryField(t *testing.T) {
	h := newLimiter(t, ratelimit.Config{Families: all, Rate: ratelimit.PerMinute(1)}).Handler(nothing)
	serve(h, "ann")
	w := serve(h, "ann")
	for _, name := range []string{"Cache-Control", "Content-Length", "Content-Type", "X-Content-Type-Options"} {
		w.Header().Del(name)
	}
	var listed []string
	for name := range strings.SplitSeq(ratelimit.ExposeHeaders, ", ") {
		listed = append(listed, http.CanonicalHeaderKey(name))
	}
	slices.Sort(listed)
	if sent := slices.Sorted(maps.Keys(w.Header())); !slices.Equal(sent, listed) {
		t.Errorf("ExposeHeaders lists %q, want what a refusal sends: %q", listed, sent)
	}
}
