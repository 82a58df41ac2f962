package client

import (
	"hash/maphash"
	"net/http"
	"sync"
	"time"
)

// maxSlots bounds the number of credentials with a slot.
const maxSlots = 1024

// slots lets callers that were refused with the same credential come back one after
// the other. If each caller obeyed only the delay of its own answer, all would come at
// about the same time, and all but one would be refused again.
type slots struct {
	mu   sync.Mutex
	last map[uint64]time.Time // the last slot that was taken, by credential
}

// slotSeed makes the hashes of credentials unpredictable.
var slotSeed = maphash.MakeSeed()

// keyOf returns a hash of the host and the credential of a request.
func keyOf(r *http.Request) uint64 {
	var h maphash.Hash
	h.SetSeed(slotSeed)
	if r.URL != nil {
		h.WriteString(r.URL.Host)
	}
	for _, name := range []string{"Authorization", "X-Api-Key"} {
		h.WriteByte(0)
		h.WriteString(r.Header.Get(name))
	}
	return h.Sum64()
}

// take takes the next slot of a credential, and returns the wait until then. The slot
// is a whole hint after the last one, because the caller before uses up what the
// service would allow this one, and a little jitter later. If the wait would exceed
// longest or left, take takes nothing and returns the reason.
func (s *slots) take(key uint64, now time.Time, hint, longest, left time.Duration) (wait time.Duration, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, known := s.last[key]
	if !last.After(now) {
		last = now
	}
	wait = last.Add(hint).Sub(now)
	switch {
	case wait >= left:
		return 0, stopDeadline
	case wait > longest:
		return 0, stopWait
	}
	if !known && len(s.last) >= maxSlots {
		s.makeRoom(now)
	}
	wait += jitterOf(hint, left-wait)
	s.last[key] = now.Add(wait)
	return wait, ""
}

// makeRoom removes all past slots or, if there are none, the earliest one.
func (s *slots) makeRoom(now time.Time) {
	var soonest uint64
	for key, slot := range s.last {
		if !slot.After(now) {
			delete(s.last, key)
			continue
		}
		if first, ok := s.last[soonest]; !ok || slot.Before(first) {
			soonest = key
		}
	}
	if len(s.last) >= maxSlots {
		delete(s.last, soonest)
	}
}
