//go:build race

package requestid_test

// raceEnabled is true where allocations cannot be counted.
const raceEnabled = true
