package ratelimit

import (
	"time"

	"golang.org/x/time/rate"
)

// claim is one limit of a call, while its shard is locked.
type claim struct {
	id     bucketID
	shard  *shard
	at     int           // index of the entry, -1 if there is none
	plan   plan          // of this call
	bucket *rate.Limiter // nil is a full one that nobody knows
	writer plan          // of the bucket
	tokens float64       // at the plan of this call
}

// find looks up the bucket.
func (c *claim) find(at time.Time) {
	c.writer = c.plan
	c.at = c.shard.index.find(c.shard.entries, c.id)
	if c.at >= 0 {
		e := &c.shard.entries[c.at]
		c.bucket, c.writer = e.bucket, e.plan
	}
	c.tokens = c.tokensAt(at)
}

// tokensAt is what the bucket holds at the plan of this call. A bucket of
// another plan is judged by its debt.
func (c *claim) tokensAt(t time.Time) float64 {
	switch {
	case c.bucket == nil:
		return float64(c.plan.burst)
	case c.writer != c.plan:
		return c.plan.tokens(c.writer.debt(c.bucket.TokensAt(t)))
	}
	return c.bucket.TokensAt(t)
}

// take takes a cost that fits, or gives back a negative one. Peeks, and refunds
// to a bucket that nobody knows, leave no trace.
//
// AllowN cannot refuse, because fits has its predicate. To a negative cost it
// adds tokens, and forgets what is above the burst. What is left afterwards is
// what TokensAt would say.
func (c *claim) take(at time.Time, cost int) {
	if cost == 0 || c.bucket == nil && cost < 0 {
		return
	}
	c.tokens = min(c.tokens-float64(cost), float64(c.plan.burst))
	if c.bucket != nil && c.writer == c.plan {
		c.bucket.AllowN(at, cost)
		return
	}
	// A refund leaves the bucket to its writer: this plan may be unable to hold
	// what is left of the debt.
	if cost > 0 {
		c.writer = c.plan
	}
	c.bucket = c.writer.newBucket(at, c.plan.debt(c.tokens))
}

// state derives all numbers from the tokens of one instant.
func (c *claim) state(at time.Time, allowed bool, cost int) State {
	s := State{
		Allowed:    allowed,
		Remaining:  c.plan.remaining(c.tokens),
		ResetAfter: c.plan.debt(c.tokens),
	}
	if cost == 0 {
		cost = 1 // a peek asks for one unit
	} else if allowed {
		return s
	}
	if !c.plan.fits(c.tokens, cost) {
		s.RetryAfter = c.wait(at, cost)
	}
	return s
}

// wait is the earliest time, from at, at which a cost of n fits.
func (c *claim) wait(at time.Time, n int) time.Duration {
	if n > c.plan.burst {
		return Never
	}
	d := c.plan.up(c.plan.nanos(float64(n) - c.tokens))
	// The bucket itself has the last word, so that waiting cannot fail. After a
	// year its float64 is some nanoseconds off, no more.
	for !c.plan.fits(c.tokensAt(at.Add(d)), n) {
		d++
	}
	return d
}

// update writes what take has done to a bucket that the shard knows.
func (c *claim) update(cost int, fullAt time.Duration) {
	if c.at >= 0 && cost != 0 {
		e := &c.shard.entries[c.at]
		e.bucket, e.plan, e.fullAt = c.bucket, c.writer, fullAt
	}
}

// insert adds a bucket that the shard does not know, already charged.
func (c *claim) insert(now, fullAt time.Duration) {
	if c.at < 0 && c.bucket != nil {
		c.shard.add(entry{c.id, c.bucket, c.writer, fullAt}, now)
	}
}
