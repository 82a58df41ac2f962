package clienttest

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

// demotions are what may become of a primary. It keeps its connections, and
// answers through them.
var demotions = []struct {
	answer string
	args   []string // of both servers
	demote func(old, next *redistest.Server)
}{
	{"READONLY", nil, func(old, next *redistest.Server) { old.Follow(next) }},
	{"MASTERDOWN", []string{"--replica-serve-stale-data", "no"}, func(old, _ *redistest.Server) {
		old.Do("REPLICAOF", "127.0.0.1", "1")
	}},
	{"LOADING", []string{"--rdbcompression", "no", "--loading-process-events-interval-bytes", "1024", "--repl-diskless-sync-delay", "0"}, resync},
	{"NOREPLICAS", nil, func(old, _ *redistest.Server) { old.Do("CONFIG", "SET", "min-replicas-to-write", "1") }},
}

// resync makes a server read the data of another one so slowly that it does not
// end before the test.
func resync(old, next *redistest.Server) {
	for i := range 1000 {
		next.Do("SET", strconv.Itoa(i), strings.Repeat("x", 2048))
	}
	old.Do("CONFIG", "SET", "key-load-delay", "50000")
	host, port, _ := net.SplitHostPort(next.Addr)
	old.Do("REPLICAOF", host, port)
	old.AwaitReply("LOADING")
}

// wrongNode: behind one address that follows the primary, the store is healthy
// soon after a failover, although the old primary lives and answers.
func wrongNode(t *testing.T, h Harness) {
	for _, d := range demotions {
		for _, mode := range []redisstore.Mode{redisstore.FailLocal, redisstore.FailClosed} {
			t.Run(d.answer+", "+[]string{"local", "open", "closed"}[mode], func(t *testing.T) {
				old, next := redistest.Start(t, d.args...), redistest.Start(t, d.args...)
				relay := redistest.NewRelay(t, 0, 0, old.Addr)
				var refused atomic.Int64
				watch := &watched{h.New(t, relay.Addr), func(_ context.Context, _ string, err error) {
					if err != nil && strings.Contains(err.Error(), d.answer) {
						refused.Add(1)
					}
				}}
				s := newStore(t, redisstore.Config{Client: watch, Timeout: unhurried, Mode: mode})
				awaitHealthy(t, s, 16)
				relay.Lead(next.Addr)
				d.demote(old, next)
				// For a replica that loads, several connections learn of it at once.
				awaitHealthy(t, s, 16)
				if n := refused.Load(); n == 0 || n > 16+5 {
					t.Errorf("%d calls were answered by %s, want some: one for each caller at most, and five", n, d.answer)
				}
				if keys, _ := next.Do("DBSIZE").(int64); keys == 0 {
					t.Error("the new primary has no keys: it did not decide")
				}
			})
		}
	}
}

// sentinelFailover: the store follows the primary that sentinels name, when the
// old one dies, and when it is told to step back.
func sentinelFailover(t *testing.T, h Harness) {
	for _, tc := range []struct {
		name string
		fail func(primary, sentinel *redistest.Server)
	}{
		{"a primary that dies", func(primary, _ *redistest.Server) { primary.Kill() }},
		{"a primary that hangs", func(primary, _ *redistest.Server) { primary.Freeze() }},
		{"a primary that steps back", func(_, sentinel *redistest.Server) { sentinel.Persuade("SENTINEL", "FAILOVER", redistest.Master) }},
	} {
		for _, mode := range []redisstore.Mode{redisstore.FailLocal, redisstore.FailClosed} {
			t.Run(tc.name+", "+[]string{"local", "open", "closed"}[mode], func(t *testing.T) {
				t.Parallel()
				primary, replica := redistest.Start(t), redistest.Start(t)
				replica.Follow(primary)
				sentinel := redistest.Sentinel(t, primary.Addr)
				redistest.Await(t, "the sentinel knows the replica", func() bool {
					list, _ := sentinel.Do("SENTINEL", "REPLICAS", redistest.Master).([]any)
					return len(list) == 1
				})
				s := newStore(t, redisstore.Config{Client: h.NewSentinel(t, sentinel.Addr, redistest.Master), Timeout: unhurried, Mode: mode})
				awaitHealthy(t, s, 4)
				tc.fail(primary, sentinel)
				replica.AwaitPrimary()
				awaitHealthy(t, s, 4)
			})
		}
	}
}

// awaitHealthy waits until some callers at once are decided by Redis, twice.
func awaitHealthy(t *testing.T, s *redisstore.Store, callers int) {
	t.Helper()
	start := time.Now()
	for healthy := 0; healthy < 2; {
		if time.Since(start) > 20*time.Second {
			t.Fatal("after 20 s Redis does not decide yet")
		}
		good := make(chan bool)
		for i := range callers {
			go func() {
				var states [1]ratelimit.State
				err := s.Take(context.Background(), []ratelimit.Limit{one("ann" + strconv.Itoa(i))}, states[:])
				good <- err == nil && !states[0].Degraded
			}()
		}
		all := true
		for range callers {
			all = <-good && all
		}
		if !all {
			healthy = 0
			time.Sleep(10 * time.Millisecond)
			continue
		}
		healthy++
	}
}

// says: the line about an outage tells whether it began when the store was
// connecting or asking.
func says(t *testing.T, h Harness) {
	for _, tc := range []struct {
		want  string
		start func(t *testing.T) (addr string, fail func())
	}{
		{"connecting", func(t *testing.T) (string, func()) {
			return redistest.Reserve(t).Addr, func() {} // nobody listens
		}},
		{"connecting", func(t *testing.T) (string, func()) {
			server := redistest.Start(t)
			server.Freeze() // the system takes connections for it
			return server.Addr, func() {}
		}},
		{"asking", func(t *testing.T) (string, func()) {
			server := redistest.Start(t)
			return server.Addr, server.Freeze
		}},
		{"asking", func(t *testing.T) (string, func()) {
			server := redistest.Start(t)
			return server.Addr, func() { server.Do("CONFIG", "SET", "maxmemory", "1") }
		}},
	} {
		addr, fail := tc.start(t)
		said := make(chan error, 10)
		s := newStore(t, redisstore.Config{Client: h.New(t, addr), Timeout: unhurried, Mode: redisstore.FailOpen, OnDegraded: func(_ bool, err error) { said <- err }})
		if tc.want == "asking" {
			connect(t, s)
			for len(said) > 0 { // a busy machine
				<-said
			}
		}
		fail()
		var err error
		redistest.Await(t, "OnDegraded is told", func() bool {
			take(t, s, one("ann"))
			select {
			case err = <-said:
			default:
			}
			return err != nil
		})
		if !strings.Contains(err.Error(), "redisstore: "+tc.want+": ") {
			t.Errorf("OnDegraded was told %q, want it to say %s", err, tc.want)
		}
		if got := errors.Is(err, redisstore.ErrConnecting); got != (tc.want == "connecting") {
			t.Errorf("errors.Is(%q, ErrConnecting) = %v", err, got)
		}
	}
}
