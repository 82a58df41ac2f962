package bench_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
	ulule "github.com/ulule/limiter/v3"
	ululeredis "github.com/ulule/limiter/v3/drivers/store/redis"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/goredisadapter"
	"github.com/backstop-go/backstop/ratelimit/redisstore/rueidisadapter"
)

func BenchmarkRedisAllowed(b *testing.B) { redisAllowed(startRedis(b)).run(b) }
func BenchmarkRedisRefused(b *testing.B) { redisRefused(startRedis(b)).run(b) }
func BenchmarkRedisDown(b *testing.B)    { redisDown(filepath.Join(b.TempDir(), "nobody")).run(b) }

// redisCallers decide at the same time, on as many connections as they like.
const redisCallers = 64

// redisAllowed is one decision in Redis, without HTTP, for one of many keys.
func redisAllowed(socket string) race {
	return race{
		name:       "RedisAllowed",
		request:    request{addr: addrs(1 << 10)},
		want:       answer{status: 200},
		callers:    max(1, redisCallers/runtime.GOMAXPROCS(0)),
		contenders: sharedLimiters(socket, plenty),
	}
}

// redisRefused is a key without any room that comes back all the time.
func redisRefused(socket string) race {
	return race{
		name:       "RedisRefused",
		before:     1,
		want:       answer{status: 429},
		callers:    max(1, redisCallers/runtime.GOMAXPROCS(0)),
		contenders: sharedLimiters(socket, 1),
	}
}

// redisDown is the store after it has noticed that nobody listens, beside the
// memory that decides in the place of Redis.
func redisDown(socket string) race {
	memory := must(ratelimit.NewMemory(ratelimit.MemoryConfig{}))
	return race{
		name:    "RedisDown",
		request: request{addr: addrs(1 << 10)},
		before:  20,
		want:    answer{status: 200},
		contenders: []contender{
			{by: "memory", handler: taken(memory, plenty)},
			{by: "backstop", handler: taken(viaGoRedis(socket), plenty)},
		},
	}
}

func sharedLimiters(socket string, n int) []contender {
	return []contender{
		{by: "backstop+rueidis", handler: taken(viaRueidis(socket), n)},
		{by: "backstop+go-redis", handler: taken(viaGoRedis(socket), n)},
		{by: "redis_rate", handler: byRedisRate(socket, n)},
		{by: "ulule", handler: byUluleRedis(socket, n)},
	}
}

func taken(store ratelimit.Store, n int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limits := [...]ratelimit.Limit{{Policy: "bench", Key: r.RemoteAddr, Rate: ratelimit.PerHour(n), Cost: 1}}
		var states [1]ratelimit.State
		err := store.Take(r.Context(), limits[:], states[:])
		decided(w, states[0].Allowed, err)
	})
}

func decided(w http.ResponseWriter, allowed bool, err error) {
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case !allowed:
		w.WriteHeader(http.StatusTooManyRequests)
	}
}

func newStore(client redisstore.Client) *redisstore.Store {
	return must(redisstore.New(redisstore.Config{
		Client:     client,
		Timeout:    5 * time.Second, // this machine is busy with the callers, too
		OnDegraded: func(bool, error) {},
	}))
}

func viaGoRedis(socket string) ratelimit.Store {
	return newStore(must(goredisadapter.New(newGoRedis(socket))))
}

func viaRueidis(socket string) ratelimit.Store {
	return newStore(must(rueidisadapter.New(rueidis.ClientOption{
		InitAddress: []string{socket},
		DialCtxFn: func(ctx context.Context, socket string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return d.DialContext(ctx, "unix", socket)
		},
	})))
}

// newGoRedis returns the client that everybody gets who speaks through
// go-redis.
func newGoRedis(socket string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Network: "unix", Addr: socket, PoolSize: redisCallers,
		ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1,
	})
}

func byRedisRate(socket string, n int) http.Handler {
	limiter, limit := redis_rate.NewLimiter(newGoRedis(socket)), redis_rate.PerHour(n)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		result, err := limiter.Allow(r.Context(), r.RemoteAddr, limit)
		decided(w, err == nil && result.Allowed > 0, err)
	})
}

func byUluleRedis(socket string, n int) http.Handler {
	store := must(ululeredis.NewStoreWithOptions(newGoRedis(socket), ulule.StoreOptions{Prefix: "ulule"}))
	limiter := ulule.New(store, ulule.Rate{Period: time.Hour, Limit: int64(n)})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		context, err := limiter.Get(r.Context(), r.RemoteAddr)
		decided(w, !context.Reached, err)
	})
}

// startRedis starts a server until the test ends, and returns its socket.
func startRedis(tb testing.TB) string {
	tb.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		const how = "redis-server is not installed: apt-get install redis-server"
		if os.Getenv("BACKSTOP_REDIS") == "required" {
			tb.Fatal(how)
		}
		tb.Skip(how)
	}
	// The name of a socket is short, so not tb.TempDir, which is long.
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		tb.Fatal(err)
	}
	socket := filepath.Join(dir, "redis")
	server := exec.Command(program, "--port", "0", "--unixsocket", socket, "--dir", dir,
		"--logfile", filepath.Join(dir, "log"), "--save", "", "--appendonly", "no")
	if err := server.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := server.Process.Kill(); err != nil {
			tb.Error(err)
		}
		if _, err := server.Process.Wait(); err != nil {
			tb.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
			return socket
		}
		if time.Now().After(deadline) {
			tb.Fatalf("redis-server does not listen on %s: %v", socket, err)
		}
	}
}

func TestRedisContendersAnswerAsExpected(t *testing.T) {
	socket := startRedis(t)
	for _, make := range []func(string) race{redisAllowed, redisRefused} {
		rc := make(socket)
		for _, c := range rc.contenders {
			t.Run(rc.name+"/by="+c.by, func(t *testing.T) { rc.verify(t, &c, rc.before) })
		}
	}
	down := redisDown(filepath.Join(t.TempDir(), "nobody"))
	for _, c := range down.contenders {
		t.Run(down.name+"/by="+c.by, func(t *testing.T) { down.verify(t, &c, down.before) })
	}
}
