package ratelimittest

import (
	"math"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
)

// The checks of forced charges, which are admitted whether they fit or not.

func (s *script) forced(key string, burst, cost int) ratelimit.Limit {
	l := s.limit(key, burst, cost)
	l.Force = true
	return l
}

func forced(s *script) {
	ann := s.limit("ann", 3, 1)
	s.expect(s.forced("ann", 3, 0), state{allowed, 3, 0, 0}) // a peek
	s.expect(s.forced("ann", 3, 2), state{allowed, 1, 2, 0}) // what fits is a charge
	s.expect(s.forced("ann", 3, 5), state{allowed, 0, 7, 0}) // what exceeds the burst, too
	s.expect(s.forced("ann", 3, 1), state{allowed, 0, 8, 0}) // and what finds nothing left
	wait := s.expect(ann, state{refused, 0, 8, 6}).RetryAfter
	s.expect(s.forced("ann", 3, 0), state{allowed, 0, 8, 6})
	s.expect(s.limit("ann", 3, 4), state{refused, 0, 8, never})

	s.advance(wait - s.harness.Resolution)
	if got := s.take(ann)[0]; got.Allowed {
		s.Errorf("%s = allowed, want refused: RetryAfter was %v, %v before", s.call(ann), wait, s.harness.Resolution)
	}
	s.advance(s.harness.Resolution)
	s.expect(ann, state{allowed, 0, 3, 0})
	s.expect(s.limit("bob", 3, 1), state{allowed, 2, 1, 0})

	// Another rate finds the same debt.
	s.expect(s.forced("joe", 3, 9), state{allowed, 0, 9, 0})
	s.expect(s.limit("joe", 10, 1), state{allowed, 0, 10, 0})
	s.expect(s.limit("joe", 2, 1), state{refused, 0, 10, 9})
}

func forcedBound(s *script) {
	const most = 366 * 24 * time.Hour
	near := func(call string, got time.Duration) {
		s.Helper()
		if got > most || got < most-s.unit-s.harness.Resolution-s.late() {
			s.Errorf("%s = a debt of %v, want %v at most, and nearly so", call, got, most)
		}
	}
	for _, cost := range []int{math.MaxInt, math.MaxInt32, 1, math.MaxInt} {
		l := s.forced("ann", 3, cost)
		got := s.take(l)[0]
		if !got.Allowed || got.Remaining != 0 || got.RetryAfter != 0 {
			s.Errorf("%s = %+v, want allowed, with nothing left", s.call(l), got)
		}
		near(s.call(l), got.ResetAfter)
	}
	l := s.limit("ann", 3, 1)
	got := s.take(l)[0]
	if got.Allowed {
		s.Errorf("%s = allowed, want refused", s.call(l))
	}
	near(s.call(l), got.RetryAfter+2*s.unit)

	// A refund that is larger than any debt forgives it.
	s.expect(s.limit("ann", 3, math.MinInt), state{allowed, 3, 0, 0})
}

func refundBesideForced(s *script) {
	s.expect(s.limit("ann", 3, 2), state{allowed, 1, 2, 0})
	s.expect(s.forced("ann", 3, 4), state{allowed, 0, 6, 0})
	s.expect(s.limit("ann", 3, -2), state{allowed, 0, 4, 0})
	s.expect(s.limit("ann", 3, 1), state{refused, 0, 4, 2})
	s.advance(s.units(1.5))
	s.expect(s.limit("ann", 3, -1), state{allowed, 1, 1.5, 0})
}

func forcedAmongOthers(s *script) {
	force, other := s.forced("ann", 2, 5), s.limit("ann", 2, 2)
	force.Policy, other.Policy = "forced", "other"
	both := []ratelimit.Limit{force, other}
	s.both(both, state{allowed, 0, 5, 0}, state{allowed, 0, 2, 0})
	// Now the other refuses, so nothing is forced either; there is room for it.
	s.both(both, state{allowed, 0, 5, 0}, state{refused, 0, 2, 2})
	both[0], both[1] = both[1], both[0]
	s.both(both, state{refused, 0, 2, 2}, state{allowed, 0, 5, 0})
	force.Cost, other.Cost = 0, 0
	s.expect(force, state{allowed, 0, 5, 4})
	s.expect(other, state{allowed, 0, 2, 1})
}
