package client

// Slots is how many credentials t keeps a slot for. Their bound cannot be seen
// from outside.
func Slots(t *Transport) int {
	t.slots.mu.Lock()
	defer t.slots.mu.Unlock()
	return len(t.slots.last)
}
