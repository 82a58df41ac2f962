package client

// Slots returns the number of credentials for which t keeps a slot. The API does not show
// that number, and a test checks that it is bounded.
func Slots(t *Transport) int {
	t.slots.mu.Lock()
	defer t.slots.mu.Unlock()
	return len(t.slots.last)
}
