package ratelimit

import (
	"math/bits"
	"sync"
	"time"
)

// shards are locks, at most 64. A set of them is a uint64 with a bit for each.
type shards []shard

// shard is a lock, with a cache line of its own and its neighbour's prefetch.
type shard struct {
	mu     sync.Mutex
	latest time.Duration // instant of a call; none is judged at an earlier one
	_      [112]byte
}

// lock locks a set, always in the order of the bits, so two calls cannot wait for
// each other. It returns the instant of the call: the clock was read before, so
// another call may have been judged at a later one since. At an earlier one that
// would look like a debt of more than the bucket can owe.
func (s shards) lock(set uint64, now time.Duration) time.Duration {
	for ; set != 0; set &= set - 1 {
		shard := &s[bits.TrailingZeros64(set)]
		shard.mu.Lock()
		now = max(now, shard.latest)
	}
	return now
}

// unlock unlocks a set after a call that was judged at an instant.
func (s shards) unlock(set uint64, now time.Duration) {
	for ; set != 0; set &= set - 1 {
		shard := &s[bits.TrailingZeros64(set)]
		shard.latest = now
		shard.mu.Unlock()
	}
}
