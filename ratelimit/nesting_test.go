package ratelimit_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

// In any order of limiters, the fields show the limit that binds. If a limiter without fields
// refuses, there are no fields.
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
		{"the inner refuses without fields", []config{{name: "wide", limit: 9, families: all}, {name: "login", limit: 3, headers: ratelimit.HeadersRetryAfterOnly}}, 4, `
Retry-After: 20`},
		{"the inner has no fields and binds", []config{{name: "wide", limit: 9}, {name: "login", limit: 3, headers: ratelimit.HeadersNone}}, 1, `
X-Ratelimit-Limit: 9
X-Ratelimit-Remaining: 8
X-Ratelimit-Reset: 946684807`},
		{"a limiter in between without fields does not count", []config{{name: "wide", limit: 9}, {name: "login", limit: 3, headers: ratelimit.HeadersNone}, {name: "mid", limit: 5}}, 1, `
X-Ratelimit-Limit: 5
X-Ratelimit-Remaining: 4
X-Ratelimit-Reset: 946684812`},
		{"a dry run does not count", []config{{name: "wide", limit: 9}, {name: "dry", limit: 1, dryRun: true}}, 2, `
X-Ratelimit-Limit: 9
X-Ratelimit-Remaining: 7
X-Ratelimit-Reset: 946684814`},
		{"a dry run with only Retry-After would refuse", []config{{name: "wide", limit: 9}, {name: "dry", limit: 1, headers: ratelimit.HeadersRetryAfterOnly, dryRun: true}}, 2, `
X-Ratelimit-Limit: 9
X-Ratelimit-Remaining: 7
X-Ratelimit-Reset: 946684814`},
		{"a dry run without fields would refuse", []config{{name: "wide", limit: 9}, {name: "dry", limit: 1, headers: ratelimit.HeadersNone, dryRun: true}}, 2, `
X-Ratelimit-Limit: 9
X-Ratelimit-Remaining: 7
X-Ratelimit-Reset: 946684814`},
		{"the families of the outer are rewritten, too", []config{{name: "wide", limit: 9, families: xOnly}, {name: "narrow", limit: 3, families: problem.RateLimitTrio}}, 4, `
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
		{"the draft lists all, also when the inner refuses", []config{{name: "wide", limit: 9, families: problem.RateLimitFields}, {name: "narrow", limit: 1, families: problem.RateLimitFields}}, 2, `
Ratelimit: "wide";r=7;t=47, "narrow";r=0;t=60
Ratelimit-Policy: "wide";q=9;w=60, "narrow";q=1;w=60
Retry-After: 60`},
		{"the draft lists all, even if only the outer has it", []config{{name: "wide", limit: 9, families: problem.RateLimitFields}, {name: "narrow", limit: 3, families: xOnly}}, 1, `
Ratelimit: "wide";r=8;t=54, "narrow";r=2;t=40
Ratelimit-Policy: "wide";q=9;w=60, "narrow";q=3;w=60
X-Ratelimit-Limit: 3
X-Ratelimit-Remaining: 2
X-Ratelimit-Reset: 946684820`},
		{"of two equal limits the outer is shown", []config{{name: "one", limit: 3}, {name: "two", limit: 3}}, 1, `
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

// The states in the list are ordered, from the one that binds most to the one that binds least.
func TestState_binds(t *testing.T) {
	ranked := []ratelimit.State{
		{RetryAfter: 9, Remaining: 5},
		{RetryAfter: 3},
		{RetryAfter: 3, Remaining: 1},
		{Allowed: true, Remaining: 0, ResetAfter: 1},
		{Allowed: true, Remaining: 2, ResetAfter: 9},
		{Allowed: true, Remaining: 2, ResetAfter: 5, RetryAfter: 9}, // the RetryAfter of a peek does not count
		{Allowed: true, Remaining: 2, ResetAfter: 4},
		{Allowed: true, Unknown: true},
	}
	for i := range ranked {
		for j := range ranked {
			if got := ranked[i].Binds(&ranked[j]); got != (i < j) {
				t.Errorf("%+v binds more than %+v = %t, want %t", ranked[i], ranked[j], got, i < j)
			}
		}
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

// In a refusal with units left, t is the delay and not the time until the bucket is full. Fields
// that somebody else has written are replaced.
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
		{"of an unknown and a known state the known one counts", scripted{unknown, {Allowed: true, Remaining: 5}}, `
Ratelimit: "two";r=5;t=30
Ratelimit-Limit: 10
Ratelimit-Policy: "two";q=10;w=60
Ratelimit-Remaining: 5
Ratelimit-Reset: 0
X-Ratelimit-Limit: 10
X-Ratelimit-Remaining: 5
X-Ratelimit-Reset: 946684800`, false},
		{"a degraded state is shown", scripted{{Allowed: true, Remaining: 9, Degraded: true}, unknown}, `
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
