package redisstore_test

import (
	"testing"

	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/clienttest"
)

var harness = clienttest.Harness{
	Simple: true,
	New:    func(_ testing.TB, addr string) redisstore.Client { return &client{addr: addr} },
}

func TestStoreOnRealServers(t *testing.T) { clienttest.Run(t, harness) }
