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
	client := &trips{Client: h.New(b, server.Addr)}
	s := newStore(b, redisstore.Config{Client: client, Timeout: patient, Mode: redisstore.FailClosed})
	limits := []ratelimit.Limit{{Policy: "p", Key: "ann", Rate: ratelimit.PerSecond(1_000_000), Cost: 1}}
	states := make([]ratelimit.State, 1)
	b.Run("one caller", func(b *testing.B) {
		b.ReportAllocs()
		client.n.Store(0)
		for b.Loop() {
			if err := s.Take(b.Context(), limits, states); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(client.n.Load())/float64(b.N), "trips/op")
	})
	b.Run("64 callers", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(max(64/runtime.GOMAXPROCS(0), 1))
		client.n.Store(0)
		b.RunParallel(func(pb *testing.PB) {
			states := make([]ratelimit.State, 1)
			for pb.Next() {
				if err := s.Take(b.Context(), limits, states); err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(client.n.Load())/float64(b.N), "trips/op")
	})
}

// trips counts calls.
type trips struct {
	redisstore.Client
	n atomic.Int64
}

func (c *trips) Eval(ctx context.Context, verb, script string, keys []string, args []int64) ([]int64, error) {
	c.n.Add(1)
	return c.Client.Eval(ctx, verb, script, keys, args)
}
