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
// between the steps.
func TestStoreKeepsTheContract(t *testing.T) {
	server := redistest.Start(t)
	for _, tc := range []struct {
		name       string
		freeze     func(*redisstore.Store)
		resolution time.Duration
	}{
		// Ends with a history of 10,000 random calls against a model in integers.
		{"asking Redis each time", redisstore.FreezeServer, time.Microsecond},
		// Whoever remembers a denial does not know about the other limits of a
		// call, so the history, which asks about them, is left out.
		{"remembering denials", redisstore.FreezeClock, 2 * time.Microsecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var store *redisstore.Store
			ratelimittest.Run(t, ratelimittest.Harness{
				New: func(t *testing.T) ratelimit.Store {
					server.Do("FLUSHALL")
					store = newStore(t, redisstore.Config{
						Client:  &client{addr: server.Addr},
						Timeout: patient,
						Mode:    redisstore.FailClosed,
					})
					tc.freeze(store)
					return store
				},
				Advance:    func(d time.Duration) { redisstore.Advance(store, d) },
				Resolution: tc.resolution,
			})
		})
	}
}
