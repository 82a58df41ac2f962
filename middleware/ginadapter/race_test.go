//go:build race

package ginadapter_test

// raceEnabled is true where allocations cannot be counted.
const raceEnabled = true
