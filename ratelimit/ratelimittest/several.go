package ratelimittest

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
)

func independence(s *script) {
	s.expect(s.limit("ann", 1, 1), state{allowed, 0, 1, 0})
	s.expect(s.limit("ann", 1, 1), state{refused, 0, 1, 1})
	s.expect(s.limit("bob", 1, 1), state{allowed, 0, 1, 0})

	other := s.limit("ann", 1, 1)
	other.Policy = "other"
	s.expect(other, state{allowed, 0, 1, 0})

	// Where the policy ends and the key begins must be part of the bucket.
	left, right := s.limit("bc", 1, 1), s.limit("c", 1, 1)
	left.Policy, right.Policy = "a", "ab"
	s.expect(left, state{allowed, 0, 1, 0})
	s.expect(right, state{allowed, 0, 1, 0})
	s.expect(s.limit("", 1, 1), state{allowed, 0, 1, 0})
}

// admitted reports whether every limit of a call had room.
func admitted(states []ratelimit.State) bool {
	return !slices.ContainsFunc(states, func(s ratelimit.State) bool { return !s.Allowed })
}

// both takes two limits and compares their states. In a refused call a state may be
// Unknown, because a store may stop at the first limit that has no room.
func (s *script) both(limits []ratelimit.Limit, want ...state) {
	s.Helper()
	states := s.take(limits...)
	for i, got := range states {
		if !admitted(states) && got.Unknown && got.Allowed {
			continue
		}
		s.compare(s.call(limits[i]), got, want[i])
	}
}

func allOrNothing(s *script) {
	wide, narrow := s.limit("ann", 5, 1), s.limit("ann", 2, 1)
	wide.Policy, narrow.Policy = "wide", "narrow"
	s.playBoth(wide, narrow)
}

func severalKeys(s *script) {
	wide, narrow := s.limit("address", 5, 1), s.limit("token", 2, 1)
	wide.Policy, narrow.Policy = "wide", "narrow"
	s.playBoth(wide, narrow)
}

func (s *script) playBoth(wide, narrow ratelimit.Limit) {
	limits := []ratelimit.Limit{wide, narrow} // the last one refuses
	s.both(limits, state{allowed, 4, 1, 0}, state{allowed, 1, 1, 0})
	s.both(limits, state{allowed, 3, 2, 0}, state{allowed, 0, 2, 0})
	s.both(limits, state{allowed, 3, 2, 0}, state{refused, 0, 2, 1})
	slices.Reverse(limits) // and now the first
	s.both(limits, state{refused, 0, 2, 1}, state{allowed, 3, 2, 0})

	wide.Cost, narrow.Cost = 0, 0
	s.expect(wide, state{allowed, 3, 2, 0})
	s.expect(narrow, state{allowed, 0, 2, 1})

	wide.Cost, narrow.Cost = -1, -1
	s.both([]ratelimit.Limit{wide, narrow}, state{allowed, 4, 1, 0}, state{allowed, 1, 1, 0})

	wide.Cost, narrow.Cost = 4, 0 // a peek beside a charge
	s.both([]ratelimit.Limit{wide, narrow}, state{allowed, 0, 5, 0}, state{allowed, 1, 1, 0})
}

func concurrent(s *script) {
	const callers, calls = 50, 20
	limit := ratelimit.Limit{Policy: "policy", Key: "ann", Rate: ratelimit.PerDay(callers * calls), Cost: 1}
	seen := make([][]int, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			states := make([]ratelimit.State, 1)
			for range calls {
				if err := s.store.Take(s.Context(), []ratelimit.Limit{limit}, states); err != nil || !states[0].Allowed {
					s.Errorf("concurrent Take = %v, error %v, want allowed", verdict(states[0].Allowed), err)
					return
				}
				seen[i] = append(seen[i], states[0].Remaining)
			}
		})
	}
	wg.Wait()
	for i, mine := range seen {
		if !slices.IsSortedFunc(mine, func(a, b int) int { return b - a }) {
			s.Errorf("caller %d saw Remaining %v, want fewer each time", i, mine)
		}
	}
	all := slices.Concat(seen...)
	slices.Sort(all)
	if distinct := len(slices.Compact(all)); distinct != callers*calls {
		s.Errorf("%d concurrent calls saw %d different values of Remaining, want %[1]d", callers*calls, distinct)
	}
	if got := s.take(limit)[0]; got.Allowed {
		s.Errorf("Take after the burst = allowed, want refused")
	}
}

func oppositeOrder(s *script) {
	ann, bob := s.limit("ann", 1, 1), s.limit("bob", 1, 1)
	ann.Rate, bob.Rate = ratelimit.PerDay(200), ratelimit.PerDay(200)
	var wg sync.WaitGroup
	for i := range 20 {
		limits := []ratelimit.Limit{ann, bob}
		if i%2 == 1 {
			slices.Reverse(limits)
		}
		wg.Go(func() {
			for range 10 {
				if err := s.store.Take(s.Context(), limits, make([]ratelimit.State, 2)); err != nil {
					s.Errorf("concurrent Take of two limits = error %v, want a decision", err)
				}
			}
		})
	}
	wg.Wait()
	for _, l := range []ratelimit.Limit{ann, bob} {
		l.Cost = 0
		if got := s.take(l)[0].Remaining; got != 0 {
			s.Errorf("%q has %d left after 200 of 200 were taken, want 0", l.Key, got)
		}
	}
}

func faults(s *script) {
	good := s.limit("ann", 5, 1)
	with := func(change func(*ratelimit.Limit)) []ratelimit.Limit {
		bad := s.limit("bob", 5, 1)
		change(&bad)
		return []ratelimit.Limit{good, bad}
	}
	for _, c := range []struct {
		name   string
		limits []ratelimit.Limit
		states int
	}{
		{"fewer states than limits", []ratelimit.Limit{good}, 0},
		{"more states than limits", []ratelimit.Limit{good}, 2},
		{"the same bucket twice", with(func(l *ratelimit.Limit) { l.Key = "ann" }), 2},
		{"a charge and a refund", with(func(l *ratelimit.Limit) { l.Cost = -1 }), 2},
		{"a forced refund", []ratelimit.Limit{s.forced("bob", 5, -1)}, 1},
		{"a forced charge and a refund", []ratelimit.Limit{s.limit("ann", 5, -1), s.forced("bob", 5, 1)}, 2},
	} {
		s.fault(c.name, c.limits, c.states, false)
	}
	good.Cost = 0
	s.expect(good, state{allowed, 5, 0, 0})
	s.take() // no limits: nothing to decide
}

func unusableRates(s *script) {
	good := s.limit("ann", 5, 1)
	for name, r := range map[string]ratelimit.Rate{
		"no rate":                            {},
		"a blocked rate":                     ratelimit.Blocked(),
		"a limit of 0":                       {Per: time.Minute, Burst: 5},
		"a negative limit":                   ratelimit.PerMinute(-1),
		"a negative time":                    {Limit: 1, Per: -time.Second},
		"a negative burst":                   ratelimit.PerMinute(1).WithBurst(-1),
		"more than one unit per microsecond": ratelimit.PerSecond(1_000_001),
		"more than 366 days to fill":         ratelimit.PerDay(1).WithBurst(367),
		"no limit at all":                    ratelimit.Unlimited(),
	} {
		for _, force := range []bool{false, true} {
			bad := ratelimit.Limit{Policy: "policy", Key: "bob", Rate: r, Cost: 1, Force: force}
			s.fault(name, []ratelimit.Limit{good, bad}, 2, true)
		}
	}
	good.Cost = 0
	s.expect(good, state{allowed, 5, 0, 0})
}

// fault expects that a call returns an error.
func (s *script) fault(name string, limits []ratelimit.Limit, states int, ofRate bool) {
	s.Helper()
	err := s.store.Take(s.Context(), limits, make([]ratelimit.State, states))
	if err == nil {
		s.Errorf("Take with %s = no error, want one", name)
	}
	if errors.Is(err, ratelimit.ErrRate) != ofRate {
		s.Errorf("Take with %s = error %v; is ErrRate: %t, want %t", name, err, !ofRate, ofRate)
	}
}

func slicesStay(s *script) {
	limits := []ratelimit.Limit{s.limit("ann", 2, 1)}
	before := slices.Clone(limits)
	states := []ratelimit.State{{Remaining: 99, ResetAfter: time.Hour, RetryAfter: time.Hour, Degraded: true, Unknown: true}}
	for i := range 3 { // with the refusal
		if err := s.store.Take(s.Context(), limits, states); err != nil {
			s.Fatal(err)
		}
		if !slices.Equal(limits, before) {
			s.Fatalf("Take changed the limits to %+v, want %+v", limits, before)
		}
		s.compare("Take with used states", states[0], []state{
			{allowed, 1, 1, 0}, {allowed, 0, 2, 0}, {refused, 0, 2, 1},
		}[i])
		if i < 2 {
			states[0] = ratelimit.State{Remaining: 99, ResetAfter: time.Hour, RetryAfter: time.Hour, Degraded: true, Unknown: true}
		}
	}
	// What was taken stays taken, whatever becomes of the slices.
	clear(limits)
	clear(states)
	s.expect(s.limit("ann", 2, 1), state{refused, 0, 2, 1})
}
