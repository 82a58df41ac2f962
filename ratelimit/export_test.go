package ratelimit

import (
	"unsafe"

	"github.com/backstop-go/backstop/internal/exchange"
)

// Lost returns the number of entries that a search would not find. A mistake in the code that
// moves entries would show only much later, as a bucket that is full again.
func (m *Memory) Lost() (n int) {
	for i := range m.tables {
		t := &m.tables[i]
		for j := range t.slots {
			if e := &t.slots[j]; e.fullAt != 0 && t.slot(e.id, e.where) != e {
				n++
			}
		}
	}
	return n
}

// Binds reports whether a limiter shows s rather than other.
func (s *State) Binds(other *State) bool { return s.binds(other) }

// CallSize is the size of the state of a limiter for a request.
const CallSize = unsafe.Sizeof(call{})

// FirstCallSize is that size with the exchange of the request.
const FirstCallSize = unsafe.Sizeof(exchange.Exchange{}) + CallSize
