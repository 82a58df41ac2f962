//go:build race

package validate_test

// raceEnabled is true where allocations cannot be counted.
const raceEnabled = true
