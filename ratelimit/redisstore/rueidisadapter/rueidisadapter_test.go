package rueidisadapter_test

import (
	"testing"

	"github.com/redis/rueidis"

	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/clienttest"
	"github.com/backstop-go/backstop/ratelimit/redisstore/rueidisadapter"
)

func TestClient(t *testing.T) {
	clienttest.Run(t, clienttest.Harness{
		New: func(t *testing.T, addr string) redisstore.Client {
			return closing(t)(rueidisadapter.New(rueidis.ClientOption{InitAddress: []string{addr}}))
		},
		NewCluster: func(t *testing.T, addrs []string) redisstore.Client {
			return closing(t)(rueidisadapter.NewCluster(rueidis.ClientOption{InitAddress: addrs}))
		},
	})
}

func closing(t testing.TB) func(*rueidisadapter.Client, error) *rueidisadapter.Client {
	return func(c *rueidisadapter.Client, err error) *rueidisadapter.Client {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
}
