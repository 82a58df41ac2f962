package ratelimit_test

import (
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/backstop-go/backstop/ratelimit"
)

// plenty is a rate that no benchmark uses up.
var plenty = ratelimit.PerSecond(1_000_000).WithBurst(1_000_000_000)

func BenchmarkMemory_Take(b *testing.B) {
	b.Run("hot", func(b *testing.B) {
		limits, states := one("ann", plenty)
		m := newMemory(b, 0)
		b.ReportAllocs()
		for b.Loop() {
			if err := m.Take(b.Context(), limits, states); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("hot, parallel", func(b *testing.B) {
		m := newMemory(b, 0)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			limits, states := one("ann", plenty)
			for pb.Next() {
				if err := m.Take(b.Context(), limits, states); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("refused", func(b *testing.B) {
		limits, states := one("ann", ratelimit.PerDay(1))
		m := newMemory(b, 0)
		b.ReportAllocs()
		for b.Loop() {
			if err := m.Take(b.Context(), limits, states); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("two limits", func(b *testing.B) {
		limits, states := one("ann", plenty)
		limits = append(limits, ratelimit.Limit{Policy: "address", Key: "ip:203.0.113.7", Rate: plenty, Cost: 1})
		states = append(states, ratelimit.State{})
		m := newMemory(b, 0)
		b.ReportAllocs()
		for b.Loop() {
			if err := m.Take(b.Context(), limits, states); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("new key at the cap", func(b *testing.B) {
		keys := make([]string, 1<<20)
		for i := range keys {
			keys[i] = strconv.Itoa(i)
		}
		m := newMemory(b, 0)
		var next atomic.Uint64
		limits, states := one("", ratelimit.PerDay(5))
		b.ReportAllocs()
		for b.Loop() {
			limits[0].Key = keys[next.Add(1)%uint64(len(keys))]
			if err := m.Take(b.Context(), limits, states); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func one(key string, r ratelimit.Rate) ([]ratelimit.Limit, []ratelimit.State) {
	return []ratelimit.Limit{{Policy: "default", Key: key, Rate: r, Cost: 1}}, make([]ratelimit.State, 1)
}
