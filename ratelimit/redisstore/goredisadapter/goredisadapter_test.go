package goredisadapter_test

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/goredisadapter"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/clienttest"
)

var harness = clienttest.Harness{
	New: func(t testing.TB, addr string) redisstore.Client {
		return newClient(t, redis.NewClient(&redis.Options{
			Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1,
		}))
	},
	NewCluster: func(t testing.TB, addrs []string) redisstore.Client {
		return newClient(t, redis.NewClusterClient(&redis.ClusterOptions{
			Addrs: addrs, ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1,
		}))
	},
	NewSentinel: func(t testing.TB, sentinel, master string) redisstore.Client {
		return newClient(t, redis.NewFailoverClient(&redis.FailoverOptions{
			SentinelAddrs: []string{sentinel}, MasterName: master,
			ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1,
		}))
	},
}

func TestClient(t *testing.T) {
	redis.SetLogger(quiet{})
	clienttest.Run(t, harness)
}

func BenchmarkTake(b *testing.B) { clienttest.Benchmark(b, harness) }

func newClient(t testing.TB, client redis.UniversalClient) *goredisadapter.Client {
	t.Helper()
	t.Cleanup(func() { client.Close() })
	c, err := goredisadapter.New(client)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// quiet is for a client that prints a line whenever it cannot connect.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}
