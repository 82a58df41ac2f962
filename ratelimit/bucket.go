package ratelimit

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// plan is a [Rate] in the units of x/time/rate. Two rates with the same plan
// are the same rate.
type plan struct {
	perSecond rate.Limit
	burst     int
}

func planOf(r Rate) plan {
	return plan{rate.Limit(float64(r.Limit) / r.Per.Seconds()), r.burst()}
}

// nanos is the time in which a number of tokens comes back.
func (p plan) nanos(tokens float64) float64 {
	return tokens / float64(p.perSecond) * float64(time.Second)
}

// fits reports whether AllowN would admit a cost of n to a bucket that holds
// so many tokens. It is the same expression as there, with the same tolerance:
// what is back within a nanosecond counts as back.
func (p plan) fits(tokens float64, n int) bool {
	return n <= p.burst && time.Duration(p.nanos(float64(n)-tokens)) <= 0
}

// remaining is the highest n that fits, or 0.
func (p plan) remaining(tokens float64) int {
	n := int(tokens + float64(p.perSecond)*time.Nanosecond.Seconds())
	if !p.fits(tokens, n) {
		n-- // the two expressions round differently at the very edge
	}
	return min(max(n, 0), p.burst)
}

// tokens is what a bucket of a given debt holds: fewer than none, if the debt is
// of a time when more could be owed.
func (p plan) tokens(debt time.Duration) float64 {
	return float64(p.burst) - float64(p.perSecond)*debt.Seconds()
}

// debt is the time until a bucket that holds so many tokens is full.
func (p plan) debt(tokens float64) time.Duration {
	return p.up(p.nanos(float64(p.burst) - tokens))
}

// up rounds nanoseconds up, less what the computation of a float64 may have
// put on top: an exact second must not become two in a header.
func (p plan) up(nanos float64) time.Duration {
	noise := max(nanos, p.nanos(float64(p.burst))) * 0x1p-50
	return max(time.Duration(math.Ceil(nanos-noise)), 0)
}

// newBucket returns a bucket of a given debt at the instant now. It was empty
// when its debt was τ, which is how x/time/rate is told about a debt.
func (p plan) newBucket(now time.Time, debt time.Duration) *rate.Limiter {
	b := rate.NewLimiter(p.perSecond, p.burst)
	if debt > 0 {
		fill := p.up(p.nanos(float64(p.burst)))
		b.AllowN(now.Add(min(debt, fill)-fill), p.burst)
	}
	return b
}
