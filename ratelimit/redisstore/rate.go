package redisstore

import (
	"fmt"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/internal/bucket"
)

// planOf returns the plan of a rate in whole microseconds, which the numbers of Lua
// hold exactly.
func planOf(r ratelimit.Rate) bucket.Plan {
	return bucket.Of(r.Limit, r.Per, r.Burst, time.Microsecond)
}

// CheckRate returns an error that matches [ratelimit.ErrRate] if r cannot be counted
// in whole microseconds. The time per unit is rounded down to microseconds, and the
// resulting rate must be within one percent of r. All rates of at most 10,000 per
// second are; above that, count in larger units. [ratelimit.New] calls CheckRate.
func (s *Store) CheckRate(r ratelimit.Rate) error {
	var states [1]ratelimit.State
	if err := ratelimit.Check([]ratelimit.Limit{{Rate: r}}, states[:]); err != nil {
		return err
	}
	return checkExact(r)
}

// checkExact is CheckRate for a rate that has passed [ratelimit.Check].
func checkExact(r ratelimit.Rate) error {
	if lost := r.Per - planOf(r).Unit*time.Duration(r.Limit); lost > r.Per/100 {
		return fmt.Errorf("%w: %d per %v is not a whole number of microseconds per unit", ratelimit.ErrRate, r.Limit, r.Per)
	}
	return nil
}

// stateOf derives every number from the debt of one instant. The debt may exceed
// p.Fill, if it was forced or made at another rate.
func stateOf(p bucket.Plan, debt time.Duration, cost int, allowed bool) ratelimit.State {
	s := ratelimit.State{Allowed: allowed, Remaining: p.Remaining(debt), ResetAfter: debt}
	if !allowed || cost == 0 {
		s.RetryAfter = p.RetryAfter(debt, cost)
	}
	return s
}
