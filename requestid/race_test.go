//go:build race

package requestid_test

// raced says that the race detector is on, which allocates and slows down.
const raced = true
