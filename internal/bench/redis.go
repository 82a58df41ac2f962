package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
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

// redisCallers decide at the same time, on as many connections as they like.
const redisCallers = 64

// redisAllowed is one decision in Redis, without HTTP, for one of many keys. Our
// unit is a whole number of milliseconds, as it is in nearly every rate that people
// choose; those of the peers are windows, or numbers with a fraction in any case.
func redisAllowed() race {
	return withRedis(func(socket string) race {
		ours := ratelimit.PerMinute(1000).WithBurst(plenty)
		return race{want: answer{status: 200}, contenders: sharedLimiters(socket, ours, plenty, addrs(1<<10))}
	})
}

// redisRefused is a key without any room that comes back all the time.
func redisRefused() race {
	return withRedis(func(socket string) race {
		return race{before: 1, want: answer{status: 429}, contenders: sharedLimiters(socket, ratelimit.PerHour(1), 1, func(uint64) string { return "busy" })}
	})
}

// withRedis makes a race in which a server takes part. Its CPU time counts: a
// script is paid for there.
func withRedis(make func(socket string) race) race {
	server, err := startRedis()
	if err != nil {
		return race{skip: err.Error()}
	}
	rc := make(server.socket)
	rc.callers, rc.server, rc.stop = redisCallers, server.command.Process.Pid, server.stop
	return rc
}

// redisDown is the store after it has noticed that nobody listens, beside the
// memory that decides in the place of Redis.
func redisDown() race {
	memory, keys := must(ratelimit.NewMemory(ratelimit.MemoryConfig{})), addrs(1<<10)
	return race{
		before: 20,
		want:   answer{status: 200},
		contenders: []contender{
			{by: "backstop", call: taken(viaGoRedis("/nonexistent/redis"), ratelimit.PerHour(plenty), keys)},
			{by: "memory", call: taken(memory, ratelimit.PerHour(plenty), keys)},
		},
	}
}

// sharedLimiters admit a burst of n calls per key, those of the peers n per hour.
func sharedLimiters(socket string, ours ratelimit.Rate, n int, keys func(uint64) string) []contender {
	return []contender{
		{by: "backstop+rueidis", call: taken(viaRueidis(socket), ours, keys)},
		{by: "backstop+go-redis", call: taken(viaGoRedis(socket), ours, keys)},
		{by: "ulule", call: byUluleRedis(socket, n, keys)},
		{by: "redis_rate", call: byRedisRate(socket, n, keys)},
	}
}

func taken(store ratelimit.Store, r ratelimit.Rate, keys func(uint64) string) func(uint64) int {
	return func(i uint64) int {
		limits := [...]ratelimit.Limit{{Policy: "bench", Key: keys(i), Rate: r, Cost: 1}}
		var states [1]ratelimit.State
		err := store.Take(context.Background(), limits[:], states[:])
		return decided(states[0].Allowed, err)
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

func byRedisRate(socket string, n int, keys func(uint64) string) func(uint64) int {
	limiter, limit := redis_rate.NewLimiter(newGoRedis(socket)), redis_rate.PerHour(n)
	return func(i uint64) int {
		result, err := limiter.Allow(context.Background(), keys(i), limit)
		return decided(err == nil && result.Allowed > 0, err)
	}
}

func byUluleRedis(socket string, n int, keys func(uint64) string) func(uint64) int {
	store := must(ululeredis.NewStoreWithOptions(newGoRedis(socket), ulule.StoreOptions{Prefix: "ulule"}))
	limiter := ulule.New(store, ulule.Rate{Period: time.Hour, Limit: int64(n)})
	return func(i uint64) int {
		state, err := limiter.Get(context.Background(), keys(i))
		return decided(!state.Reached, err)
	}
}

// redisServer is a server of our own on a socket.
type redisServer struct {
	socket  string
	command *exec.Cmd
}

var errNoRedis = errors.New("redis-server is not installed: apt-get install redis-server")

func startRedis() (*redisServer, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errNoRedis
	}
	dir, err := os.MkdirTemp("", "bench") // short, as the name of a socket has to be
	if err != nil {
		return nil, err
	}
	s := &redisServer{socket: filepath.Join(dir, "redis")}
	s.command = exec.Command(program, "--port", "0", "--unixsocket", s.socket, "--dir", dir,
		"--logfile", filepath.Join(dir, "log"), "--save", "", "--appendonly", "no")
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if conn, err := net.Dial("unix", s.socket); err == nil {
			return s, conn.Close()
		}
	}
	s.stop()
	return nil, fmt.Errorf("redis-server does not listen on %s", s.socket)
}

// stop ends the server and removes what it has left. That a process was killed
// is no error here.
func (s *redisServer) stop() {
	s.command.Process.Kill()
	s.command.Wait()
	os.RemoveAll(filepath.Dir(s.socket))
}
