package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

func newLimiter(t testing.TB, cfg ratelimit.Config) *ratelimit.Limiter {
	t.Helper()
	if cfg.Rate == (ratelimit.Rate{}) {
		cfg.Rate = ratelimit.PerMinute(2)
	}
	if cfg.Key == nil {
		cfg.Key = ratelimit.Header("Caller")
	}
	l, err := ratelimit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// request returns a request of a caller. The caller "" has no key.
func request(caller string) *http.Request {
	r := httptest.NewRequest("GET", "/v1/items", nil)
	if caller != "" {
		r.Header.Set("Caller", caller)
	}
	return r
}

// within puts a request into an exchange, as the middlewares of this module do.
func within(r *http.Request) *http.Request {
	_, _, r = exchange.Enter(httptest.NewRecorder(), r)
	return r
}

func TestLimiter_Take(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Config{Name: "api"})
		for i, step := range []struct {
			wait time.Duration
			who  string
			want ratelimit.Decision
		}{
			{0, "ann", ratelimit.Decision{Allowed: true, Remaining: 1, ResetAfter: 30 * time.Second}},
			{0, "ann", ratelimit.Decision{Allowed: true, Remaining: 0, ResetAfter: time.Minute}},
			{0, "ann", ratelimit.Decision{Remaining: 0, ResetAfter: time.Minute, RetryAfter: 30 * time.Second}},
			{0, "bob", ratelimit.Decision{Allowed: true, Remaining: 1, ResetAfter: 30 * time.Second}},
			{30 * time.Second, "ann", ratelimit.Decision{Allowed: true, Remaining: 0, ResetAfter: time.Minute}},
		} {
			time.Sleep(step.wait)
			got, err := l.Take(request(step.who))
			if err != nil {
				t.Fatalf("Take(%q) at step %d = error %v, want a decision", step.who, i, err)
			}
			if got.Policy != "api" || got.Limit != 2 || got.Cost != 1 || len(got.States) != 1 || !strings.HasPrefix(got.Key, "header:Caller:") {
				t.Errorf("Take(%q) at step %d = %+v, want policy api, limit 2, cost 1, one state, a hashed key", step.who, i, got)
			}
			if got.Allowed != step.want.Allowed || got.Remaining != step.want.Remaining ||
				got.ResetAfter != step.want.ResetAfter || got.RetryAfter != step.want.RetryAfter {
				t.Errorf("Take(%q) at step %d = %+v, want %+v", step.who, i, got, step.want)
			}
		}
	})
}

func TestLimiter_missing(t *testing.T) {
	take := func(t *testing.T, m ratelimit.Missing, n int) (d ratelimit.Decision, err error) {
		l := newLimiter(t, ratelimit.Config{Missing: m})
		for range n {
			d, err = l.Take(request(""))
		}
		return d, err
	}
	if d, err := take(t, ratelimit.MissingShared, 3); err != nil || d.Allowed || d.Key != "" {
		t.Errorf("third Take without a key = %+v, %v, want a refusal of the shared bucket", d, err)
	}
	if _, err := take(t, ratelimit.MissingReject, 1); !errors.Is(err, problem.Unauthenticated) {
		t.Errorf("Take without a key = error %v, want Unauthenticated", err)
	}
	if d, err := take(t, ratelimit.MissingSkip, 9); err != nil || !d.Allowed || d.Policy != "" {
		t.Errorf("Take without a key = %+v, %v, want no limit", d, err)
	}
}

func TestLimiter_anEmptyKeyIsNone(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{
		Key:     func(*http.Request) (string, bool) { return "", true },
		Missing: ratelimit.MissingReject,
	})
	if _, err := l.Take(request("ann")); !errors.Is(err, problem.Unauthenticated) {
		t.Errorf("Take with an empty key = error %v, want Unauthenticated", err)
	}
}

func TestLimiter_plans(t *testing.T) {
	plan := map[string]ratelimit.Rate{"gold": ratelimit.PerMinute(100), "free": ratelimit.Unlimited()}
	l := newLimiter(t, ratelimit.Config{
		RateFor: func(r *http.Request) ratelimit.Rate { return plan[r.Header.Get("Caller")] },
	})
	for who, limit := range map[string]int{"ann": 2, "gold": 100, "free": 0} {
		d, err := l.Take(request(who))
		if err != nil || !d.Allowed || d.Limit != limit {
			t.Errorf("Take(%q) = %+v, %v, want a limit of %d", who, d, err, limit)
		}
	}
}

func TestLimiter_categories(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{
		Name:     "api",
		Category: func(r *http.Request) string { return r.Method },
		Categories: map[string]ratelimit.Rate{
			"PUT":  ratelimit.PerMinute(1),
			"HEAD": ratelimit.Unlimited(),
		},
		RateFor: func(*http.Request) ratelimit.Rate { return ratelimit.PerMinute(50) },
	})
	for i, step := range []struct {
		method, policy string
		limit          int
		want           bool
	}{
		{"PUT", "api.PUT", 1, allowed},
		{"PUT", "api.PUT", 1, refused},
		{"GET", "api", 50, allowed}, // an unknown category has the plan of the caller
		{"HEAD", "", 0, allowed},
	} {
		r := request("ann")
		r.Method = step.method
		d, err := l.Take(r)
		if err != nil || d.Policy != step.policy || d.Limit != step.limit || d.Allowed != step.want {
			t.Errorf("Take(%s) at step %d = %+v, %v, want %s with policy %q and limit %d",
				step.method, i, d, err, verdict(step.want), step.policy, step.limit)
		}
	}
}

func TestLimiter_costs(t *testing.T) {
	cost := 1
	l := newLimiter(t, ratelimit.Config{Rate: ratelimit.PerMinute(10), Cost: func(*http.Request) int { return cost }})
	for i, step := range []struct {
		cost      int
		want      bool
		remaining int
	}{{7, allowed, 3}, {0, allowed, 3}, {4, refused, 3}, {3, allowed, 0}, {0, allowed, 0}} {
		cost = step.cost
		d, err := l.Take(request("ann"))
		if err != nil || d.Allowed != step.want || d.Remaining != step.remaining || d.Cost != step.cost {
			t.Errorf("Take at step %d = %+v, %v, want %s with %d left", i, d, err, verdict(step.want), step.remaining)
		}
	}
	cost = 11
	d, err := l.Take(request("ann"))
	if err != nil || d.Allowed || d.RetryAfter != ratelimit.Never || !errors.Is(d.Err(), problem.PayloadTooLarge) {
		t.Errorf("Take above the burst = %+v, %v, want PayloadTooLarge", d, err)
	}
	if e, ok := errors.AsType[*problem.Error](d.Err()); !ok || e.RetryAfter() != 0 || e.Message() != "Request exceeds the capacity of the rate limit" {
		t.Errorf("Err above the burst = %v, want no delay, and a text about the cost", d.Err())
	}
	cost = 1
	d, err = l.Take(request("ann"))
	if e, ok := errors.AsType[*problem.Error](d.Err()); err != nil || !ok || !errors.Is(e, problem.RateLimited) || e.Message() != "" {
		t.Errorf("Err of an empty bucket = %v, %v, want RateLimited with the text of the style", d.Err(), err)
	}
	cost = -1
	_, err = l.Take(request("ann"))
	if e, ok := errors.AsType[*problem.Error](err); !ok || !errors.Is(err, problem.Internal) || e.Message() != "" || !strings.Contains(err.Error(), "cost -1 is negative") {
		t.Errorf("Take of a negative cost = error %v, want Internal because of it", err)
	}
}

func TestLimiter_peekAndRefund(t *testing.T) {
	l, other := newLimiter(t, ratelimit.Config{}), newLimiter(t, ratelimit.Config{})
	peek := func(want int) {
		t.Helper()
		d, err := l.Peek(request("ann"))
		if err != nil || !d.Allowed || d.Remaining != want || d.Cost != 0 {
			t.Errorf("Peek = %+v, %v, want %d left", d, err, want)
		}
	}
	refund := func(d ratelimit.Decision) {
		t.Helper()
		if err := l.Refund(t.Context(), d); err != nil {
			t.Errorf("Refund = %v, want no error", err)
		}
	}
	take := func() ratelimit.Decision {
		d, err := l.Take(request("ann"))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	peek(2)
	first := take()
	peek(1)
	refund(first)
	peek(2)
	take()
	take()
	peek(0)
	refund(first) // for the second time
	peek(0)
	refund(take()) // of a refusal
	refund(ratelimit.Decision{})
	peek(0)
	if err := other.Refund(t.Context(), first); err == nil || !strings.Contains(err.Error(), "another limiter's decision") {
		t.Errorf("Refund of another limiter's decision = %v, want an error that says so", err)
	}
	if d, err := l.Peek(request("ann")); err != nil || d.RetryAfter < 29*time.Second {
		t.Errorf("Peek of an empty bucket = %+v, %v, want when one unit fits", d, err)
	}
}

func TestLimiter_also(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{
		Name: "token", Rate: ratelimit.PerMinute(2), Missing: ratelimit.MissingSkip,
		Also: []ratelimit.Policy{{Name: "address", Rate: ratelimit.PerMinute(3), Key: ratelimit.RemoteIP}},
	})
	for i, step := range []struct {
		who       string
		want      bool
		policy    string
		remaining int
	}{
		{"ann", allowed, "token", 1},
		{"ann", allowed, "token", 0},
		{"ann", refused, "token", 0},
		{"bob", allowed, "address", 0}, // a new token, the same address
		{"joe", refused, "address", 0},
		{"", refused, "address", 0}, // without a token only the address counts
	} {
		d, err := l.Take(request(step.who))
		if err != nil || d.Allowed != step.want || d.Policy != step.policy || d.Remaining != step.remaining {
			t.Errorf("Take(%q) at step %d = %+v, %v, want %s by %s with %d left",
				step.who, i, d, err, verdict(step.want), step.policy, step.remaining)
		}
	}
}

func TestLimiter_skip(t *testing.T) {
	calls := 0
	logged := logs(t)
	l := newLimiter(t, ratelimit.Config{
		Skip:       func(r *http.Request) bool { return r.Method == "OPTIONS" },
		OnDecision: func(*http.Request, ratelimit.Decision) { calls++ },
	})
	for range 9 {
		r := request("ann")
		r.Method = "OPTIONS"
		w := httptest.NewRecorder()
		l.Handler(nothing).ServeHTTP(w, r)
		if w.Code != 200 || len(w.Header()) != 0 {
			t.Fatalf("skipped request = %d with %v, want 200 without fields", w.Code, w.Header())
		}
	}
	if calls != 0 || logged.Len() > 0 {
		t.Errorf("OnDecision was called %d times for skipped requests, want 0; logged is %q, want nothing", calls, logged)
	}
	if w := serve(l.Handler(nothing), "ann"); w.Header().Get("X-RateLimit-Remaining") != "1" || calls != 1 {
		t.Errorf("a request that Skip does not exempt has the fields %v, and %d decisions, want 1 left, and 1", w.Header(), calls)
	}
}

// failing is a store that cannot decide.
type failing struct{ err error }

func (s failing) Take(context.Context, []ratelimit.Limit, []ratelimit.State) error { return s.err }

type patient struct {
	error
	delay time.Duration
}

func (p patient) RetryAfter() time.Duration { return p.delay }

func TestLimiter_aStoreThatFailsIsNo429(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		kind  problem.Kind
		code  int
		retry string
	}{
		{"an outage", errors.New("dial s3cr3t-dsn"), problem.Unavailable, 503, "1"},
		{"an error with a delay", fmt.Errorf("wrapped: %w", patient{errors.New("s3cr3t-dsn"), 7 * time.Second}), problem.Unavailable, 503, "7"},
		{"an error with a delay of zero", patient{errors.New("s3cr3t-dsn"), 0}, problem.Unavailable, 503, "1"},
		{"an error of package problem", problem.Unavailable.New("").WithRetryAfter(3 * time.Second), problem.Unavailable, 503, "3"},
		{"an unusable rate", fmt.Errorf("%w: s3cr3t-dsn", ratelimit.ErrRate), problem.Internal, 500, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLimiter(t, ratelimit.Config{
				Name: "api", Store: failing{c.err},
				OnDecision: func(_ *http.Request, d ratelimit.Decision) {
					t.Errorf("OnDecision got %+v, want no call, because nothing was decided", d)
				},
			})
			if _, err := l.Take(request("ann")); !errors.Is(err, c.kind) || !errors.Is(err, c.err) {
				t.Errorf("Take = error %v, want %v because of %v", err, c.kind, c.err)
			} else if e, ok := errors.AsType[*problem.Error](err); !ok || e.Message() != "" {
				t.Errorf("Take = error %v, want only the text of the style", err)
			}
			w := httptest.NewRecorder()
			l.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				t.Error("the handler was called, want a refusal")
			})).ServeHTTP(w, request("ann"))
			if w.Code != c.code || w.Header().Get("Retry-After") != c.retry {
				t.Errorf("answer = %d with Retry-After %q, want %d with %q", w.Code, w.Header().Get("Retry-After"), c.code, c.retry)
			}
			if strings.Contains(w.Body.String(), "s3cr3t") || w.Header().Get("X-Ratelimit-Limit") != "" {
				t.Errorf("answer = %v %s, want neither a cause nor numbers", w.Header(), w.Body)
			}
		})
	}
}

func TestLimiter_aRateAtRunTimeIsChecked(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{RateFor: func(*http.Request) ratelimit.Rate { return ratelimit.PerMinute(-5) }})
	if _, err := l.Take(request("ann")); !errors.Is(err, problem.Internal) || !errors.Is(err, ratelimit.ErrRate) {
		t.Errorf("Take with a rate of -5 = error %v, want Internal because of ErrRate", err)
	}
}

func TestFromContext(t *testing.T) {
	if d, ok := ratelimit.FromContext(t.Context()); ok {
		t.Errorf("FromContext outside = %+v, want none", d)
	}
	wide := newLimiter(t, ratelimit.Config{Name: "wide", Rate: ratelimit.PerMinute(9)})
	narrow := newLimiter(t, ratelimit.Config{Name: "narrow", Rate: ratelimit.PerMinute(3), Headers: ratelimit.HeadersNone})
	rehearsed := newLimiter(t, ratelimit.Config{Name: "rehearsed", Rate: ratelimit.PerMinute(1), DryRun: true})
	for name, chain := range map[string][]*ratelimit.Limiter{
		"wide outside":   {wide, narrow, rehearsed},
		"narrow outside": {rehearsed, narrow, wide},
	} {
		r := within(request(name))
		for _, l := range chain {
			if _, err := l.Take(r); err != nil {
				t.Fatal(err)
			}
		}
		d, ok := ratelimit.FromContext(r.Context())
		if !ok || d.Policy != "narrow" || d.Remaining != 2 || len(d.States) != 1 {
			t.Errorf("FromContext with %s = %+v, %t, want the decision of narrow", name, d, ok)
		}
		if err := narrow.Refund(t.Context(), d); err != nil {
			t.Errorf("Refund of the decision of FromContext = %v, want no error", err)
		}
	}
}
