package clienttest

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/ratelimittest"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

// contract runs the contract of every store. Between the steps the keys grow
// older at once, so a unit may take seconds, and a busy machine cannot push a call
// over an edge.
func contract(t *testing.T, h Harness) {
	server := redistest.Start(t)
	client := h.New(t, server.Addr)
	ratelimittest.Run(t, ratelimittest.Harness{
		New: func(t *testing.T) ratelimit.Store {
			server.Do("FLUSHALL")
			s := &renewed{renew: func() *redisstore.Store {
				return newStore(t, redisstore.Config{Client: client, Timeout: patient, Mode: redisstore.FailClosed})
			}}
			s.store.Store(s.renew())
			return s
		},
		Advance:    server.Pass,
		Resolution: time.Second,
	})
}

// renewed is a new store after each refusal: the clock by which a store remembers
// denials is the real one. All that counts is in Redis.
type renewed struct {
	store atomic.Pointer[redisstore.Store]
	renew func() *redisstore.Store
}

func (r *renewed) Take(ctx context.Context, limits []ratelimit.Limit, states []ratelimit.State) error {
	err := r.store.Load().Take(ctx, limits, states)
	if slices.ContainsFunc(states, func(s ratelimit.State) bool { return !s.Allowed }) {
		r.store.Store(r.renew())
	}
	return err
}

// waiting is about real time. It cannot fail because a machine is slow.
func waiting(t *testing.T, h Harness) {
	server := redistest.Start(t)
	s := newStore(t, redisstore.Config{Client: h.New(t, server.Addr), Timeout: patient, Mode: redisstore.FailClosed})
	l := ratelimit.Limit{Policy: "p", Key: "ann", Rate: ratelimit.Rate{Limit: 1, Per: 300 * time.Millisecond}, Cost: 1}
	for range 5 {
		st := take(t, s, l)
		for st.Allowed { // until the burst is gone
			st = take(t, s, l)
		}
		time.Sleep(st.RetryAfter)
		if !take(t, s, l).Allowed {
			t.Errorf("Take after the RetryAfter of %v = refused, want allowed", st.RetryAfter)
		}
	}
}
