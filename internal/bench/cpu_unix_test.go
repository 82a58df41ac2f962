//go:build unix

package bench_test

import (
	"syscall"
	"time"
)

// cpuTime is what this process has used of all CPUs. On a machine with other
// work to do it says more than the clock; what Redis uses is not in it.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
