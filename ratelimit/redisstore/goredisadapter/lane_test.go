package goredisadapter_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/backstop-go/backstop/ratelimit/redisstore/goredisadapter"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

func options(addr string) *redis.Options {
	return &redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1}
}

// eval asks for a number that only this call wants.
func eval(client *goredisadapter.Client, want int64) ([]int64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return client.Eval(ctx, "EVAL", "return {tonumber(ARGV[1])}", []string{"k" + strconv.FormatInt(want, 10)}, []int64{want})
}

// However many call at once, each gets its own answer, and most of the pool of the
// client is left to others.
func TestCallersShareConnections(t *testing.T) {
	server := redistest.Start(t)
	opt := options(server.Addr)
	opt.PoolSize = 10
	rdb := redis.NewClient(opt)
	client := newClient(t, rdb)
	var group sync.WaitGroup
	for i := range int64(200) {
		group.Go(func() {
			for j := range int64(10) {
				want := i*1000 + j
				if got, err := eval(client, want); err != nil || len(got) != 1 || got[0] != want {
					t.Errorf("Eval = %v, %v, want [%d]", got, err, want)
				}
			}
		})
	}
	group.Wait()
	if got := rdb.PoolStats().TotalConns; got > 5 {
		t.Errorf("the adapter has %d connections, want at most half of the pool of 10", got)
	}
	if err := rdb.Ping(t.Context()).Err(); err != nil {
		t.Errorf("the client itself can do nothing any more: %v", err)
	}
}

// After a failover the pool of the client holds connections to the old primary,
// too, which others have left there.
func TestConnectionsOfOthersToAWrongNodeAreNotTaken(t *testing.T) {
	old, next := redistest.Start(t), redistest.Start(t)
	relay := redistest.NewRelay(t, 0, 0, old.Addr)
	opt := options(relay.Addr)
	opt.PoolSize, opt.MinIdleConns = 30, 20
	rdb := redis.NewClient(opt)
	client := newClient(t, rdb)
	redistest.Await(t, "the pool is full", func() bool { return rdb.PoolStats().IdleConns >= 20 })
	write := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, err := client.Eval(ctx, "EVAL", "redis.call('SET', KEYS[1], 1) return {1}", []string{"k"}, nil)
		return err
	}
	if err := write(); err != nil {
		t.Fatal(err)
	}
	relay.Lead(next.Addr)
	old.Follow(next)
	if err := write(); err == nil || !strings.Contains(err.Error(), "READONLY") {
		t.Fatalf("Eval on the old primary = %v, want READONLY", err)
	}
	if err := write(); err != nil {
		t.Errorf("the next Eval = %v, want it to reach the new primary", err)
	}
}

// A hook of the program runs where nobody could recover from its panic.
func TestAHookThatPanicsIsAFailure(t *testing.T) {
	server := redistest.Start(t)
	rdb := redis.NewClient(options(server.Addr))
	hook := &panics{}
	rdb.AddHook(hook)
	client := newClient(t, rdb)
	if _, err := eval(client, 1); err == nil || !strings.Contains(err.Error(), "panic: hook") {
		t.Errorf("Eval = %v, want the panic", err)
	}
	hook.calm = true
	if got, err := eval(client, 2); err != nil || got[0] != 2 {
		t.Errorf("the next Eval = %v, %v, want 2", got, err)
	}
}

// panics is a hook that panics for a script.
type panics struct{ calm bool }

func (*panics) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (p *panics) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if strings.EqualFold(cmd.Name(), "EVAL") && !p.calm {
			panic("hook")
		}
		return next(ctx, cmd)
	}
}

func (*panics) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
