package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
)

func TestFailLocalAdmitsTheShareOfThisProcess(t *testing.T) {
	for _, tc := range []struct {
		name  string
		nodes int
		rate  ratelimit.Rate
		cost  int
		want  int           // admitted at once
		unit  time.Duration // until one more call is
	}{
		{"alone", 0, ratelimit.PerMinute(60), 1, 60, time.Second},
		{"one of four", 4, ratelimit.PerMinute(60), 1, 15, 4 * time.Second},
		{"one of four, with a burst", 4, ratelimit.PerMinute(60).WithBurst(8), 1, 2, 4 * time.Second},
		{"one of two, of an odd limit", 2, ratelimit.PerMinute(3), 1, 1, 40 * time.Second},
		{"never below one", 100, ratelimit.PerMinute(60), 1, 1, 100 * time.Second},
		{"a rate too slow to divide", 2, ratelimit.Rate{Limit: 3, Per: 1002 * 24 * time.Hour, Burst: 1}, 1, 1, 366 * 24 * time.Hour},
		{"more nodes than nanoseconds", math.MaxInt, ratelimit.PerMinute(60), 1, 1, 366 * 24 * time.Hour},
		{"a cost above the share takes the share", 4, ratelimit.PerMinute(60).WithBurst(8), 5, 1, 8 * time.Second},
		{"so does the whole burst", 4, ratelimit.PerMinute(60).WithBurst(8), 8, 1, 8 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStore(t, redisstore.Config{Client: &server{fate: down}, Nodes: tc.nodes, OnDegraded: func(bool, error) {}})
				l := ratelimit.Limit{Policy: "p", Key: "ann", Rate: tc.rate, Cost: tc.cost}
				var admitted int
				st := take(t, s, l)
				for ; st.Allowed; st = take(t, s, l) {
					admitted++
				}
				if admitted != tc.want || st.RetryAfter.Round(time.Microsecond) != tc.unit {
					t.Errorf("without Redis %d calls are admitted, and the next one in %v; want %d and %v", admitted, st.RetryAfter, tc.want, tc.unit)
				}
				if !st.Degraded || st.Unknown {
					t.Errorf("the state is %+v, want it degraded and known", st)
				}
			})
		})
	}
}

// An outage is no time to find fault with a rate that New has accepted.
func TestFailLocalAcceptsEveryRateThatRedisDoes(t *testing.T) {
	const day, year = 24 * time.Hour, 366 * 24 * time.Hour
	for _, nodes := range []int{1, 2, 3, 7, 365, 1000, math.MaxInt} {
		s := newStore(t, redisstore.Config{Client: &server{fate: down}, Nodes: nodes, OnDegraded: func(bool, error) {}})
		for _, rate := range []ratelimit.Rate{
			ratelimit.PerSecond(1_000_000),
			ratelimit.PerDay(1),
			{Limit: 1, Per: year},
			{Limit: 1, Per: day, Burst: 366},
			{Limit: 3, Per: time.Hour, Burst: 3 * 24 * 300}, // 300 days to fill
			{Limit: 7, Per: year},
			{Limit: 1000, Per: 290 * year, Burst: 3},
			{Limit: 1_000_000, Per: 290 * year, Burst: 100},
			{Limit: 1_000_000, Per: time.Second, Burst: 31_622_400_000_000}, // 366 days to fill
		} {
			if err := s.CheckRate(rate); err != nil {
				t.Fatalf("CheckRate(%+v) = %v, want it accepted", rate, err)
			}
			l := ratelimit.Limit{Policy: "p", Key: fmt.Sprint(rate), Rate: rate, Cost: 1}
			if err := s.Take(t.Context(), []ratelimit.Limit{l}, make([]ratelimit.State, 1)); err != nil {
				t.Errorf("of %d nodes Take at %+v without Redis = error %v, want a decision", nodes, rate, err)
			}
		}
	}
}

func TestFailLocalKnowsWhatCanNeverPass(t *testing.T) {
	s := newStore(t, redisstore.Config{Client: &server{fate: down}, Nodes: 4, OnDegraded: func(bool, error) {}})
	l := ratelimit.Limit{Policy: "p", Key: "ann", Rate: ratelimit.PerMinute(60), Cost: 61}
	if st := take(t, s, l); st.Allowed || st.RetryAfter != ratelimit.Never {
		t.Errorf("Take of 61 units of 60 = %+v, want it refused for ever", st)
	}
}

func TestFailOpenAdmitsAndKnowsNothing(t *testing.T) {
	s := newStore(t, redisstore.Config{Client: &server{fate: down}, Mode: redisstore.FailOpen, OnDegraded: func(bool, error) {}})
	want := ratelimit.State{Allowed: true, Degraded: true, Unknown: true}
	for range 100 {
		if st := take(t, s, ann); st != want {
			t.Fatalf("Take = %+v, want %+v", st, want)
		}
	}
}

func TestFailClosedSaysWhenToAskAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, redisstore.Config{Client: &server{fate: down}, Mode: redisstore.FailClosed, OnDegraded: func(bool, error) {}})
		ask := func() time.Duration {
			t.Helper()
			var states [1]ratelimit.State
			err := s.Take(t.Context(), []ratelimit.Limit{ann}, states[:])
			var later interface{ RetryAfter() time.Duration }
			if !errors.As(err, &later) {
				t.Fatalf("Take = %v, want an error with RetryAfter", err)
			}
			return later.RetryAfter()
		}
		for i := range 5 {
			if wait := ask(); wait != 0 {
				t.Errorf("RetryAfter of failure %d = %v, want 0: the next call is made", i+1, wait)
			}
		}
		wait := ask()
		if wait < 80*time.Millisecond || wait > 120*time.Millisecond {
			t.Errorf("RetryAfter of an open breaker = %v, want 100 ms and at most a fifth more or less", wait)
		}
		time.Sleep(50 * time.Millisecond)
		if got := ask(); got != wait-50*time.Millisecond {
			t.Errorf("RetryAfter 50 ms later = %v, want %v", got, wait-50*time.Millisecond)
		}
	})
}

// A request that is given up, or that has a deadline of its own, does not end
// the call to Redis, and so it is no failure of Redis.
func TestTheRequestDoesNotEndTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		seen := clientFunc(func(ctx context.Context, _ string) ([]int64, error) {
			deadline, ok := ctx.Deadline()
			if left := time.Until(deadline); !ok || left != 25*time.Millisecond {
				t.Errorf("the call has %v (%v), want 25 ms", left, ok)
			}
			if ctx.Value(key{}) != "trace" {
				t.Error("the call has lost the values of the request")
			}
			return []int64{1, 0}, ctx.Err()
		})
		s := newStore(t, redisstore.Config{Client: seen})
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "trace"))
		cancel()
		var states [1]ratelimit.State
		if err := s.Take(ctx, []ratelimit.Limit{ann}, states[:]); err != nil || states[0].Degraded {
			t.Errorf("Take of a request that is given up = %+v, %v, want a decision by Redis", states[0], err)
		}
	})
}

func TestOnlyNoScriptIsRetried(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
		want []string
	}{
		{"NOSCRIPT", redisstore.ErrNoScript, []string{"EVALSHA", "EVAL"}},
		{"wrapped NOSCRIPT", errors.Join(redisstore.ErrNoScript), []string{"EVALSHA", "EVAL"}},
		{"other", errDown, []string{"EVALSHA"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var verbs []string
			s := newStore(t, redisstore.Config{Mode: redisstore.FailOpen, Client: clientFunc(func(_ context.Context, verb string) ([]int64, error) {
				verbs = append(verbs, verb)
				return nil, tc.err
			})})
			take(t, s, ann)
			if len(verbs) != len(tc.want) || verbs[len(verbs)-1] != tc.want[len(tc.want)-1] {
				t.Errorf("after %v the client was asked for %v, want %v", tc.err, verbs, tc.want)
			}
		})
	}
}

func TestMalformedRepliesAreFailures(t *testing.T) {
	const unit, year = 1_000_000, 366 * 24 * 3600 * 1_000_000 // of ann's rate, of any
	for _, tc := range []struct {
		name  string
		reply []int64
	}{
		{"nothing", nil},
		{"no debts", []int64{1}},
		{"a debt too many", []int64{1, unit, unit}},
		{"an unknown verdict", []int64{2, unit}},
		{"a negative debt", []int64{1, -1}},
		{"more debt than there can be", []int64{0, year + 1}},
		{"a refusal although there is room", []int64{0, unit}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStore(t, redisstore.Config{Mode: redisstore.FailOpen, Client: clientFunc(func(context.Context, string) ([]int64, error) {
				return tc.reply, nil
			})})
			if st := take(t, s, ann); !st.Degraded {
				t.Errorf("Take after the reply %v = %+v, want it degraded", tc.reply, st)
			}
		})
	}
}

// A rate that cannot be used is a mistake of the program and no outage.
func TestRateFaultsDoNotCountAsFailures(t *testing.T) {
	srv := &server{}
	s := newStore(t, redisstore.Config{Client: srv, OnDegraded: func(bool, error) { t.Error("OnDegraded was told about a rate") }})
	for _, rate := range []ratelimit.Rate{{}, ratelimit.PerSecond(700_000), {Limit: 1, Per: 1500 * time.Nanosecond}} {
		for range 10 {
			var states [1]ratelimit.State
			err := s.Take(t.Context(), []ratelimit.Limit{{Policy: "p", Key: "ann", Rate: rate, Cost: 1}}, states[:])
			if !errors.Is(err, ratelimit.ErrRate) {
				t.Errorf("Take at %+v = %v, want an error about the rate", rate, err)
			}
		}
		if err := s.CheckRate(rate); !errors.Is(err, ratelimit.ErrRate) {
			t.Errorf("CheckRate(%+v) = %v, want an error about the rate", rate, err)
		}
	}
	if srv.count() > 0 {
		t.Error("Redis was asked about a rate that cannot be used")
	}
}

func TestCheckRate(t *testing.T) {
	s := newStore(t, redisstore.Config{Client: &server{}})
	for _, tc := range []struct {
		rate ratelimit.Rate
		ok   bool
	}{
		{ratelimit.PerMinute(30), true},
		{ratelimit.PerMinute(7), true}, // not exact, but nearly so
		{ratelimit.PerDay(1), true},
		{ratelimit.PerSecond(9_999), true},
		{ratelimit.PerSecond(60_000), false}, // 16.67 µs would be 16 µs
		{ratelimit.PerSecond(500_000), true}, // 2 µs
		{ratelimit.PerSecond(1_000_000), true},
		{ratelimit.PerSecond(600_000), false},
		{ratelimit.PerSecond(1_000_001), false},
		{ratelimit.Rate{Limit: 1, Per: 366 * 24 * time.Hour}, true},
		{ratelimit.Rate{Limit: 1, Per: 367 * 24 * time.Hour}, false},
		{ratelimit.Unlimited(), false},
	} {
		if err := s.CheckRate(tc.rate); (err == nil) != tc.ok {
			t.Errorf("CheckRate(%d per %v) = %v, want ok %v", tc.rate.Limit, tc.rate.Per, err, tc.ok)
		}
	}
}
