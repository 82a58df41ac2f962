//go:build race

package middleware_test

// raced says that the race detector is on, which allocates and slows down.
const raced = true
