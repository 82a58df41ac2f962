//go:build race

package problem_test

// Under the race detector pools forget at random, so allocations are not
// counted.
const raceEnabled = true
