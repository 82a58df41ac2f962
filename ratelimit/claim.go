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
	bucket *rate.Limiter // of this plan: the entry's, a converted copy, or nil, which is full
	tokens float64
}

// find looks up the bucket at the plan of this call. A bucket of another plan
// is judged through a copy that has the same debt.
func (c *claim) find(at time.Time) {
	c.at = c.shard.index.find(c.shard.entries, c.id)
	if c.at < 0 {
		c.tokens = float64(c.plan.burst)
		return
	}
	e := &c.shard.entries[c.at]
	c.bucket = e.bucket
	if e.plan != c.plan {
		c.bucket = c.plan.newBucket(at, e.plan.debt(e.bucket.TokensAt(at)))
	}
	c.tokens = c.bucket.TokensAt(at)
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
	if c.bucket == nil {
		c.bucket = c.plan.newBucket(at, 0)
	}
	c.bucket.AllowN(at, cost)
	c.tokens = min(c.tokens-float64(cost), float64(c.plan.burst))
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
		s.RetryAfter = c.plan.wait(c.bucket, at, c.tokens, cost)
	}
	return s
}

// update writes what take has done to a bucket that the shard knows.
func (c *claim) update(cost int, fullAt time.Duration) {
	if c.at >= 0 && cost != 0 {
		e := &c.shard.entries[c.at]
		e.bucket, e.plan, e.fullAt = c.bucket, c.plan, fullAt
	}
}

// insert adds a bucket that the shard does not know, already charged.
func (c *claim) insert(now, fullAt time.Duration) {
	if c.at < 0 && c.bucket != nil {
		c.shard.add(entry{c.id, c.bucket, c.plan, fullAt}, now)
	}
}
