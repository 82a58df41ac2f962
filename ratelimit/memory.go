package ratelimit

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
	"sync"
	"time"

	"github.com/backstop-go/backstop/ratelimit/internal/bucket"
)

// MemoryConfig configures a [Memory]. The zero value is usable.
type MemoryConfig struct {
	// MaxKeys is the largest number of buckets. A bucket takes about 40 bytes,
	// however long its key is. Default 65,536.
	MaxKeys int
}

// Memory is a [Store] in this process. It starts no goroutine and needs no
// closing. The zero Memory is not usable; see [NewMemory].
//
// At [MemoryConfig.MaxKeys], a full bucket makes room for a new key. Nobody can
// notice, because a new bucket is full, too. If all buckets are in debt, a new key
// takes the place of a bucket that owed only a small share of its burst, so a flood
// of other keys does not refill a bucket that somebody has emptied. Each call takes
// constant time, even then.
//
// Memory does not wrap [golang.org/x/time/rate]: what a bucket owes is one integer
// here, and a [rate.Limiter] is 80 bytes and floating-point arithmetic. For
// rate.Limiters that a program already has, use [Limiters].
//
// Memory keeps keys as hashes under random seeds. In a test with [testing/synctest],
// make the store inside the bubble, because it reads the clock when it is made.
type Memory struct {
	seeds  [2]maphash.Seed
	start  time.Time
	shards shards  // their number is a power of two
	tables []table // as many or more, a power of two; table i is under the lock of shard i modulo len(shards)
}

const (
	defaultMaxKeys = 1 << 16
	mostKeys       = 1 << 30
	maxShards      = 64 // bits of a uint64
	minTableKeys   = 64
	maxTableKeys   = 4096
)

// NewMemory returns an empty store. It fails if MaxKeys is negative or above
// 2³⁰.
func NewMemory(cfg MemoryConfig) (*Memory, error) {
	keys := cmp.Or(cfg.MaxKeys, defaultMaxKeys)
	if keys < 0 || keys > mostKeys {
		return nil, fmt.Errorf("ratelimit: MaxKeys of %d is not between 1 and %d", keys, mostKeys)
	}
	n := 1
	for n < maxShards && keys/(2*n) >= minTableKeys || keys/n > maxTableKeys {
		n *= 2
	}
	m := &Memory{
		seeds: [...]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		start: time.Now(), shards: make(shards, min(n, maxShards)), tables: make([]table, n),
	}
	for i := range m.tables {
		m.tables[i].cap = (keys + i) / n // the sum is exactly keys
		m.tables[i].rebuild(0)
	}
	return m, nil
}

// claim is the working state of one limit of a call.
type claim struct {
	id    uint64
	where uint16
	table *table
	plan  bucket.Plan
	debt  time.Duration
}

// Take implements [Store]. It fails only for the faults of [Check].
func (m *Memory) Take(_ context.Context, limits []Limit, states []State) error {
	return m.takeAt(time.Since(m.start), limits, states)
}

// takeAt is Take at an instant, which is the time since m.start.
func (m *Memory) takeAt(now time.Duration, limits []Limit, states []State) error {
	if err := checkCall(limits, states); err != nil {
		return err
	}
	if len(limits) == 1 {
		var one [1]claim
		return m.take(now, limits, states, one[:])
	}
	var few [8]claim
	return m.take(now, limits, states, append(few[:0], make([]claim, len(limits))...))
}

// take judges all limits at one instant, and charges all of them or none.
func (m *Memory) take(now time.Duration, limits []Limit, states []State, claims []claim) error {
	now++          // 0 marks a free slot
	var set uint64 // a bit for each shard of this call
	for i := range claims {
		c, l := &claims[i], &limits[i]
		plan, err := l.Rate.plan()
		if err != nil {
			return fmt.Errorf("ratelimit: %w", err)
		}
		policy := maphash.String(m.seeds[0], l.Policy)
		where := maphash.String(m.seeds[1], l.Key) ^ policy
		c.id, c.where = maphash.String(m.seeds[0], l.Key)^bits.RotateLeft64(policy, 32), uint16(where>>48)
		c.plan, c.table = plan, &m.tables[where&uint64(len(m.tables)-1)]
		set |= 1 << (where & uint64(len(m.shards)-1))
	}
	now = m.shards.lock(set, now)
	admitted := true
	for i := range claims {
		c, l := &claims[i], &limits[i]
		c.debt = max(c.table.slot(c.id, c.where).fullAt-now, 0)
		states[i].Allowed = l.Force || c.plan.Fits(c.debt, l.Cost)
		admitted = admitted && states[i].Allowed
	}
	for i := 0; i < len(claims) && admitted; i++ {
		claims[i].charge(&limits[i], now)
	}
	m.shards.unlock(set, now)
	for i := range claims {
		states[i].set(claims[i].plan, claims[i].debt, &limits[i])
	}
	return nil
}

// charge takes a cost, or gives it back if it is negative. A peek changes nothing,
// nor does a refund to a full bucket. Only a positive cost changes fill and burst.
func (c *claim) charge(l *Limit, now time.Duration) {
	if l.Cost == 0 || l.Cost < 0 && c.debt == 0 {
		return
	}
	c.debt = c.plan.After(c.debt, l.Cost)
	e := c.table.place(c.id, c.where, now)
	e.fullAt = now + c.debt
	if l.Cost > 0 {
		e.fill, e.burst = float32(c.plan.Fill), uint16(min(l.Rate.burst(), math.MaxUint16))
	}
}

// Stats says how full a [Memory] is.
type Stats struct {
	Keys          int    // buckets in the store, full ones included
	Evictions     uint64 // buckets that made room for others so far
	EvictedInDebt uint64 // evicted buckets that were not full: raise MaxKeys
}

// Stats returns the numbers of this moment. It reads the parts of the store one
// after the other, so under load the sums are approximate.
func (m *Memory) Stats() (sum Stats) {
	for i := range m.tables {
		t, mu := &m.tables[i], &m.shards[i&(len(m.shards)-1)].mu
		mu.Lock()
		sum.Keys += t.used
		sum.Evictions += t.evictions
		sum.EvictedInDebt += t.evictedInDebt
		mu.Unlock()
	}
	return sum
}

// shards are locks, at most 64. A set of them is a uint64 with a bit for each.
type shards []shard

type shard struct {
	mu     sync.Mutex
	latest time.Duration // instant of the last call
	_      [112]byte     // two cache lines each, because processors prefetch pairs
}

// lock locks a set, always in the order of the bits, so that two calls cannot wait
// for each other. It returns the instant at which to judge the call: now, or that of
// a call that has read the clock later but got the lock earlier. Judged before it, a
// bucket would seem to owe more than it can.
func (s shards) lock(set uint64, now time.Duration) time.Duration {
	for ; set != 0; set &= set - 1 {
		shard := &s[bits.TrailingZeros64(set)]
		shard.mu.Lock()
		now = max(now, shard.latest)
	}
	return now
}

// unlock unlocks a set after a call that was judged at now.
func (s shards) unlock(set uint64, now time.Duration) {
	for ; set != 0; set &= set - 1 {
		shard := &s[bits.TrailingZeros64(set)]
		shard.latest = now
		shard.mu.Unlock()
	}
}
