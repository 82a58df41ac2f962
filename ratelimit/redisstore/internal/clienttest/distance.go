package clienttest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

// distances are delays in each direction and of a new connection, with timeouts
// that leave room for one round trip or two, but not for those of a handshake.
var distances = []struct{ delay, connect, timeout time.Duration }{
	{time.Millisecond, 0, 25 * time.Millisecond},
	{3 * time.Millisecond, 0, 25 * time.Millisecond},
	{6 * time.Millisecond, 0, 25 * time.Millisecond},
	{12 * time.Millisecond, 0, 60 * time.Millisecond},
	{time.Millisecond, 150 * time.Millisecond, 60 * time.Millisecond},
}

// farAway: a server that answers within the timeout decides every call, although
// connecting to it takes longer: for the first time, for more callers, after an
// idle connection was closed, and after a restart, which forgets the script.
func farAway(t *testing.T, h Harness) {
	for _, d := range distances {
		t.Run(fmt.Sprint(d.delay+d.connect), func(t *testing.T) {
			server := redistest.Start(t)
			relay := redistest.NewRelay(t, d.delay, d.connect, server.Addr)
			s := newStore(t, redisstore.Config{Client: h.New(t, relay.Addr), Timeout: d.timeout})
			awaitCalm(t, s, 1, "the first connection")
			awaitCalm(t, s, 16, "more callers")
			server.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
			awaitCalm(t, s, 4, "the end of idle connections")
			server.Do("SCRIPT", "FLUSH")
			awaitCalm(t, s, 4, "the script was forgotten")
			server.Kill()
			take(t, s, one("ann"))
			server.Run()
			awaitCalm(t, s, 4, "a restart")
		})
	}
}

// farCluster is farAway for the node of a cluster.
func farCluster(t *testing.T, h Harness) {
	for _, d := range distances[3:] {
		t.Run(fmt.Sprint(d.delay+d.connect), func(t *testing.T) {
			var relay *redistest.Relay
			server := redistest.StartBehind(t, func(server string) string {
				relay = redistest.NewRelay(t, d.delay, d.connect, server)
				return relay.Addr
			})
			s := newStore(t, redisstore.Config{Client: h.NewCluster(t, []string{relay.Addr}), Timeout: d.timeout})
			awaitCalm(t, s, 1, "the first connection")
			awaitCalm(t, s, 8, "more callers")
			server.Kill()
			take(t, s, one("ann"))
			server.Run()
			awaitCalm(t, s, 4, "a restart")
		})
	}
}

// farSentinel is farAway for a primary that sentinels name.
func farSentinel(t *testing.T, h Harness) {
	for _, d := range distances[3:] {
		t.Run(fmt.Sprint(d.delay+d.connect), func(t *testing.T) {
			server := redistest.Start(t)
			relay := redistest.NewRelay(t, d.delay, d.connect, server.Addr)
			sentinel := redistest.Sentinel(t, relay.Addr)
			s := newStore(t, redisstore.Config{Client: h.NewSentinel(t, sentinel.Addr, redistest.Master), Timeout: d.timeout})
			awaitCalm(t, s, 1, "the first connection")
			awaitCalm(t, s, 8, "more callers")
			server.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
			awaitCalm(t, s, 4, "the end of all connections")
		})
	}
}

// awaitCalm waits for half a second in which Redis decides all calls of some callers. A
// store that cannot connect is never calm. On a busy machine it may take several
// attempts, because some round trips take longer than the timeout.
func awaitCalm(t *testing.T, s *redisstore.Store, callers int, after string) {
	t.Helper()
	const most, calm = 30 * time.Second, 500 * time.Millisecond
	var last atomic.Int64 // when a call was degraded
	var errs atomic.Int64
	start := time.Now()
	stop := make(chan struct{})
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			var states [1]ratelimit.State
			for {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
				}
				if err := s.Take(context.Background(), []ratelimit.Limit{one("ann")}, states[:]); err != nil {
					errs.Add(1)
				}
				if states[0].Degraded {
					last.Store(int64(time.Since(start)))
				}
			}
		})
	}
	for time.Since(start)-time.Duration(last.Load()) < calm && time.Since(start) < most {
		time.Sleep(10 * time.Millisecond)
	}
	close(stop)
	group.Wait()
	if took := time.Duration(last.Load()); took > most-calm {
		t.Fatalf("after %s, %v of calls by %d callers were never free of degraded ones", after, most, callers)
	}
	if n := errs.Load(); n > 0 {
		t.Errorf("after %s, %d calls ended with an error, want none", after, n)
	}
}
