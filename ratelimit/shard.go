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
	index   index
	entries []entry
	cap     int
	cursor  int // where the next inspection begins

	evictions     uint64
	evictedInDebt uint64

	_ [40]byte // to a multiple of 128: a cache line of its own, and its neighbour's prefetch
}

type entry struct {
	id     bucketID
	bucket *rate.Limiter
	plan   plan
	fullAt time.Duration
}

// inspected is how many entries an insertion looks at.
const inspected = 8

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
