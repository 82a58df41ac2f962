package ratelimit_test

import (
	"testing"

	"github.com/backstop-go/backstop/ratelimit"
)

func BenchmarkMemory_Take(b *testing.B) {
	m, err := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	if err != nil {
		b.Fatal(err)
	}
	limits := []ratelimit.Limit{{Policy: "default", Key: "ip:203.0.113.7", Rate: ratelimit.PerSecond(1_000_000), Cost: 1}}
	states := make([]ratelimit.State, 1)
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Take(b.Context(), limits, states); err != nil {
			b.Fatal(err)
		}
	}
}
