package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

// charging is a handler that charges a cost which it learns only after its work.
func charging(t *testing.T, l *ratelimit.Limiter, units *int) http.Handler {
	return l.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := l.Charge(r, *units); err != nil {
			t.Errorf("Charge(%d) = %v, want no error", *units, err)
		}
	}))
}

func TestLimiter_Charge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		units := 0
		h := charging(t, newLimiter(t, ratelimit.Config{Rate: ratelimit.PerMinute(60).WithBurst(10)}), &units)
		start := time.Now()
		for i, step := range []struct {
			wait                    time.Duration
			who                     string
			units                   int
			want                    int
			remaining, reset, retry int // reset in seconds from the start
		}{
			{0, "ann", 0, 200, 9, 1, 0},
			{0, "ann", 3, 200, 8, 2, 0},
			{0, "ann", 20, 200, 4, 6, 0},  // the charge of the request before was 3
			{0, "ann", 0, 429, 0, 26, 17}, // the charge of the request before was 20
			{16 * time.Second, "ann", 0, 429, 0, 26, 1},
			{0, "bob", 0, 200, 9, 17, 0},
			{time.Second, "ann", 0, 200, 0, 27, 0}, // the Retry-After is over
			{10 * time.Second, "ann", 0, 200, 9, 28, 0},
		} {
			time.Sleep(step.wait)
			units = step.units
			w := serve(h, step.who)
			got := w.Header()
			retry := ""
			if step.retry > 0 {
				retry = fmt.Sprint(step.retry)
			}
			if w.Code != step.want || got.Get("X-RateLimit-Limit") != "10" || got.Get("X-RateLimit-Remaining") != fmt.Sprint(step.remaining) ||
				got.Get("X-RateLimit-Reset") != fmt.Sprint(start.Unix()+int64(step.reset)) || got.Get("Retry-After") != retry {
				t.Errorf("request at step %d = %d with %v, want %+v", i, w.Code, got, step)
			}
		}
	})
}

// Charge finds the decision of its own limiter among those of other limiters, and charges all
// buckets of that decision.
func TestLimiter_Charge_findsItsBuckets(t *testing.T) {
	outer := newLimiter(t, ratelimit.Config{Name: "outer", Rate: ratelimit.PerHour(9)})
	middle := newLimiter(t, ratelimit.Config{
		Name: "middle", Rate: ratelimit.PerHour(20),
		Also: []ratelimit.Policy{{Name: "address", Rate: ratelimit.PerHour(30), Key: ratelimit.RemoteIP}},
	})
	inner := newLimiter(t, ratelimit.Config{Name: "inner", Rate: ratelimit.PerHour(40)})
	dry := newLimiter(t, ratelimit.Config{Name: "dry", Rate: ratelimit.PerHour(50), DryRun: true})
	unmet := newLimiter(t, ratelimit.Config{Name: "unmet", Rate: ratelimit.PerHour(60)})
	h := http.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		r.Header.Set("Caller", "somebody else") // has no effect after the decision
		for _, l := range []*ratelimit.Limiter{outer, middle, inner} {
			if err := l.Charge(r, 5); err != nil {
				t.Errorf("Charge = %v, want no error", err)
			}
		}
		r.Header.Set("Caller", "ann")
		for _, l := range []*ratelimit.Limiter{dry, unmet} { // these have no decision
			if err := l.Charge(r, 5); err != nil {
				t.Errorf("Charge = %v, want no error", err)
			}
		}
	}))
	for _, l := range []*ratelimit.Limiter{inner, dry, middle, outer} {
		h = l.Handler(h)
	}
	serve(h, "ann")
	for want, l := range map[int]*ratelimit.Limiter{9 - 6: outer, 20 - 6: middle, 40 - 6: inner, 50 - 6: dry, 60 - 5: unmet} {
		if d, err := l.Peek(request("ann")); err != nil || d.Remaining != want {
			t.Errorf("%d of %d are left, want %d (%v)", d.Remaining, d.Limit, want, err)
		}
	}
	d, err := middle.Peek(request("bob")) // another caller, the same address
	if err != nil || d.States[1].Remaining != 30-6 {
		t.Errorf("States = %+v, %v, want 24 left of the address", d.States, err)
	}
}

func TestLimiter_Charge_withoutALimit(t *testing.T) {
	for name, cfg := range map[string]ratelimit.Config{
		"skipped":   {Skip: func(*http.Request) bool { return true }},
		"unlimited": {Rate: ratelimit.Unlimited()},
		"no key":    {Key: func(*http.Request) (string, bool) { return "", false }, Missing: ratelimit.MissingSkip},
	} {
		l := newLimiter(t, cfg)
		if err := l.Charge(request("ann"), 5); err != nil {
			t.Errorf("Charge of a request that is %s = %v, want no error", name, err)
		}
	}
}

// Charge works even if the client has left.
func TestLimiter_Charge_afterTheClient(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{Name: "api", Rate: ratelimit.PerHour(9), Store: strict{newMemory(t, 0)}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Charge(request("ann").WithContext(ctx), 5); err != nil {
		t.Errorf("Charge after the client has left = %v, want no error", err)
	}
	if d, err := l.Peek(request("ann")); err != nil || d.Remaining != 4 {
		t.Errorf("%d are left, want 4 (%v)", d.Remaining, err)
	}
}

// strict is a store that fails if the context has ended.
type strict struct{ *ratelimit.Memory }

func (s strict) Take(ctx context.Context, limits []ratelimit.Limit, states []ratelimit.State) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.Memory.Take(ctx, limits, states)
}

func TestLimiter_Charge_faults(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{})
	for _, units := range []int{-1, math.MinInt} {
		if err := l.Charge(request("ann"), units); !errors.Is(err, problem.Internal) {
			t.Errorf("Charge(%d) = %v, want Internal", units, err)
		}
	}
	if err := l.Charge(request("ann"), 0); err != nil {
		t.Errorf("Charge(0) = %v, want no error", err)
	}
	if d, err := l.Peek(request("ann")); err != nil || d.Remaining != 2 {
		t.Errorf("%d are left, want 2, because nothing was charged (%v)", d.Remaining, err)
	}
	if err := l.Charge(request("ann"), math.MaxInt); err != nil {
		t.Errorf("Charge(MaxInt) = %v, want no error", err)
	}
	if d, err := l.Peek(request("ann")); err != nil || d.ResetAfter > 366*24*time.Hour || d.ResetAfter < 365*24*time.Hour {
		t.Errorf("the debt is %v, want 366 days (%v)", d.ResetAfter, err)
	}
	w := serve(l.Handler(nothing), "ann")
	if w.Code != 429 || len(w.Header().Get("Retry-After")) != len("31622400") {
		t.Errorf("answer = %d with %v, want 429 and a delay of nearly 366 days", w.Code, w.Header())
	}
	down := newLimiter(t, ratelimit.Config{Name: "api", Store: failing{errors.New("down")}})
	if err := down.Charge(request("ann"), 5); !errors.Is(err, problem.Unavailable) {
		t.Errorf("Charge without a store = %v, want Unavailable", err)
	}
	bad := newLimiter(t, ratelimit.Config{RateFor: func(*http.Request) ratelimit.Rate { return ratelimit.PerMinute(-5) }})
	if err := bad.Charge(request("ann"), 5); !errors.Is(err, problem.Internal) || !errors.Is(err, ratelimit.ErrRate) {
		t.Errorf("Charge at a rate of -5 = %v, want Internal because of ErrRate", err)
	}
	known := newLimiter(t, ratelimit.Config{Missing: ratelimit.MissingReject})
	if err := known.Charge(request(""), 5); !errors.Is(err, problem.Unauthenticated) {
		t.Errorf("Charge without a key = %v, want Unauthenticated", err)
	}
}

// RefundIf gives back the cost of the request, but not a later Charge.
func TestLimiter_Charge_survivesARefund(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{Rate: ratelimit.PerHour(9), RefundIf: func(*http.Request, int) bool { return true }})
	units := 5
	serve(charging(t, l, &units), "ann")
	if d, err := l.Peek(request("ann")); err != nil || d.Remaining != 4 {
		t.Errorf("%d are left, want 4, because only the unit of the request comes back (%v)", d.Remaining, err)
	}
	// This charge comes after the refund, and goes beyond the burst.
	var late *http.Request
	l.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { late = r })).ServeHTTP(httptest.NewRecorder(), request("ann"))
	if err := l.Charge(late, 10); err != nil {
		t.Fatal(err)
	}
	if d, err := l.Peek(request("ann")); err != nil || d.Remaining != 0 || d.ResetAfter <= time.Hour {
		t.Errorf("Peek = %+v, %v, want a debt of 15 units", d, err)
	}
}
