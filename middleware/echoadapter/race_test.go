//go:build race

package echoadapter_test

// raceEnabled is true where allocations cannot be counted.
const raceEnabled = true
