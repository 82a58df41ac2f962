package clienttest

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

func forgottenScript(t *testing.T, h Harness) {
	server := redistest.Start(t)
	s := newStore(t, redisstore.Config{Client: h.New(t, server.Addr), Timeout: patient})
	take(t, s, one("ann"))
	server.Do("SCRIPT", "FLUSH")
	if st := take(t, s, one("ann")); st.Degraded || st.Remaining != 9_998 {
		t.Errorf("Take after SCRIPT FLUSH = %+v, want a decision by Redis with 9,998 remaining", st)
	}
}

// refusals: if the server refuses a command with any error, the request is not refused.
func refusals(t *testing.T, h Harness) {
	for _, tc := range []struct {
		name  string
		args  []string // of the server
		cause func(t *testing.T, s *redistest.Server)
	}{
		{"OOM", nil, func(_ *testing.T, s *redistest.Server) { s.Do("CONFIG", "SET", "maxmemory", "1") }},
		{"READONLY", nil, func(_ *testing.T, s *redistest.Server) { s.Do("REPLICAOF", "127.0.0.1", "1") }},
		{"NOREPLICAS", nil, func(_ *testing.T, s *redistest.Server) { s.Do("CONFIG", "SET", "min-replicas-to-write", "1") }},
		{"CLUSTERDOWN", []string{"--cluster-enabled", "yes"}, nil},
		{"BUSY", []string{"--busy-reply-threshold", "1"}, busy},
		{"LOADING", []string{"--rdbcompression", "no"}, loading},
		{"NOAUTH", []string{"--requirepass", "secret"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := redistest.Start(t, tc.args...)
			if tc.cause != nil {
				tc.cause(t, server)
			}
			client := h.New(t, server.Addr)
			s := newStore(t, redisstore.Config{Client: client, Timeout: time.Second, Mode: redisstore.FailOpen})
			if st := take(t, s, one("ann")); !st.Allowed || !st.Degraded || !st.Unknown {
				t.Errorf("Take = %+v, want it admitted as unknown", st)
			}
			closed := newStore(t, redisstore.Config{Client: client, Timeout: time.Second, Mode: redisstore.FailClosed})
			err := closed.Take(t.Context(), []ratelimit.Limit{one("ann")}, make([]ratelimit.State, 1))
			if err == nil || !strings.Contains(err.Error(), tc.name) {
				t.Errorf("Take = %v, want the %s of the server", err, tc.name)
			}
		})
	}
}

func busy(t *testing.T, server *redistest.Server) {
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := redistest.Dial(ctx, server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		conn.Do(ctx, "EVAL", "while true do end", "0") // until the server is killed
	}()
	t.Cleanup(func() { cancel(); server.Kill(); <-ended; conn.Close() })
	server.AwaitReply("BUSY")
}

// loading makes the server read its data so slowly that it cannot end before
// the test does. It answers between one entry and the next.
func loading(_ *testing.T, server *redistest.Server) {
	for i := range 1000 {
		server.Do("SET", strconv.Itoa(i), strings.Repeat("x", 2048))
	}
	server.Do("SAVE")
	server.Kill()
	server.Run("--key-load-delay", "50000", "--loading-process-events-interval-bytes", "1024")
}

// deadline: a server that does not answer holds a call no longer than ctx says,
// within ten milliseconds. The fastest call counts, because a busy machine delays
// the others.
func deadline(t *testing.T, h Harness) {
	const timeout, most = 25 * time.Millisecond, 35 * time.Millisecond
	for _, tc := range []struct {
		name  string
		cause func(*redistest.Server)
	}{
		{"SIGSTOP", (*redistest.Server).Freeze},
		{"CLIENT PAUSE", func(s *redistest.Server) { s.Do("CLIENT", "PAUSE", "60000", "ALL") }},
	} {
		for _, connected := range []bool{true, false} {
			t.Run(tc.name+", connected "+strconv.FormatBool(connected), func(t *testing.T) {
				server := redistest.Start(t)
				client := h.New(t, server.Addr)
				if connected {
					connect(t, newStore(t, redisstore.Config{Client: client}))
				}
				tc.cause(server)
				fastest, start := time.Hour, time.Now()
				for fastest > most && time.Since(start) < 5*time.Second {
					ctx, cancel := context.WithTimeout(context.Background(), timeout)
					begin := time.Now()
					_, err := client.Eval(ctx, "EVAL", "return {1}", []string{"k"}, nil)
					fastest = min(fastest, time.Since(begin))
					cancel()
					if err == nil {
						t.Fatal("Eval = nil, want an error")
					}
				}
				if fastest > most {
					t.Errorf("Eval with a deadline of %v took at least %v", timeout, fastest)
				}
			})
		}
	}
}

func lostReply(t *testing.T, h Harness) {
	server := redistest.Start(t)
	loseOne(t, redistest.NewProxy(t, server.Addr), func(addr string) redisstore.Client { return h.New(t, addr) })
}

func lostClusterReply(t *testing.T, h Harness) {
	var proxy *redistest.Proxy
	redistest.StartBehind(t, func(server string) string {
		proxy = redistest.NewProxy(t, server)
		return proxy.Addr
	})
	loseOne(t, proxy, func(addr string) redisstore.Client { return h.NewCluster(t, []string{addr}) })
}

// loseOne charges through a proxy that loses the reply.
func loseOne(t *testing.T, proxy *redistest.Proxy, connectTo func(addr string) redisstore.Client) {
	s := newStore(t, redisstore.Config{Client: connectTo(proxy.Addr), Timeout: patient, Mode: redisstore.FailOpen})
	take(t, s, one("ann"))
	proxy.LoseNext("EVALSHA")
	if st := take(t, s, one("ann")); !st.Degraded {
		t.Errorf("Take whose reply is lost = %+v, want it degraded", st)
	}
	if !proxy.Lost() {
		t.Error("the proxy has lost no reply")
	}
	redistest.Await(t, "decisions by Redis", func() bool {
		peek := one("ann")
		peek.Cost = 0
		st := take(t, s, peek)
		if !st.Degraded && st.Remaining != 9_998 {
			t.Fatalf("after two charges, one of them without a reply, %d remain, want 9,998", st.Remaining)
		}
		return !st.Degraded
	})
}

func cutConnections(t *testing.T, h Harness) {
	server := redistest.Start(t)
	s := newStore(t, redisstore.Config{Client: h.New(t, server.Addr), Timeout: time.Second})
	take(t, s, one("ann"))
	server.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	for range 20 {
		take(t, s, one("ann"))
	}
	connect(t, s)
}

func noServer(t *testing.T, h Harness) {
	server := redistest.Reserve(t)
	var seen events
	s := newStore(t, redisstore.Config{Client: h.New(t, server.Addr), OnDegraded: seen.add})
	for range 20 {
		if st := take(t, s, one("ann")); !st.Allowed || !st.Degraded || st.Unknown {
			t.Fatalf("Take without a server = %+v, want it admitted by this process", st)
		}
	}
	server.Run()
	connect(t, s)
	if got := seen.list(); len(got) != 2 || !got[0] || got[1] {
		t.Errorf("OnDegraded was told %v, want [true false]", got)
	}
}
