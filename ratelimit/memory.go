package ratelimit

import (
	"context"
	"fmt"
	"hash/maphash"
	"math/bits"
	"time"
)

// MemoryConfig configures a [Memory]. The zero value is usable.
type MemoryConfig struct {
	// MaxKeys bounds the number of buckets, and with it the memory: about 150
	// bytes each, however long the keys are. Only buckets that are in debt
	// count for long. Default 65,536.
	MaxKeys int
}

// Memory is a [Store] in this process, on golang.org/x/time/rate. It starts no
// goroutine and needs no closing. The zero Memory is not usable; see
// [NewMemory].
//
// Full buckets make room for new keys, which nobody can notice. If MaxKeys
// buckets are in debt, a new key takes the place of one that would have been
// full soon: a bucket that somebody has emptied is not flushed by a flood of
// other keys. Each call takes constant time, also then.
//
// Keys are remembered as 128-bit hashes under a secret of the process. In a test
// with a bubble of testing/synctest, make the store inside the bubble: its clock
// is the one of its birth.
type Memory struct {
	seeds  [2]maphash.Seed
	shards []shard // a power of two, at most 64
	start  time.Time
}

const (
	defaultMaxKeys = 1 << 16
	mostKeys       = 1 << 30
	maxShards      = 64 // as many as a uint64 has bits, see Take
	minShardKeys   = 64
)

// NewMemory returns an empty store. It fails if MaxKeys is negative or above
// 2³⁰.
func NewMemory(cfg MemoryConfig) (*Memory, error) {
	keys := cfg.MaxKeys
	if keys == 0 {
		keys = defaultMaxKeys
	}
	if keys < 0 || keys > mostKeys {
		return nil, fmt.Errorf("ratelimit: MaxKeys of %d is not between 1 and %d", keys, mostKeys)
	}
	n := 1
	for n < maxShards && keys/(2*n) >= minShardKeys {
		n *= 2
	}
	m := &Memory{
		seeds:  [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		shards: make([]shard, n),
		start:  time.Now(),
	}
	for i := range m.shards {
		m.shards[i].cap = keys / n
		if i < keys%n {
			m.shards[i].cap++
		}
	}
	return m, nil
}

// Take implements [Store]. It never fails but for the faults of [Check].
func (m *Memory) Take(_ context.Context, limits []Limit, states []State) error {
	if err := Check(limits, states); err != nil {
		return err
	}
	var array [4]claim
	claims := array[:0]
	var locked uint64 // a bit for each shard of this call
	for i := range limits {
		id := m.idOf(&limits[i])
		n := id[0] & uint64(len(m.shards)-1)
		locked |= 1 << n
		claims = append(claims, claim{id: id, shard: &m.shards[n], plan: planOf(limits[i].Rate)})
	}

	// Always in the order of the bits, so two calls cannot wait for each other.
	for set := locked; set != 0; set &= set - 1 {
		m.shards[bits.TrailingZeros64(set)].mu.Lock()
	}
	// A bucket that is shown an instant of the past credits the time since then
	// twice. So the clock is read under the locks, after whoever held them has
	// read it; and time.Since is monotonic, so there is nothing to clamp.
	m.takeAt(time.Since(m.start), limits, claims, states)
	for set := locked; set != 0; set &= set - 1 {
		m.shards[bits.TrailingZeros64(set)].mu.Unlock()
	}
	return nil
}

func (m *Memory) idOf(l *Limit) bucketID {
	pair := struct{ policy, key string }{l.Policy, l.Key}
	return bucketID{maphash.Comparable(m.seeds[0], pair), maphash.Comparable(m.seeds[1], pair)}
}

// takeAt judges all limits, and charges all of them or none.
func (m *Memory) takeAt(now time.Duration, limits []Limit, claims []claim, states []State) {
	at := m.start.Add(now)
	admitted := true
	for i := range claims {
		c, cost := &claims[i], limits[i].Cost
		c.find(at)
		states[i].Allowed = cost <= 0 || c.plan.fits(c.tokens, cost)
		admitted = admitted && states[i].Allowed
	}
	for i := range claims {
		c, cost := &claims[i], limits[i].Cost
		if admitted {
			c.take(at, cost)
		}
		states[i] = c.state(at, states[i].Allowed, cost)
	}
	if !admitted {
		return
	}
	// Entries that exist come first: an insertion moves others about.
	for i := range claims {
		claims[i].update(limits[i].Cost, now+states[i].ResetAfter)
	}
	for i := range claims {
		claims[i].insert(now, now+states[i].ResetAfter)
	}
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
