//go:build race

package strictjson_test

// raceEnabled is true where allocations cannot be counted.
const raceEnabled = true
