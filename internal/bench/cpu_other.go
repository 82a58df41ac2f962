//go:build !linux

package main

import "time"

const clock = "wall clock: CPU time is read on Linux only"

var start = time.Now()

// cpuTime is the wall clock here.
func cpuTime(...int) time.Duration { return time.Since(start) }

// cpuTimeOf is the wall clock here.
func cpuTimeOf(int) time.Duration { return time.Since(start) }
