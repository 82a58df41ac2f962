package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

// client is the simplest redisstore.Client: as many connections as there are
// calls at once.
type client struct {
	addr  string
	calls atomic.Int64 // commands sent

	mu   sync.Mutex
	idle []*redistest.Conn
}

func (c *client) Eval(ctx context.Context, verb, script string, keys []string, args []int64) ([]int64, error) {
	command := append([]string{verb, script, strconv.Itoa(len(keys))}, keys...)
	for _, arg := range args {
		command = append(command, strconv.FormatInt(arg, 10))
	}
	conn, err := c.conn(ctx)
	if err != nil {
		return nil, err
	}
	c.calls.Add(1)
	reply, err := conn.Do(ctx, command...)
	var refused redistest.Error
	if err != nil && !errors.As(err, &refused) {
		conn.Close()
		return nil, err
	}
	c.mu.Lock()
	c.idle = append(c.idle, conn)
	c.mu.Unlock()
	if strings.HasPrefix(string(refused), "NOSCRIPT") {
		return nil, redisstore.ErrNoScript
	}
	if err != nil {
		return nil, err
	}
	return integers(reply)
}

func (c *client) conn(ctx context.Context) (*redistest.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.idle); n > 0 {
		conn := c.idle[n-1]
		c.idle = c.idle[:n-1]
		return conn, nil
	}
	return redistest.Dial(ctx, c.addr)
}

func integers(reply any) ([]int64, error) {
	list, ok := reply.([]any)
	if !ok {
		return nil, fmt.Errorf("reply %v is no list", reply)
	}
	numbers := make([]int64, len(list))
	for i, item := range list {
		if numbers[i], ok = item.(int64); !ok {
			return nil, fmt.Errorf("item %d of reply %v is no integer", i, reply)
		}
	}
	return numbers, nil
}

// clientFunc is a Client without a server, for faults that no server shows on
// demand.
type clientFunc func(ctx context.Context, verb string) ([]int64, error)

func (f clientFunc) Eval(ctx context.Context, verb, _ string, _ []string, _ []int64) ([]int64, error) {
	return f(ctx, verb)
}

// patient is long enough for a machine that is busy with other tests: only
// tests about the timeout use the default.
const patient = 5 * time.Second

func newStore(t testing.TB, cfg redisstore.Config) *redisstore.Store {
	t.Helper()
	s, err := redisstore.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// keySpy remembers the first key of the latest call.
type keySpy struct {
	redisstore.Client
	key string
}

func (s *keySpy) Eval(ctx context.Context, verb, script string, keys []string, args []int64) ([]int64, error) {
	s.key = keys[0]
	return s.Client.Eval(ctx, verb, script, keys, args)
}
