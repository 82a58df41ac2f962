//go:build !race

// Package race tells tests whether the race detector runs. It allocates and makes
// pools forget, so that nothing can be counted or timed under it.
package race

// Enabled is true under the race detector.
const Enabled = false
