package ratelimit

import (
	"math/bits"
	"slices"
	"time"
)

// entry is a bucket in 24 bytes. It has no pointer, so the garbage collector does not
// scan it. id and where are 80 bits of a hash of policy and key under random seeds;
// other bits of that hash have chosen the table.
type entry struct {
	id     uint64
	where  uint16
	burst  uint16        // at its last charge, at most 65,535
	fill   float32       // time from empty to full, at its last charge
	fullAt time.Duration // 0 is a free slot
}

// table is a hash table of a part of the buckets: open addressing with linear
// probing, at most three quarters full. It wastes little memory, because it grows by
// a fifth; and no call waits long while it grows, because it has at most about 4096
// entries.
type table struct {
	slots         []entry
	used, cap     int
	hand          int // where the next inspection begins
	evictions     uint64
	evictedInDebt uint64 // with this, 64 bytes: one cache line
}

// inspected is how many entries an insertion at the cap looks at.
const inspected = 8

// home is the slot where the search for an ID begins. It keeps the order of IDs, so
// rebuild reads and writes memory in one direction.
func (t *table) home(id uint64) int {
	hi, _ := bits.Mul64(id, uint64(len(t.slots)))
	return int(hi)
}

// next is the slot after i; the first follows the last.
func (t *table) next(i int) int {
	if i++; i < len(t.slots) {
		return i
	}
	return 0
}

// slot returns the entry of an ID, or the free slot that it would take.
func (t *table) slot(id uint64, where uint16) *entry {
	for i := t.home(id); ; i = t.next(i) {
		e := &t.slots[i]
		if e.fullAt == 0 || e.id == id && e.where == where {
			return e
		}
	}
}

// place returns the entry of an ID, for the caller to fill in. To make room for a new
// one it may move or drop others.
func (t *table) place(id uint64, where uint16, now time.Duration) *entry {
	if e := t.slot(id, where); e.fullAt != 0 {
		return e
	}
	if t.used >= t.cap {
		t.evict(now)
	}
	if 4*(t.used+1) > 3*len(t.slots) {
		t.rebuild(now)
	}
	t.used++
	e := t.slot(id, where)
	e.id, e.where = id, where
	return e
}

// rebuild makes room for more entries, and drops those that are full: a new
// bucket starts full, so nobody can tell.
func (t *table) rebuild(now time.Duration) {
	live := slices.DeleteFunc(t.slots, func(e entry) bool { return e.fullAt <= now })
	t.evictions += uint64(t.used - len(live))
	t.used = len(live)
	t.slots = slices.Grow([]entry(nil), max(8, len(live)*8/5))
	t.slots = t.slots[:cap(t.slots)] // the allocator may give more than was asked for
	for _, e := range live {
		*t.slot(e.id, e.where) = e
	}
}

// drop frees a slot, and moves back the entries that were pushed past it: a search
// ends at the first free slot.
func (t *table) drop(free int) {
	distance := func(from, to int) int { return (to - from + len(t.slots)) % len(t.slots) }
	for i := t.next(free); t.slots[i].fullAt != 0; i = t.next(i) {
		if distance(t.home(t.slots[i].id), i) >= distance(free, i) {
			t.slots[free] = t.slots[i]
			free = i
		}
	}
	t.slots[free] = entry{}
	t.used--
	t.evictions++
}

// evict inspects a few entries and drops the first that is full. If none is full, it
// drops the one whose loss forgives the least debt.
func (t *table) evict(now time.Duration) {
	victim := -1
	for range min(inspected, t.used) {
		for t.hand = t.next(t.hand); t.slots[t.hand].fullAt == 0; t.hand = t.next(t.hand) {
		}
		e := &t.slots[t.hand]
		if e.fullAt <= now {
			t.drop(t.hand)
			return
		}
		if victim < 0 || e.forgivesLess(&t.slots[victim], now) {
			victim = t.hand
		}
	}
	t.drop(victim)
	t.evictedInDebt++
}

// forgivesLess reports whether dropping e forgives less than dropping other. The
// share of its own bucket counts, not the time: a flood of keys under a slow policy
// must not refill a bucket that was emptied under a fast one. Of about equal shares
// the one of fewer units goes first, then the one that was emptied later, so a flood
// drops its own buckets.
func (e *entry) forgivesLess(other *entry, now time.Duration) bool {
	if a, b := e.level(now), other.level(now); a != b {
		return a < b
	}
	if e.burst != other.burst {
		return e.burst < other.burst
	}
	return e.emptied() > other.emptied()
}

// level is the share of its bucket that an entry owes, in 64ths.
func (e *entry) level(now time.Duration) int {
	const steps = 64
	return int(steps*float64(e.fullAt-now)/float64(e.fill) + 0.9)
}

// emptied is about the instant at which an entry that owes all of its bucket was
// charged. Of two at the same instant, the slower bucket counts as the later.
func (e *entry) emptied() float64 { return float64(e.fullAt) - 0.999999*float64(e.fill) }
