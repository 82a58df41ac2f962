package ratelimit

import (
	"unsafe"

	"github.com/backstop-go/backstop/internal/exchange"
)

// Lost returns how many entries a search would not find: a mistake in moving
// entries about shows only much later, as a bucket that was forgiven.
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

// Binds tells which of two states a limiter shows.
func (s *State) Binds(other *State) bool { return s.binds(other) }

// CallSize is what a request needs beside its exchange.
const CallSize = unsafe.Sizeof(call{})

// FirstCallSize is what it needs with its exchange.
const FirstCallSize = unsafe.Sizeof(exchange.Exchange{}) + CallSize
