package ratelimit_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

func TestHandler_refund(t *testing.T) {
	failures := func(_ *http.Request, status int) bool { return status < 400 } // count only failures
	leave := func(ctx context.Context) context.Context {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return ctx
	}
	for _, c := range []struct {
		name   string
		serve  http.HandlerFunc
		leave  bool
		status int
	}{
		{"a success", func(http.ResponseWriter, *http.Request) {}, false, 200},
		{"a status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, false, 204},
		{"a failure", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, false, 401},
		{"an error", func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, problem.Forbidden) }, false, 403},
		{"a panic", func(http.ResponseWriter, *http.Request) { panic("handler") }, false, 500},
		{"a panic after a success", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200); panic("handler") }, false, 500},
		{"Goexit", func(http.ResponseWriter, *http.Request) { runtime.Goexit() }, false, 500},
		{"a client that left", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }, true, 499},
		{"a client that left, and a panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true, 499},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, refundIf := range map[string]func(*http.Request, int) bool{
				"refunded":                  func(*http.Request, int) bool { return true },
				"not refunded":              func(*http.Request, int) bool { return false },
				"refunded unless it failed": failures,
			} {
				var got []int
				l := newLimiter(t, ratelimit.Config{RefundIf: func(r *http.Request, status int) bool {
					got = append(got, status)
					return refundIf(r, status)
				}})
				var wg sync.WaitGroup
				wg.Go(func() { // a goroutine, because the handler may call Goexit
					defer func() { recover() }()
					r := request("ann")
					if c.leave {
						r = r.WithContext(leave(r.Context()))
					}
					l.Handler(c.serve).ServeHTTP(httptest.NewRecorder(), r)
				})
				wg.Wait()
				if !slices.Equal(got, []int{c.status}) {
					t.Errorf("RefundIf was called with %v, want once with %d", got, c.status)
				}
				left := 1
				if refundIf(nil, c.status) {
					left = 2
				}
				if d, err := l.Peek(request("ann")); err != nil || d.Remaining != left {
					t.Errorf("%s, %s: %d left, want %d (%v)", c.name, name, d.Remaining, left, err)
				}
			}
		})
	}
}

// A panic of RefundIf is logged and means that nothing is refunded. It changes neither an answer
// nor a panic of the handler.
func TestHandler_aRefundIfThatPanicsIsContained(t *testing.T) {
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		want  any // panic
	}{
		"a success": {func(http.ResponseWriter, *http.Request) {}, nil},
		"a panic":   {func(http.ResponseWriter, *http.Request) { panic("handler") }, "handler"},
	} {
		t.Run(name, func(t *testing.T) {
			logged := logs(t)
			l := newLimiter(t, ratelimit.Config{RefundIf: func(*http.Request, int) bool { panic("hook") }})
			func() {
				defer func() {
					if got := recover(); got != c.want {
						t.Errorf("a request with a RefundIf that panics = panic %v, want %v", got, c.want)
					}
				}()
				serve(l.Handler(c.serve), "ann")
			}()
			if !strings.Contains(logged.String(), "hook=RefundIf panic=hook") {
				t.Errorf("logged is %q, want the panic of the hook", logged)
			}
			if d, err := l.Peek(request("ann")); err != nil || d.Remaining != 1 {
				t.Errorf("%d left, want 1, because nothing is refunded (%v)", d.Remaining, err)
			}
		})
	}
}

func TestHandler_aRefusalIsNotRefunded(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{Rate: ratelimit.PerHour(1), RefundIf: func(_ *http.Request, status int) bool {
		return status >= 400
	}})
	h := l.Handler(nothing)
	for n, want := range []int{200, 429, 429} {
		if w := serve(h, "ann"); w.Code != want {
			t.Errorf("request %d = %d, want %d", n+1, w.Code, want)
		}
	}
}

// RefundIf is not called for a request that was not charged.
func TestHandler_refundIfIsNotCalledWithoutACharge(t *testing.T) {
	for name, cfg := range map[string]ratelimit.Config{
		"a request that is skipped":             {Skip: func(*http.Request) bool { return true }},
		"a request that a dry run would refuse": {DryRun: true, Cost: func(*http.Request) int { return 3 }},
		"a request of a caller without a limit": {RateFor: func(*http.Request) ratelimit.Rate { return ratelimit.Unlimited() }},
		"a request without a key":               {Key: func(*http.Request) (string, bool) { return "", false }, Missing: ratelimit.MissingSkip},
	} {
		asked := 0
		cfg.RefundIf = func(*http.Request, int) bool { asked++; return true }
		if w := serve(newLimiter(t, cfg).Handler(nothing), "ann"); w.Code != 200 || asked != 0 {
			t.Errorf("%s = %d, and RefundIf was called %d times, want 200 and no call", name, w.Code, asked)
		}
	}
}

// lostRefund is a store that fails on refunds, and records the errors of their contexts.
type lostRefund struct {
	*ratelimit.Memory
	contexts *[]error
}

func (s lostRefund) Take(ctx context.Context, limits []ratelimit.Limit, states []ratelimit.State) error {
	if limits[0].Cost < 0 {
		*s.contexts = append(*s.contexts, ctx.Err())
		return errors.New("lost")
	}
	return s.Memory.Take(ctx, limits, states)
}

func TestHandler_aRefundThatFailsSpoilsNoAnswer(t *testing.T) {
	var contexts []error
	logged := logs(t)
	l := newLimiter(t, ratelimit.Config{
		Name: "login", Store: lostRefund{newMemory(t, 0), &contexts},
		RefundIf: func(*http.Request, int) bool { return true },
	})
	w := httptest.NewRecorder()
	ctx, cancel := context.WithCancel(t.Context())
	l.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		cancel() // the client leaves, but is still refunded
	})).ServeHTTP(w, request("ann").WithContext(ctx))
	if w.Code != http.StatusAccepted {
		t.Errorf("request with a lost refund = %d, want 202", w.Code)
	}
	if !slices.Equal(contexts, []error{nil}) {
		t.Errorf("refunds ran with contexts whose errors are %v, want one refund with a context that has not ended", contexts)
	}
	if want := `msg="rate limit was not refunded" policy=login cause="ratelimit: refund: lost"`; !strings.Contains(logged.String(), want) {
		t.Errorf("logged is %q, want %s", logged, want)
	}
}

// recorded is a store that answers with given states, and records the limits of the last call.
type recorded struct {
	scripted
	last *[]ratelimit.Limit
}

func (s recorded) Take(ctx context.Context, limits []ratelimit.Limit, states []ratelimit.State) error {
	*s.last = slices.Clone(limits)
	return s.scripted.Take(ctx, limits, states)
}

// A limit whose state is degraded or unknown was not charged in the store, so it must not be
// refunded there.
func TestLimiter_Refund_onlyWhatTheStoreWasCharged(t *testing.T) {
	known := ratelimit.State{Allowed: true, Remaining: 1}
	for _, c := range []struct {
		name   string
		states scripted
		want   []string // policies of the refund
	}{
		{"both known", scripted{known, known, known}, []string{"one", "two"}},
		{"the second unknown", scripted{known, {Allowed: true, Unknown: true}, known}, []string{"one"}},
		{"the first degraded", scripted{{Allowed: true, Degraded: true}, known, known}, []string{"two"}},
		{"nothing known", scripted{{Allowed: true, Unknown: true}, {Allowed: true, Degraded: true}, known}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var last []ratelimit.Limit
			l := newLimiter(t, ratelimit.Config{
				Name: "one", Store: recorded{c.states, &last},
				Also: []ratelimit.Policy{
					{Name: "two", Rate: plenty, Key: ratelimit.Global},
					{Name: "free", Rate: plenty, Key: ratelimit.Global, Cost: func(*http.Request) int { return 0 }},
				},
			})
			d, err := l.Take(request("ann"))
			if err != nil {
				t.Fatal(err)
			}
			last = nil
			if err := l.Refund(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, limit := range last {
				if limit.Cost != -1 {
					t.Errorf("the refund of %q costs %d, want -1", limit.Policy, limit.Cost)
				}
				got = append(got, limit.Policy)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("refunded are %q, want %q", got, c.want)
			}
		})
	}
}
