package ratelimit

import (
	"math"
	"math/bits"
	"slices"
	"time"
)

// bucketID is the hash of a policy and a key, under secret seeds. Its lower half
// chooses the shard and the table, where half of it can be spared afterwards.
type bucketID struct{ where, id uint64 }

// entry is a bucket in 24 bytes without a pointer: the garbage collector has
// nothing to look at.
type entry struct {
	id     uint64
	where  uint32        // the upper half of bucketID.where
	shape  shape         // of the bucket at its last charge
	fullAt time.Duration // 0 is a free slot
}

// table is where entries lie: open addressing with linear probing, at most three
// quarters full. Its length is any number, so it grows by a fifth and wastes
// little. IDs are hashes already, there is nothing left to hash.
type table struct {
	slots []entry
	used  int
}

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

// distance is how many steps it takes from one slot to another.
func (t *table) distance(from, to int) int {
	if to < from {
		to += len(t.slots)
	}
	return to - from
}

// find returns the entry of an ID, or nil.
func (t *table) find(id bucketID) *entry {
	if len(t.slots) == 0 {
		return nil
	}
	for i := t.home(id.id); ; i = t.next(i) {
		switch e := &t.slots[i]; {
		case e.fullAt == 0:
			return nil
		case e.id == id.id && e.where == uint32(id.where>>32):
			return e
		}
	}
}

// add stores an entry that is not there yet. There is room for it.
func (t *table) add(e entry) {
	i := t.home(e.id)
	for t.slots[i].fullAt != 0 {
		i = t.next(i)
	}
	t.slots[i] = e
	t.used++
}

// remove frees a slot, and moves back what had to go further because of it: a
// search ends at the first free slot.
func (t *table) remove(free int) {
	for i := t.next(free); t.slots[i].fullAt != 0; i = t.next(i) {
		if t.distance(t.home(t.slots[i].id), i) >= t.distance(free, i) {
			t.slots[free] = t.slots[i]
			free = i
		}
	}
	t.slots[free] = entry{}
	t.used--
}

// crowded reports whether one more entry would fill more than three quarters.
func (t *table) crowded() bool { return 4*(t.used+1) > 3*len(t.slots) }

// rebuild makes room for more entries, and returns how many it dropped because
// they are full: a new bucket starts full, so nobody can tell.
func (t *table) rebuild(now time.Duration) (dropped int) {
	live := 0
	for i := range t.slots {
		if t.slots[i].fullAt > now {
			live++
		}
	}
	old := t.slots
	t.slots = slices.Grow([]entry(nil), max(8, live*8/5))
	t.slots, t.used = t.slots[:cap(t.slots)], 0 // with what the allocator has rounded up
	for i := range old {
		switch e := &old[i]; {
		case e.fullAt > now:
			t.add(*e)
		case e.fullAt != 0:
			dropped++
		}
	}
	return dropped
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
