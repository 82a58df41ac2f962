package redisstore_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/clienttest"
)

// What a call costs when Redis is not asked, beside the memory that answers.
func BenchmarkTakeWithoutRedis(b *testing.B) {
	memory, err := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	if err != nil {
		b.Fatal(err)
	}
	for _, bc := range []struct {
		name  string
		store ratelimit.Store
	}{
		{"memory", memory},
		{"open breaker", newStore(b, redisstore.Config{Client: &server{fate: down}, OnDegraded: func(bool, error) {}})},
		{"open breaker, four nodes", newStore(b, redisstore.Config{Client: &server{fate: down}, Nodes: 4, OnDegraded: func(bool, error) {}})},
		{"open breaker of a cluster", newStore(b, redisstore.Config{Client: cluster{&server{fate: down}}, OnDegraded: func(bool, error) {}})},
	} {
		b.Run(bc.name, func(b *testing.B) {
			limits := []ratelimit.Limit{{Policy: "p", Key: "ann", Rate: ratelimit.PerSecond(1_000_000), Cost: 1}}
			states := make([]ratelimit.State, 1)
			b.ReportAllocs()
			for b.Loop() {
				if err := bc.store.Take(b.Context(), limits, states); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What a call costs beside the round trip.
func BenchmarkTake(b *testing.B) {
	for _, n := range []int{1, 2} {
		b.Run(strconv.Itoa(n)+" limits", func(b *testing.B) {
			s := newStore(b, redisstore.Config{Client: yes{}})
			limits := []ratelimit.Limit{ann, ann}[:n]
			limits[len(limits)-1].Policy = "q"
			states := make([]ratelimit.State, n)
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Take(b.Context(), limits, states); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// yes admits everything at once.
type yes struct{}

func (yes) Eval(_ context.Context, _, _ string, keys []string, _ []int64) ([]int64, error) {
	return append(make([]int64, 0, 4), []int64{1, 0, 0}[:1+len(keys)]...), nil
}

// What the package costs beside the server and the simplest of clients.
func BenchmarkTakeWithRedis(b *testing.B) { clienttest.Benchmark(b, harness) }
