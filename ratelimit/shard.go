package ratelimit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// bucketID is the hash of a policy and a key.
type bucketID [2]uint64

// shard is a part of the buckets of a [Memory]. Entries lie side by side, so
// that a victim is found by an index and not by walking a map.
type shard struct {
	mu      sync.Mutex
	latest  time.Duration // the latest instant that the shard has seen
	index   index
	entries []entry
	cap     int
	cursor  int // where the next inspection begins

	evictions     uint64
	evictedInDebt uint64

	_ [32]byte // to a multiple of 128: a cache line of its own, and its neighbour's prefetch
}

type entry struct {
	id     bucketID
	bucket *rate.Limiter
	plan   plan
	fullAt time.Duration
}

// inspected is how many entries an insertion looks at.
const inspected = 8

// find looks up the bucket of c, at the plan of this call. What is missing is
// full.
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

// take takes the cost from the bucket. It cannot fail, because fits has the
// predicate of AllowN. A negative cost adds tokens, of which the bucket forgets
// what is above its burst. What is left is what TokensAt would say.
func (c *claim) take(at time.Time, cost int) {
	c.bucket.AllowN(at, cost)
	c.tokens = min(c.tokens-float64(cost), float64(c.plan.burst))
}

// charge takes the cost from a bucket that exists.
func (c *claim) charge(at time.Time, now time.Duration, cost int) {
	if c.at < 0 || cost == 0 {
		return
	}
	c.take(at, cost)
	e := &c.shard.entries[c.at]
	e.bucket, e.plan, e.fullAt = c.bucket, c.plan, now+c.plan.debt(c.tokens)
}

// insert gives a key without a bucket one that is charged already. Peeks and
// refunds leave no trace.
func (c *claim) insert(at time.Time, now time.Duration, cost int) {
	if c.at >= 0 || cost <= 0 {
		return
	}
	c.bucket = c.plan.newBucket(at, 0)
	c.take(at, cost)
	c.shard.add(entry{c.id, c.bucket, c.plan, now + c.plan.debt(c.tokens)}, now)
}

// describe derives all numbers of a state from the tokens of one instant.
func (c *claim) describe(s *State, at time.Time, cost int) {
	s.Remaining = c.plan.remaining(c.tokens)
	s.ResetAfter = c.plan.debt(c.tokens)
	switch {
	case !s.Allowed:
		s.RetryAfter = c.wait(at, cost)
	case cost == 0:
		s.RetryAfter = c.wait(at, 1)
	}
}

func (c *claim) wait(at time.Time, n int) time.Duration {
	if c.plan.fits(c.tokens, n) {
		return 0
	}
	return c.plan.wait(c.bucket, at, c.tokens, n)
}

// add stores an entry and keeps the shard within its cap.
func (s *shard) add(e entry, now time.Duration) {
	s.makeRoom(now)
	s.index = s.index.grown(s.entries)
	if n := len(s.entries); n == cap(s.entries) {
		// By halves at most to the cap, where append would go beyond.
		s.entries = append(make([]entry, 0, min(n+n/2+8, s.cap)), s.entries...)
	}
	s.entries = append(s.entries, e)
	s.index[s.index.slot(s.entries, e.id)] = uint32(len(s.entries))
}

// makeRoom inspects a few entries and drops those that are full: a new bucket
// starts full, so nobody can tell. If there is still no room, it drops the one
// that would be full soonest, which forgives the least debt.
func (s *shard) makeRoom(now time.Duration) {
	soonest := -1
	for range min(inspected, len(s.entries)) {
		if s.cursor >= len(s.entries) {
			s.cursor = 0
		}
		fullAt := s.entries[s.cursor].fullAt
		if fullAt <= now {
			s.drop(s.cursor) // the cursor now points at what was the last entry
			soonest = -1     // and there is room
			continue
		}
		if soonest < 0 || fullAt < s.entries[soonest].fullAt {
			soonest = s.cursor
		}
		s.cursor++
	}
	if len(s.entries) >= s.cap {
		s.evictedInDebt++
		s.drop(soonest)
	}
}

func (s *shard) drop(i int) {
	last := len(s.entries) - 1
	s.index.remove(s.entries, s.entries[i].id)
	if i != last {
		s.index[s.index.slot(s.entries, s.entries[last].id)] = uint32(i + 1)
		s.entries[i] = s.entries[last]
	}
	s.entries[last] = entry{}
	s.entries = s.entries[:last]
	s.evictions++
}

// Stats says how full a [Memory] is.
type Stats struct {
	Keys          int    // buckets that are kept, full ones included
	Evictions     uint64 // buckets that made room for others so far
	EvictedInDebt uint64 // of these, those that were not full: raise MaxKeys
}

// Stats returns the numbers of this moment, or nearly so: the parts of the
// store are asked one after the other.
func (m *Memory) Stats() Stats {
	var sum Stats
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		sum.Keys += len(s.entries)
		sum.Evictions += s.evictions
		sum.EvictedInDebt += s.evictedInDebt
		s.mu.Unlock()
	}
	return sum
}
