// Package clienttest proves that a [redisstore.Client] keeps its promises
// towards real servers, also while these are stopped, killed and cut off.
package clienttest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

// Harness says how to make a client. The functions close the client when t ends.
type Harness struct {
	// Simple means that the client connects within a call.
	Simple bool

	// New returns a client for the server at addr, which may not run yet.
	New func(t testing.TB, addr string) redisstore.Client

	// NewCluster returns a client for the cluster with nodes at addrs. May be nil.
	NewCluster func(t testing.TB, addrs []string) redisstore.Client

	// NewSentinel returns a client for the primary that a sentinel names. May be nil.
	NewSentinel func(t testing.TB, sentinel, master string) redisstore.Client
}

// Run runs all checks as sub-tests of t, in parallel, because in most of them
// real time passes.
func Run(t *testing.T, h Harness) {
	for _, c := range []struct {
		promise string
		run     func(*testing.T, Harness)
		needs   string
	}{
		{"the store keeps the contract", contract, ""},
		{"waiting for RetryAfter succeeds", waiting, ""},
		{"a forgotten script is sent again", forgottenScript, ""},
		{"a refusing server is an outage", refusals, ""},
		{"a deadline ends a call", deadline, ""},
		{"a lost reply is charged once", lostReply, ""},
		{"a service starts without a server", noServer, ""},
		{"cut connections are replaced", cutConnections, ""},
		{"outages pass without harm", outages, ""},
		{"an outage says how it began", says, "connections"},
		{"a server far away decides", farAway, "connections"},
		{"a wrong node costs the connection", wrongNode, "connections"},
		{"a cluster keeps an identity in one slot", clusterKeys, "cluster"},
		{"a dead node degrades its own identities only", deadNode, "cluster"},
		{"a lost reply of a cluster is charged once", lostClusterReply, "cluster"},
		{"a cluster far away decides", farCluster, "cluster"},
		{"a primary far away that sentinels name decides", farSentinel, "sentinel"},
		{"a failover by sentinels is followed", sentinelFailover, "sentinel"},
	} {
		t.Run(c.promise, func(t *testing.T) {
			switch {
			case c.needs == "cluster" && h.NewCluster == nil:
				t.Skip("this client knows no cluster")
			case c.needs == "sentinel" && h.NewSentinel == nil:
				t.Skip("this client knows no sentinels")
			case c.needs == "connections" && h.Simple:
				t.Skip("this client connects within a call")
			}
			t.Parallel()
			c.run(t, h)
		})
	}
}

// Timeouts above the default, because the machine may be busy: for checks that
// are about outages, and for those that are not about time at all.
const (
	unhurried = 100 * time.Millisecond
	patient   = 5 * time.Second
)

// watched is a client that tells of each call: its first key, and how it ended.
type watched struct {
	redisstore.Client
	tell func(ctx context.Context, key string, err error)
}

func (w *watched) Eval(ctx context.Context, verb, script string, keys []string, args []int64) ([]int64, error) {
	reply, err := w.Client.Eval(ctx, verb, script, keys, args)
	w.tell(ctx, keys[0], err)
	return reply, err
}

// Cluster reports whether the client is one of a cluster.
func (w *watched) Cluster() bool {
	client, ok := w.Client.(interface{ Cluster() bool })
	return ok && client.Cluster()
}

// events collects what OnDegraded is told.
type events struct {
	mu  sync.Mutex
	all []bool
}

func (e *events) add(degraded bool, _ error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, degraded)
}

func (e *events) list() []bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]bool(nil), e.all...)
}

func newStore(t testing.TB, cfg redisstore.Config) *redisstore.Store {
	t.Helper()
	if cfg.OnDegraded == nil {
		cfg.OnDegraded = func(degraded bool, err error) { t.Logf("degraded: %v, %v", degraded, err) }
	}
	s, err := redisstore.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// one is one unit of a bucket that is too large to refuse a call in a test.
func one(key string) ratelimit.Limit {
	return ratelimit.Limit{Policy: "p", Key: key, Rate: ratelimit.PerDay(10_000), Cost: 1}
}

// take charges one bucket; an error fails the test.
func take(t *testing.T, s *redisstore.Store, l ratelimit.Limit) ratelimit.State {
	t.Helper()
	var states [1]ratelimit.State
	if err := s.Take(context.Background(), []ratelimit.Limit{l}, states[:]); err != nil {
		t.Fatalf("Take(%q) = error %v, want a decision", l.Key, err)
	}
	return states[0]
}

// connect makes the client connect, which may take longer than a timeout.
func connect(t *testing.T, s *redisstore.Store) {
	t.Helper()
	redistest.Await(t, "decisions by Redis", func() bool {
		peek := one("nobody")
		peek.Cost = 0
		return !take(t, s, peek).Degraded
	})
}
