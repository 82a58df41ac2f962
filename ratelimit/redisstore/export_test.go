package redisstore

import "time"

// A contract in steps needs a clock that stands still in between, for the
// server, which a synctest bubble cannot hold, and for the store.

// FreezeClock makes the time what the test says it is. The script that takes the
// time from a key's TTL is not used then.
func FreezeClock(s *Store) {
	s.serverTime = 1_800_000_000_000_000
	FreezeOwnClock(s)
}

// FreezeOwnClock leaves the server's clock running.
func FreezeOwnClock(s *Store) {
	s.now = func() time.Duration { return 0 }
}

// Advance moves the frozen time on.
func Advance(s *Store, d time.Duration) {
	if s.serverTime != 0 {
		s.serverTime += d.Microseconds()
	}
	now := s.now() + d
	s.now = func() time.Duration { return now }
}

// Slot is compared with what Redis says.
var Slot = slot
