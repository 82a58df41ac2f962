package goredisadapter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/backstop-go/backstop/ratelimit/redisstore"
)

// mostConns bounds the connections of a lane. More would not help: calls that find
// all connections busy are sent together.
const mostConns = 8

// silence is how long a connection may owe an answer before it is closed. It is
// longer than a call waits, so one late answer does not cost the connection.
const silence = time.Second

// lane holds the connections to one server. go-redis would connect inside the call
// that finds no connection, within the deadline of that call, and close the
// connection when the call gives up. On a lane a call never connects: it takes a
// connection that is ready, or waits for one.
type lane struct {
	client *redis.Client
	most   int // connections

	mu      sync.Mutex
	ready   []*held
	waiting []*call
	conns   int  // connections that are ready, busy, or being set up
	setups  int  // connections that are being set up
	age     int  // connections of an earlier age are given up
	purge   bool // empty the pool of the client before the next setup
}

// held is a connection that was taken out of the pool of the client.
type held struct {
	*redis.Conn
	age int
}

// call is a list of commands that are sent together, in this order.
type call struct {
	cmds  []redis.Cmder
	bound time.Duration // to set up a connection
	done  chan struct{} // closed when each command has its reply or an error
}

func newLane(client *redis.Client) *lane {
	return &lane{client: client, most: min(max(client.Options().PoolSize/2, 1), mostConns)}
}

// do sends commands and waits until each has its reply or error. If do itself returns
// an error, the deadline came first, and the caller must not touch the commands.
func (l *lane) do(ctx context.Context, cmds ...redis.Cmder) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{cmds, redisstore.ConnectTimeout(ctx), make(chan struct{})}
	l.mu.Lock()
	l.waiting = append(l.waiting, c)
	if n := len(l.ready); n > 0 {
		conn := l.ready[n-1]
		l.ready = l.ready[:n-1]
		go l.carry(conn, l.assign(conn))
	}
	l.grow()
	l.mu.Unlock()
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return l.leave(ctx, c)
	}
}

// leave ends the wait of a call.
func (l *lane) leave(ctx context.Context, c *call) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.waiting, c)
	if i < 0 {
		return ctx.Err() // the call was sent
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	if l.conns == l.setups {
		return fmt.Errorf("%w: %w", redisstore.ErrConnecting, ctx.Err())
	}
	return ctx.Err()
}

// exec sends commands through a connection, all in one write.
func exec(ctx context.Context, conn *held, cmds []redis.Cmder) {
	defer func() {
		if v := recover(); v != nil { // a hook panicked; the connection may hold half a reply
			fail(cmds, fmt.Errorf("panic: %v", v))
		}
	}()
	if len(cmds) == 1 {
		_ = conn.Process(ctx, cmds[0]) // the command has the error, too
		return
	}
	pipe := conn.Pipeline()
	for _, cmd := range cmds {
		_ = pipe.Process(ctx, cmd) // only queues the command
	}
	_, _ = pipe.Exec(ctx) // the commands have the errors, too
}

func fail(cmds []redis.Cmder, err error) {
	for _, cmd := range cmds {
		cmd.SetErr(err)
	}
}

// carry sends a batch, and then whatever waits, until nothing does.
func (l *lane) carry(conn *held, batch []*call) {
	for batch != nil {
		var cmds []redis.Cmder
		for _, c := range batch {
			cmds = append(cmds, c.cmds...)
		}
		ctx, cancel := context.WithTimeout(context.Background(), silence)
		exec(ctx, conn, cmds)
		cancel()
		for _, c := range batch {
			close(c.done)
		}
		batch = l.next(conn, cmds)
	}
}

// next returns the next batch for a connection that has carried commands, or nil if
// the connection is now ready or given up.
func (l *lane) next(conn *held, carried []redis.Cmder) []*call {
	var broken, ended, wrong bool
	for _, cmd := range carried {
		err := cmd.Err()
		switch {
		case err == nil:
		case answered(err):
			wrong = wrong || redisstore.WrongNode(err.Error())
		default:
			broken = true
			ended = ended || !timeout(err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if wrong || ended {
		l.retire(conn.age, wrong)
	}
	if broken || conn.age != l.age {
		l.discard(conn)
		l.grow()
		return nil
	}
	return l.assign(conn)
}

// assign gives all waiting calls to a connection. The caller holds the lock.
func (l *lane) assign(conn *held) []*call {
	batch := l.waiting
	l.waiting = nil
	if batch == nil {
		l.ready = append(l.ready, conn)
	}
	return batch
}

// answered reports whether an error is an answer of the server.
func answered(err error) bool {
	_, ok := errors.AsType[redis.Error](err)
	return ok
}

// timeout reports whether an error is a timeout, which says nothing about other
// connections.
func timeout(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}
