package redisstore

import (
	"sync/atomic"
	"time"
)

// A contract in steps needs a clock that stands still in between, for the
// server, which a synctest bubble cannot hold, and for the store.

// FreezeClock makes the time what the test says it is.
func FreezeClock(s *Store) {
	s.serverTime = 1_800_000_000_000_000
	s.now = func() time.Duration { return 0 }
}

// FreezeServer freezes the time of the server alone. For the store a second
// passes with each look at its clock, so it has forgotten all denials.
func FreezeServer(s *Store) {
	FreezeClock(s)
	var now atomic.Int64
	s.now = func() time.Duration { return time.Duration(now.Add(int64(denialAge))) }
}

// Advance moves the frozen time on.
func Advance(s *Store, d time.Duration) {
	s.serverTime += d.Microseconds()
	before := s.now
	s.now = func() time.Duration { return before() + d }
}

// Slot is compared with what Redis says.
var Slot = slot
