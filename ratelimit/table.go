package ratelimit

import (
	"math"
	"math/bits"
	"slices"
	"time"
)

// entry is a bucket in 24 bytes without a pointer: the garbage collector has
// nothing to look at.
//
// It is known by a hash of policy and key under secret seeds. Of its 128 bits, 32
// have chosen the table.
type entry struct {
	id     uint64
	where  uint32
	shape  shape         // of the bucket at its last charge
	fullAt time.Duration // 0 is a free slot
}

// table is a part of the buckets: open addressing with linear probing, at most
// three quarters full. Its length is any number, so it grows by a fifth and wastes
// little, and it is never so long that a call has to wait while it grows. IDs are
// hashes already, there is nothing left to hash.
type table struct {
	slots         []entry
	used, cap     int
	hand          int // where the next inspection begins
	evictions     uint64
	evictedInDebt uint64 // with this, 64 bytes: a cache line
}

// inspected is how many entries an insertion at the cap looks at.
const inspected = 8

// home is the slot where the search for an ID begins. It keeps the order of IDs,
// so a table is rebuilt from one end to the other.
func (t *table) home(id uint64) int {
	hi, _ := bits.Mul64(id, uint64(len(t.slots)))
	return int(hi)
}

// next is the slot after i, round the end.
func (t *table) next(i int) int {
	if i++; i < len(t.slots) {
		return i
	}
	return 0
}

// slot is the place of an entry: where it is, or the free slot that it would take.
func (t *table) slot(of entry) *entry {
	for i := t.home(of.id); ; i = t.next(i) {
		e := &t.slots[i]
		if e.fullAt == 0 || e.id == of.id && e.where == of.where {
			return e
		}
	}
}

// put stores an entry, and keeps within the cap.
func (t *table) put(e entry, now time.Duration) {
	if known := t.slot(e); known.fullAt != 0 {
		*known = e
		return
	}
	if t.used >= t.cap {
		t.evict(now)
	}
	if 4*(t.used+1) > 3*len(t.slots) {
		t.rebuild(now)
	}
	*t.slot(e) = e
	t.used++
}

// rebuild makes room for more entries, and drops those that are full: a new
// bucket starts full, so nobody can tell.
func (t *table) rebuild(now time.Duration) {
	live := slices.DeleteFunc(t.slots, func(e entry) bool { return e.fullAt <= now })
	t.evictions += uint64(t.used - len(live))
	t.used = len(live)
	t.slots = slices.Grow([]entry(nil), max(8, len(live)*8/5))
	t.slots = t.slots[:cap(t.slots)] // with what the allocator has rounded up
	for _, e := range live {
		*t.slot(e) = e
	}
}

// drop frees a slot, and moves back what had to go further because of it: a
// search ends at the first free slot.
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

// evict inspects a few entries and drops the first that is full. If none is, it
// drops the one that forgives least.
func (t *table) evict(now time.Duration) {
	victim := -1
	for range min(inspected, t.used) {
		for t.hand = t.next(t.hand); t.slots[t.hand].fullAt == 0; {
			t.hand = t.next(t.hand)
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

// forgivesLess reports whether e is a better one to lose than other. What counts
// is the share of its own bucket that is forgiven, not the time: a flood under a
// slow policy must not flush a bucket that was emptied under a fast one. Among
// about equal shares the fewer units go first, then what was emptied later: a
// flood rather flushes itself.
func (e *entry) forgivesLess(other *entry, now time.Duration) bool {
	if a, b := e.level(now), other.level(now); a != b {
		return a < b
	}
	if a, b := e.shape.burst(), other.shape.burst(); a != b {
		return a < b
	}
	return e.fullAt-e.shape.fill() > other.fullAt-other.shape.fill()
}

// level is the share of its bucket that an entry owes, in coarse steps.
func (e *entry) level(now time.Duration) int {
	const steps = 64
	return int(steps*float64(e.fullAt-now)/float64(e.shape.fill()) + 0.9)
}

// shape is what an eviction needs to know of a bucket beside its debt, in 32 bits:
// the upper 20 of its time to fill as a float32, and 12 of its burst as another.
type shape uint32

const burstBits = 12

func shapeOf(fill time.Duration, burst int) shape {
	upper := math.Float32bits(float32(fill)) >> burstBits
	return shape(upper<<burstBits | math.Float32bits(float32(burst))>>(31-burstBits))
}

// fill is the time from empty to full, rounded down by at most a thousandth.
func (s shape) fill() time.Duration {
	return time.Duration(math.Float32frombits(uint32(s >> burstBits << burstBits)))
}

// burst orders shapes by their burst, where bursts of nearly the same size are
// equal.
func (s shape) burst() uint32 { return uint32(s) & (1<<burstBits - 1) }
