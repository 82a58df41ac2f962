//go:build race

package middleware_test

// raceEnabled is true where allocations cannot be counted.
const raceEnabled = true
