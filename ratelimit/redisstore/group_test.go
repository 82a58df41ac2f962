package redisstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

func TestLimitsOfOneKeyAreOneRoundTrip(t *testing.T) {
	c := &client{addr: redistest.Start(t).Addr}
	s := newStore(t, redisstore.Config{Client: c, Timeout: patient})
	named := func(policy, key string) ratelimit.Limit {
		return ratelimit.Limit{Policy: policy, Key: key, Rate: ratelimit.PerHour(10), Cost: 1}
	}
	for _, tc := range []struct {
		name   string
		limits []ratelimit.Limit
		want   int64
	}{
		{"the script is unknown", []ratelimit.Limit{named("a", "ann")}, 2},
		{"one", []ratelimit.Limit{named("a", "ann")}, 1},
		{"three policies", []ratelimit.Limit{named("a", "ann"), named("b", "ann"), named("c", "ann")}, 1},
		{"two keys", []ratelimit.Limit{named("a", "ann"), named("a", "bob")}, 2},
		{"two keys, interleaved", []ratelimit.Limit{named("a", "ann"), named("a", "bob"), named("b", "ann")}, 2},
		{"none", nil, 0},
	} {
		before := c.calls.Load()
		states := make([]ratelimit.State, len(tc.limits))
		if err := s.Take(t.Context(), tc.limits, states); err != nil {
			t.Fatalf("%s: Take = %v", tc.name, err)
		}
		if got := c.calls.Load() - before; got != tc.want {
			t.Errorf("%s: %d round trips, want %d", tc.name, got, tc.want)
		}
		for i, st := range states {
			if !st.Allowed || st.Degraded {
				t.Errorf("%s: state %d = %+v, want it admitted by Redis", tc.name, i, st)
			}
		}
	}
}

// Limits of several keys are decided in the order given, and states stand where
// their limits do.
func TestARefusalGivesBackWhatEarlierKeysWereCharged(t *testing.T) {
	c := &client{addr: redistest.Start(t).Addr}
	s := newStore(t, redisstore.Config{Client: c, Timeout: patient, Mode: redisstore.FailClosed})
	redisstore.FreezeClock(s)
	limit := func(policy, key string, burst, cost int) ratelimit.Limit {
		return ratelimit.Limit{Policy: policy, Key: key, Rate: ratelimit.PerHour(60).WithBurst(burst), Cost: cost}
	}
	limits := []ratelimit.Limit{
		limit("a", "ann", 10, 3), limit("a", "full", 1, 1), limit("b", "ann", 10, 0), limit("a", "later", 10, 1),
	}
	take(t, s, limits[1])
	before := c.calls.Load()
	states := make([]ratelimit.State, 4)
	if err := s.Take(t.Context(), limits, states); err != nil {
		t.Fatal(err)
	}
	if got := c.calls.Load() - before; got != 3 {
		t.Errorf("charge, refusal and refund cost %d round trips, want 3", got)
	}
	for i, want := range []ratelimit.State{
		{Allowed: true, Remaining: 10},
		{Allowed: false, Remaining: 0},
		{Allowed: true, Remaining: 10},
		{Allowed: true, Unknown: true},
	} {
		got := states[i]
		if got.Allowed != want.Allowed || got.Remaining != want.Remaining || got.Unknown != want.Unknown {
			t.Errorf("state %d = %+v, want %+v", i, got, want)
		}
	}
	limits[0].Cost = 0
	if st := take(t, s, limits[0]); st.Remaining != 10 {
		t.Errorf("after a refused call %d of 10 remain", st.Remaining)
	}
}

// halfDown fails for the second identity that it ever sees.
type halfDown struct {
	redisstore.Client
	first string
}

func (h *halfDown) Eval(ctx context.Context, verb, script string, keys []string, args []int64) ([]int64, error) {
	if h.first == "" {
		h.first = keys[0]
	}
	if keys[0] != h.first {
		return nil, errDown
	}
	return h.Client.Eval(ctx, verb, script, keys, args)
}

// If one identity of two cannot be decided by Redis, the other one still is,
// and keeps what it was charged or gets it back.
func TestAnOutageOfOneKey(t *testing.T) {
	for _, tc := range []struct {
		mode      redisstore.Mode
		spent     bool // the local budget
		remaining int
		refused   bool
		err       bool
	}{
		{redisstore.FailLocal, false, 9, false, false},
		{redisstore.FailLocal, true, 10, true, false},
		{redisstore.FailOpen, false, 9, false, false},
		{redisstore.FailClosed, false, 10, false, true},
	} {
		srv := redistest.Start(t)
		s := newStore(t, redisstore.Config{Client: &halfDown{Client: &client{addr: srv.Addr}}, Timeout: patient, Mode: tc.mode, OnDegraded: func(bool, error) {}})
		good := ratelimit.Limit{Policy: "p", Key: "good", Rate: ratelimit.PerHour(10), Cost: 1}
		bad := ratelimit.Limit{Policy: "p", Key: "bad", Rate: ratelimit.PerHour(1), Cost: 1}
		good.Cost = 0
		take(t, s, good)
		good.Cost = 1
		if tc.spent {
			take(t, s, bad)
		}
		states := make([]ratelimit.State, 2)
		err := s.Take(t.Context(), []ratelimit.Limit{good, bad}, states)
		if errors.Is(err, errDown) != tc.err || !tc.err && states[1].Allowed == tc.refused {
			t.Errorf("mode %d, spent %v: Take = %+v, %v", tc.mode, tc.spent, states, err)
		}
		good.Cost = 0
		if st := take(t, s, good); st.Degraded || st.Remaining != tc.remaining {
			t.Errorf("mode %d, spent %v: then %+v, want %d remaining", tc.mode, tc.spent, st, tc.remaining)
		}
	}
}

func TestALocalChargeIsGivenBack(t *testing.T) {
	s := newStore(t, redisstore.Config{Client: &server{fate: down}, OnDegraded: func(bool, error) {}})
	wide := ratelimit.Limit{Policy: "p", Key: "wide", Rate: ratelimit.PerHour(10), Cost: 1}
	narrow := ratelimit.Limit{Policy: "p", Key: "narrow", Rate: ratelimit.PerHour(1), Cost: 1}
	take(t, s, narrow)
	states := make([]ratelimit.State, 2)
	if err := s.Take(t.Context(), []ratelimit.Limit{wide, narrow}, states); err != nil || states[1].Allowed {
		t.Fatalf("Take = %+v, %v, want a refusal", states, err)
	}
	wide.Cost = 0
	if st := take(t, s, wide); st.Remaining != 10 {
		t.Errorf("after a refused call %d of 10 remain", st.Remaining)
	}
}

// A charge that could not be given back stays, and nobody knows how the bucket stands.
func TestAChargeThatCannotBeGivenBackIsUnknown(t *testing.T) {
	var replies [][]int64
	s := newStore(t, redisstore.Config{OnDegraded: func(bool, error) {}, Client: clientFunc(func(context.Context, string) ([]int64, error) {
		if len(replies) == 0 {
			return nil, errDown
		}
		reply := replies[0]
		replies = replies[1:]
		return reply, nil
	})})
	limit := func(key string) ratelimit.Limit {
		return ratelimit.Limit{Policy: "p", Key: key, Rate: ratelimit.PerSecond(1), Cost: 1}
	}
	replies = [][]int64{{1, 1_000_000}, {0, 1_000_000}}
	states := make([]ratelimit.State, 2)
	err := s.Take(t.Context(), []ratelimit.Limit{limit("ann"), limit("bob")}, states)
	if err != nil || states[0] != (ratelimit.State{Allowed: true, Unknown: true}) || states[1].Allowed {
		t.Errorf("Take = %+v, %v, want the first unknown and the second refused", states, err)
	}
}

// What nobody has charged is not given back.
func TestAnUnknownLimitGetsNothingBack(t *testing.T) {
	calls := 0
	s := newStore(t, redisstore.Config{Mode: redisstore.FailOpen, OnDegraded: func(bool, error) {}, Client: clientFunc(func(context.Context, string) ([]int64, error) {
		if calls++; calls == 1 {
			return nil, errDown
		}
		return []int64{0, 1_000_000}, nil
	})})
	limits := []ratelimit.Limit{
		{Policy: "p", Key: "ann", Rate: ratelimit.PerSecond(1), Cost: 1},
		{Policy: "p", Key: "bob", Rate: ratelimit.PerSecond(1), Cost: 1},
	}
	states := make([]ratelimit.State, 2)
	if err := s.Take(t.Context(), limits, states); err != nil || states[1].Allowed || calls != 2 {
		t.Errorf("Take = %+v, %v after %d calls of Redis, want a refusal after two", states, err, calls)
	}
}
