package ratelimit

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
