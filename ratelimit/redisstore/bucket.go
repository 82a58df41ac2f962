package redisstore

import (
	"fmt"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
)

// bucket is a rate in whole microseconds, which Lua's numbers hold exactly.
type bucket struct {
	unit int64 // until one unit is back
	fill int64 // from empty to full
}

// maxFill is the time from empty to full of the slowest rate there is, and
// maxDebt the same in microseconds.
const (
	maxFill = 366 * 24 * time.Hour
	maxDebt = int64(maxFill / time.Microsecond)
)

func bucketOf(r ratelimit.Rate) bucket {
	unit := r.Per.Microseconds() / int64(r.Limit)
	return bucket{unit, unit * int64(burstOf(r))}
}

func burstOf(r ratelimit.Rate) int {
	if r.Burst == 0 {
		return r.Limit
	}
	return r.Burst
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
	unit := time.Duration(bucketOf(r).unit) * time.Microsecond
	if lost := r.Per - unit*time.Duration(r.Limit); lost > r.Per/100 {
		return fmt.Errorf("%w: %d per %v is no whole number of microseconds per unit", ratelimit.ErrRate, r.Limit, r.Per)
	}
	return nil
}

// charge is a cost in microseconds. A cost beyond the burst is cut to one that
// cannot fit either, and a refund to one that fills any bucket: products of
// callers' numbers could overflow.
func (b bucket) charge(cost int) int64 {
	return b.unit * min(max(int64(cost), -maxDebt/b.unit-1), b.fill/b.unit+1)
}

func (b bucket) fits(debt int64, cost int) bool {
	return cost <= 0 || debt+b.charge(cost) <= b.fill
}

// state derives every number from the debt of one instant, which may be above
// b.fill if it was made at another rate.
func (b bucket) state(debt int64, cost int, allowed bool) ratelimit.State {
	s := ratelimit.State{
		Allowed:    allowed,
		Remaining:  int(max(b.fill-debt, 0) / b.unit),
		ResetAfter: time.Duration(debt) * time.Microsecond,
	}
	switch {
	case !allowed && b.charge(cost) > b.fill:
		s.RetryAfter = ratelimit.Never
	case !allowed:
		s.RetryAfter = time.Duration(debt+b.charge(cost)-b.fill) * time.Microsecond
	case cost == 0:
		s.RetryAfter = time.Duration(max(debt+b.unit-b.fill, 0)) * time.Microsecond
	}
	return s
}
