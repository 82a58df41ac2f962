package ratelimit

// index finds the entries of a shard by their IDs: open addressing with linear
// probing, at most half full. IDs are hashes already, under secret seeds, so
// there is nothing left to hash. A Go map would take as many bytes for a key as
// the bucket itself, and more after many deletions.
//
// A slot holds the position of an entry plus one; 0 is free.
type index []uint32

// slot returns the slot of an ID, or the free one that it would take.
func (x index) slot(entries []entry, id bucketID) int {
	mask := len(x) - 1
	i := int(id[1]) & mask
	for x[i] != 0 && entries[x[i]-1].id != id {
		i = (i + 1) & mask
	}
	return i
}

// find returns the position of an ID, or -1.
func (x index) find(entries []entry, id bucketID) int {
	if len(x) == 0 {
		return -1
	}
	return int(x[x.slot(entries, id)]) - 1
}

// grown returns x with room for one more entry.
func (x index) grown(entries []entry) index {
	if 2*(len(entries)+1) <= len(x) {
		return x
	}
	x = make(index, max(8, 2*len(x)))
	for i := range entries {
		x[x.slot(entries, entries[i].id)] = uint32(i + 1)
	}
	return x
}

// remove frees the slot of an ID, and moves back what had to go further because
// of it: a probe stops at the first free slot.
func (x index) remove(entries []entry, id bucketID) {
	mask := len(x) - 1
	free := x.slot(entries, id)
	x[free] = 0
	for i := (free + 1) & mask; x[i] != 0; i = (i + 1) & mask {
		home := int(entries[x[i]-1].id[1]) & mask
		if (i-home)&mask >= (i-free)&mask {
			x[free], x[i] = x[i], 0
			free = i
		}
	}
}
