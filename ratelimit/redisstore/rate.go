package redisstore

import (
	"fmt"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/internal/bucket"
)

// planOf counts in whole microseconds, which Lua's numbers hold exactly.
func planOf(r ratelimit.Rate) bucket.Plan {
	return bucket.Of(r.Limit, r.Per, r.Burst, time.Microsecond)
}

// CheckRate returns an error that wraps [ratelimit.ErrRate] if r cannot be
// counted in whole microseconds: the time per unit is rounded down to them, and
// the rate that results must be within one percent. All rates of at most 10,000
// per second are; above them, count in larger units.
func (s *Store) CheckRate(r ratelimit.Rate) error {
	var states [1]ratelimit.State
	if err := ratelimit.Check([]ratelimit.Limit{{Rate: r}}, states[:]); err != nil {
		return err
	}
	return checkExact(r)
}

// checkExact expects a rate that is usable otherwise.
func checkExact(r ratelimit.Rate) error {
	if lost := r.Per - planOf(r).Unit*time.Duration(r.Limit); lost > r.Per/100 {
		return fmt.Errorf("%w: %d per %v is no whole number of microseconds per unit", ratelimit.ErrRate, r.Limit, r.Per)
	}
	return nil
}

// stateOf derives every number from the debt of one instant, which may be above
// p.Fill if it was forced or made at another rate.
func stateOf(p bucket.Plan, debt time.Duration, cost int, allowed bool) ratelimit.State {
	s := ratelimit.State{Allowed: allowed, Remaining: p.Remaining(debt), ResetAfter: debt}
	if !allowed || cost == 0 {
		s.RetryAfter = p.RetryAfter(debt, cost)
	}
	return s
}
