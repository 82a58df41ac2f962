// Package bucket is the arithmetic of token buckets. A bucket is one number: its
// debt, the time until it is full. All other numbers follow from the debt and a
// [Plan], in integers, so the stores of this module cannot disagree.
package bucket

import (
	"cmp"
	"math"
	"math/bits"
	"time"
)

// Most is the largest debt of a bucket: the time from empty to full of the slowest
// rate, and the bound of a forced charge.
const Most = 366 * 24 * time.Hour

// Never is the wait of a cost above the burst.
const Never time.Duration = math.MaxInt64

// beyond stands for a charge that no bucket can hold. Sums with it do not overflow,
// and it is a multiple of every tick.
const beyond time.Duration = 2 * Most

// Plan is a rate in whole ticks of the clock of a store.
type Plan struct {
	Unit time.Duration // time until one unit is back
	Fill time.Duration // time from empty to full; at most [Most] if the rate is usable
}

// Of returns the plan of a rate: limit units per per, and burst units at once, where
// 0 means limit. A unit is rounded down to whole ticks.
func Of(limit int, per time.Duration, burst int, tick time.Duration) Plan {
	p := Plan{Unit: per / time.Duration(limit)}
	p.Unit -= p.Unit % tick
	p.Fill = p.Charge(cmp.Or(burst, limit))
	return p
}

// Charge is the debt that a cost makes, negative for a refund. It is at most twice
// [Most], because the product of a caller's numbers could overflow.
func (p Plan) Charge(cost int) time.Duration {
	// -cost of the smallest int is itself, and right as a uint64.
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

// Fits reports whether a bucket has room for a cost. A peek and a refund always fit.
func (p Plan) Fits(debt time.Duration, cost int) bool {
	return cost <= 0 || debt+p.Charge(cost) <= p.Fill
}

// After is the debt after a cost was charged or refunded, even if it does not fit:
// from 0, a full bucket, to [Most].
func (p Plan) After(debt time.Duration, cost int) time.Duration {
	return min(max(debt+p.Charge(cost), 0), Most)
}

// Remaining is how many single units fit. The debt may exceed p.Fill, if it was
// forced or made at another rate.
func (p Plan) Remaining(debt time.Duration) int {
	return int(max(p.Fill-debt, 0) / p.Unit)
}

// RetryAfter is the time until a cost fits, if nobody else takes units, or [Never]. A
// cost of 0 asks about one unit.
func (p Plan) RetryAfter(debt time.Duration, cost int) time.Duration {
	charge := p.Charge(max(cost, 1))
	if charge > p.Fill {
		return Never
	}
	return max(debt+charge-p.Fill, 0)
}
