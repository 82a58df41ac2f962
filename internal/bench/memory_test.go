package bench_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/backstop-go/backstop/ratelimit"
)

// BenchmarkBytesPerKey reports what a limiter keeps of a key that is in debt.
// Only Backstop and throttled are given a bound, which they do not reach.
func BenchmarkBytesPerKey(b *testing.B) {
	for i, c := range limiters(1, 1) {
		b.Run("by="+c.by, func(b *testing.B) {
			c := limiters(10, 2*manyKeys)[i] // empty in each run
			rc := race{name: "BytesPerKey", request: request{addr: newAddr}, want: answer{status: 200}}
			before := heap()
			rc.verify(b, &c, manyKeys)
			b.ReportMetric(float64(heap()-before)/manyKeys, "B/key")
			b.ReportMetric(0, "ns/op") // there is nothing to repeat
			runtime.KeepAlive(c.handler)
		})
	}
}

// BenchmarkTenMillionKeys reports the heap after a flood of keys, and fails
// if one that had no room before has come back to life.
func BenchmarkTenMillionKeys(b *testing.B) {
	before := heap()
	memory := must(ratelimit.NewMemory(ratelimit.MemoryConfig{}))
	take := func(key string) ratelimit.State {
		limits := [...]ratelimit.Limit{{Policy: "bench", Key: key, Rate: ratelimit.PerHour(100), Cost: 1}}
		var states [1]ratelimit.State
		if err := memory.Take(context.Background(), limits[:], states[:]); err != nil {
			b.Fatal(err)
		}
		return states[0]
	}
	for range 100 {
		take("heavy")
	}
	for i := range uint64(10_000_000) {
		take(newAddr(i))
	}
	if take("heavy").Allowed {
		b.Error(`Take("heavy") after ten million other keys = allowed, want refused`)
	}
	b.ReportMetric(float64(heap()-before)/(1<<20), "MiB")
	b.ReportMetric(0, "ns/op")
	runtime.KeepAlive(memory)
}

// heap is what is in use after everything else was collected.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
