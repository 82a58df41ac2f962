package client

import (
	"hash/maphash"
	"net/http"
	"sync"
	"time"
)

// maxSlots bounds the credentials that slots are kept for.
const maxSlots = 1024

// slots lets the callers that were refused with one credential come back one
// after the other. If each of them obeyed the delay of its own answer, all would
// come at once, and all but one would be refused again, however their waits are
// jittered.
type slots struct {
	mu   sync.Mutex
	last map[uint64]time.Time // the last slot that was taken, by credential
}

// slotSeed makes the keys of credentials unguessable. It is one for the process.
var slotSeed = maphash.MakeSeed()

// keyOf returns the credential of a request, hashed.
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

// take returns the wait until the slot that follows the last one by hint, and by a
// little: the caller before spends what the service would give to this one, so a
// whole delay has to lie between them, whatever its jitter was. It takes none, and
// says why, if that is more than longest or than the caller has left.
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

// makeRoom removes all past slots, or else the one that is past next.
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
