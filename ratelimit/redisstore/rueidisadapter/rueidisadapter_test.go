package rueidisadapter_test

import (
	"testing"

	"github.com/redis/rueidis"

	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/clienttest"
	"github.com/backstop-go/backstop/ratelimit/redisstore/rueidisadapter"
)

var harness = clienttest.Harness{
	New: func(t testing.TB, addr string) redisstore.Client {
		c, err := rueidisadapter.New(rueidis.ClientOption{InitAddress: []string{addr}})
		return closed(t, c, err)
	},
	NewCluster: func(t testing.TB, addrs []string) redisstore.Client {
		c, err := rueidisadapter.NewCluster(rueidis.ClientOption{InitAddress: addrs})
		return closed(t, c, err)
	},
	NewSentinel: func(t testing.TB, sentinel, master string) redisstore.Client {
		c, err := rueidisadapter.New(rueidis.ClientOption{
			InitAddress: []string{sentinel}, Sentinel: rueidis.SentinelOption{MasterSet: master},
		})
		return closed(t, c, err)
	},
}

func TestClient(t *testing.T) { clienttest.Run(t, harness) }

func BenchmarkTake(b *testing.B) { clienttest.Benchmark(b, harness) }

// closed is a client that is closed when t ends.
func closed(t testing.TB, c *rueidisadapter.Client, err error) *rueidisadapter.Client {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
