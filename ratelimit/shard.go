package ratelimit

import (
	"sync"
	"time"
)

// shard is a part of the buckets of a [Memory], under one lock. Its tables are so
// many that none gets large: only one of them grows at a time, so no call has to
// wait for long.
type shard struct {
	mu     sync.Mutex
	latest time.Duration // instant of a call; none is judged at an earlier one
	tables []table       // a power of two
	keys   int
	cap    int
	hand   struct{ table, slot int } // where the next inspection begins

	evictions     uint64
	evictedInDebt uint64

	_ [40]byte // to a multiple of 128: a cache line of its own, and its neighbour's prefetch
}

const (
	inspected  = 8    // entries that an insertion at the cap looks at
	tableKeys  = 4096 // that a table is meant for
	shardBits  = 6    // of bucketID.where; the next ones choose the table
	fullLevels = 64   // steps in which shares are compared
)

func (s *shard) table(id bucketID) *table {
	return &s.tables[id.where>>shardBits&uint64(len(s.tables)-1)]
}

// insert stores a bucket that the shard does not know, and keeps within the cap.
func (s *shard) insert(id bucketID, shape shape, fullAt, now time.Duration) {
	if s.keys >= s.cap {
		s.makeRoom(now)
	}
	t := s.table(id)
	if t.crowded() {
		dropped := t.rebuild(now)
		s.keys -= dropped
		s.evictions += uint64(dropped)
	}
	t.add(entry{id.id, uint32(id.where >> 32), shape, fullAt})
	s.keys++
}

// makeRoom inspects a few entries and drops those that are full. If none is, it
// drops the one that forgives least.
func (s *shard) makeRoom(now time.Duration) {
	var victim entry
	var at struct{ table, slot int }
	dropped := 0
	for range min(inspected, s.keys) {
		t := s.seek()
		e := t.slots[s.hand.slot]
		if e.fullAt <= now {
			t.remove(s.hand.slot) // the hand may now point at another entry
			dropped++
			continue
		}
		if victim.fullAt == 0 || e.forgivesLess(&victim, now) {
			victim, at = e, s.hand
		}
		s.hand.slot++
	}
	if dropped == 0 {
		s.tables[at.table].remove(at.slot)
		s.evictedInDebt++
		dropped = 1
	}
	s.keys -= dropped
	s.evictions += uint64(dropped)
}

// seek moves the hand on to an entry, of which there is one.
func (s *shard) seek() *table {
	for {
		t := &s.tables[s.hand.table]
		for ; s.hand.slot < len(t.slots); s.hand.slot++ {
			if t.slots[s.hand.slot].fullAt != 0 {
				return t
			}
		}
		s.hand.table, s.hand.slot = (s.hand.table+1)&(len(s.tables)-1), 0
	}
}

// forgivesLess reports whether a is the better one to lose. What counts is the
// share of its own bucket that is forgiven, whatever time that is: a flood under a
// slow policy must not flush a bucket that was emptied under a fast one. Among
// about equal shares the fewer units go first, then what was emptied later, then
// the slower: a flood rather flushes itself.
func (a *entry) forgivesLess(b *entry, now time.Duration) bool {
	if x, y := a.level(now), b.level(now); x != y {
		return x < y
	}
	if x, y := a.shape.burst(), b.shape.burst(); x != y {
		return x < y
	}
	if x, y := a.fullAt-a.shape.fill(), b.fullAt-b.shape.fill(); x != y {
		return x > y
	}
	return a.shape > b.shape
}

// level is the share of the bucket that is owed, in coarse steps.
func (e *entry) level(now time.Duration) int {
	return int(fullLevels*float64(e.fullAt-now)/float64(e.shape.fill()) + 0.9)
}
