package clienttest

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

// Benchmark measures a decision by Redis: one after the other, and by 64 callers
// at once. trips/op is round trips.
func Benchmark(b *testing.B, h Harness) {
	server := redistest.Start(b)
	var trips atomic.Int64
	client := &watched{h.New(b, server.Addr), func(context.Context, string, error) { trips.Add(1) }}
	s := newStore(b, redisstore.Config{Client: client, Timeout: patient, Mode: redisstore.FailClosed})
	limits := []ratelimit.Limit{{Policy: "p", Key: "ann", Rate: ratelimit.PerSecond(1_000_000), Cost: 1}}
	states := make([]ratelimit.State, 1)
	b.Run("one caller", func(b *testing.B) {
		b.ReportAllocs()
		trips.Store(0)
		for b.Loop() {
			if err := s.Take(b.Context(), limits, states); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(trips.Load())/float64(b.N), "trips/op")
	})
	b.Run("64 callers", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(max(64/runtime.GOMAXPROCS(0), 1))
		trips.Store(0)
		b.RunParallel(func(pb *testing.PB) {
			states := make([]ratelimit.State, 1)
			for pb.Next() {
				if err := s.Take(b.Context(), limits, states); err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(trips.Load())/float64(b.N), "trips/op")
	})
}
