// Package bucket is the arithmetic of token buckets. A bucket is one number: its
// debt, the time until it is full. Everything else follows from that and from a
// [Plan], in integers, so the stores of this module cannot disagree.
package bucket

import (
	"cmp"
	"math"
	"math/bits"
	"time"
)

// Most is the most that a bucket can owe: the time from empty to full of the
// slowest rate, and the bound of a forced charge.
const Most = 366 * 24 * time.Hour

// Never is how long a cost above the burst has to wait.
const Never time.Duration = math.MaxInt64

// beyond stands for a charge that no bucket can hold. Sums with it do not
// overflow, and it is whole in every resolution.
const beyond time.Duration = 2 * Most

// Plan is a rate in whole ticks of the clock of a store.
type Plan struct {
	Unit time.Duration // until one unit is back
	Fill time.Duration // from empty to full, at most [Most]
}

// Of returns the plan of a rate: limit units per a time, and burst units at once,
// where 0 means limit. A unit is rounded down to whole ticks.
func Of(limit int, per time.Duration, burst int, tick time.Duration) Plan {
	p := Plan{Unit: per / time.Duration(limit)}
	p.Unit -= p.Unit % tick
	p.Fill = p.Charge(cmp.Or(burst, limit))
	return p
}

// Charge is the debt that a cost makes, negative for a refund. It ends at twice of
// what any bucket can owe, because products of callers' numbers could overflow.
func (p Plan) Charge(cost int) time.Duration {
	// In two's complement the size of the least int is right, too.
	hi, lo := bits.Mul64(uint64(max(cost, -cost)), uint64(p.Unit))
	debt := beyond
	if hi == 0 && lo < uint64(beyond) {
		debt = time.Duration(lo)
	}
	if cost < 0 {
		return -debt
	}
	return debt
}

// Fits reports whether a bucket has room for a cost. It has always for a peek and
// a refund.
func (p Plan) Fits(debt time.Duration, cost int) bool {
	return cost <= 0 || debt+p.Charge(cost) <= p.Fill
}

// After is the debt after a cost was charged, or refunded, whether it fits or not:
// from 0, which is full, to [Most].
func (p Plan) After(debt time.Duration, cost int) time.Duration {
	return min(max(debt+p.Charge(cost), 0), Most)
}

// Remaining is how many single units fit. The debt may be more than a full bucket
// can owe, if it was forced or made at another rate.
func (p Plan) Remaining(debt time.Duration) int {
	return int(max(p.Fill-debt, 0) / p.Unit)
}

// RetryAfter is when a cost fits that does not fit now, if nobody else takes, or
// [Never]. A cost of 0 asks about one unit.
func (p Plan) RetryAfter(debt time.Duration, cost int) time.Duration {
	charge := p.Charge(max(cost, 1))
	if charge > p.Fill {
		return Never
	}
	return max(debt+charge-p.Fill, 0)
}
