package redisstore_test

import (
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/ratelimittest"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

// The store passes the contract of every store, in which time stands still
// between the steps. Its last check is a history of 10,000 random calls against
// a model in integers, which the memory passes, too: so the two agree.
func TestStoreKeepsTheContract(t *testing.T) {
	server := redistest.Start(t)
	var s *redisstore.Store
	ratelimittest.Run(t, ratelimittest.Harness{
		New: func(t *testing.T) ratelimit.Store {
			server.Do("FLUSHALL")
			s = newStore(t, redisstore.Config{
				Client:  &client{addr: server.Addr},
				Timeout: patient,
				Mode:    redisstore.FailClosed,
			})
			redisstore.FreezeClock(s)
			return s
		},
		Advance: func(d time.Duration) { redisstore.Advance(s, d) },
	})
}
