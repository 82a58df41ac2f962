//go:build race

package ratelimit_test

// raceEnabled is true where allocations cannot be counted.
const raceEnabled = true
