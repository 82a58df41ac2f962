package redisstore

import "time"

// A contract in steps needs a clock that stands still in between, for the
// server, which a synctest bubble cannot hold, and for the store.

// FreezeClock makes the time what the test says it is.
func FreezeClock(s *Store) {
	s.serverTime = 1_800_000_000_000_000
	s.now = func() time.Duration { return 0 }
}

// Advance moves the frozen time on.
func Advance(s *Store, d time.Duration) {
	s.serverTime += d.Microseconds()
	now := s.now() + d
	s.now = func() time.Duration { return now }
}

// Slot is compared with what Redis says.
var Slot = slot
