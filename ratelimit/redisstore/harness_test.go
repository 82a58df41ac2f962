package redisstore_test

import (
	"testing"

	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/clienttest"
)

func TestStoreOnRealServers(t *testing.T) {
	clienttest.Run(t, clienttest.Harness{
		New: func(_ *testing.T, addr string) redisstore.Client { return &client{addr: addr} },
	})
}
