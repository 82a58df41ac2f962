//go:build race

package redisstore_test

// raceEnabled is true where allocations cannot be counted.
const raceEnabled = true
