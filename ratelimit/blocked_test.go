package ratelimit_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

// blocked has all ways to write a rate that allows nothing.
var blocked = map[string]ratelimit.Rate{
	"Blocked":            ratelimit.Blocked(),
	"PerSecond(0)":       ratelimit.PerSecond(0),
	"PerMinute(0)":       ratelimit.PerMinute(0),
	"PerHour(0)":         ratelimit.PerHour(0),
	"PerDay(0)":          ratelimit.PerDay(0),
	"a burst of nothing": ratelimit.PerMinute(0).WithBurst(5),
	"a Rate":             {Limit: 0, Per: time.Hour},
}

func TestBlocked_isOneRate(t *testing.T) {
	if ratelimit.PerMinute(0) != ratelimit.Blocked() || ratelimit.PerDay(0) != ratelimit.Blocked() {
		t.Error("PerMinute(0) and PerDay(0) differ from Blocked()")
	}
	if ratelimit.Blocked() == ratelimit.Unlimited() || ratelimit.Blocked() == (ratelimit.Rate{}) {
		t.Error("Blocked() equals Unlimited() or the zero Rate")
	}
}

func TestLimiter_blocked(t *testing.T) {
	for name, r := range blocked {
		var keys []string
		store := spy{newMemory(t, 0), &keys}
		l := newLimiter(t, ratelimit.Config{
			Name: "api", Store: store, Families: problem.XRateLimit | problem.RateLimitTrio | problem.RateLimitFields,
			RateFor: func(req *http.Request) ratelimit.Rate {
				if req.Header.Get("Caller") == "suspended" {
					return r
				}
				return ratelimit.Rate{} // Config.Rate
			},
		})
		h := l.Handler(nothing)
		if w := serve(h, "ann"); w.Code != 200 || w.Header().Get("X-RateLimit-Limit") != "2" {
			t.Errorf("%s: a request of another caller = %d with %v, want 200", name, w.Code, w.Header())
		}
		before := len(keys)
		w := serve(h, "suspended")
		got := w.Header()
		if w.Code != 429 || got.Get("Retry-After") != "" || got.Get("X-RateLimit-Limit") != "0" || got.Get("X-RateLimit-Remaining") != "0" ||
			got.Get("RateLimit-Limit") != "0" || got.Get("RateLimit-Remaining") != "0" {
			t.Errorf("%s: answer = %d with %v, want 429 without Retry-After, 0 of 0 left", name, w.Code, got)
		}
		d, err := l.Take(request("suspended"))
		if err != nil || d.Allowed || d.Limit != 0 || d.Remaining != 0 || !errors.Is(d.Err(), problem.QuotaExceeded) {
			t.Errorf("%s: Take = %+v, %v, want QuotaExceeded", name, d, err)
		}
		if d, err := l.Peek(request("suspended")); err != nil || !d.Allowed || d.Remaining != 0 || d.RetryAfter != ratelimit.Never {
			t.Errorf("%s: Peek = %+v, %v, want none left, ever", name, d, err)
		}
		if err := l.Charge(request("suspended"), 5); err != nil {
			t.Errorf("%s: Charge = %v, want no error, because there is no bucket", name, err)
		}
		if len(keys) != before {
			t.Errorf("%s: the store was called with %q, want no call", name, keys[before:])
		}
	}
}

// A blocked rate refuses even a request that costs nothing. The other limits of the request are
// then not charged.
func TestLimiter_blockedAmongOthers(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{
		Name: "token", Rate: ratelimit.PerMinute(3), Cost: func(*http.Request) int { return 0 },
		Also: []ratelimit.Policy{{Name: "plan", Rate: ratelimit.Blocked(), Key: ratelimit.Global}},
	})
	d, err := l.Take(request("ann"))
	if err != nil || d.Allowed || d.Policy != "plan" || !errors.Is(d.Err(), problem.QuotaExceeded) {
		t.Errorf("Take = %+v, %v, want a refusal by the blocked rate", d, err)
	}
	if len(d.States) != 2 || !d.States[0].Allowed || !d.States[0].Unknown {
		t.Errorf("the states are %+v, want that of the other limit to be unknown", d.States)
	}
}

func TestLimiter_blockedByCategory(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{
		Category:   func(r *http.Request) string { return r.Method },
		Categories: map[string]ratelimit.Rate{"DELETE": ratelimit.Blocked()},
	})
	r := request("ann")
	r.Method = "DELETE"
	if d, err := l.Take(r); err != nil || !errors.Is(d.Err(), problem.QuotaExceeded) {
		t.Errorf("Take of a blocked category = %+v, %v, want QuotaExceeded", d, err)
	}
	if d, err := l.Take(request("ann")); err != nil || !d.Allowed {
		t.Errorf("Take of another category = %+v, %v, want allowed", d, err)
	}
}

func TestLimiter_blockedDryRun(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{Rate: ratelimit.Blocked(), DryRun: true})
	if w := serve(l.Handler(nothing), "ann"); w.Code != 200 || len(w.Header()) != 0 {
		t.Errorf("a dry run of a blocked rate = %d with %v, want 200", w.Code, w.Header())
	}
}
