package goredisadapter

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/backstop-go/backstop/ratelimit/redisstore"
)

// grow begins to set up a connection for the waiting calls: one at a time, because
// they can share one. The caller holds the lock.
func (l *lane) grow() {
	if len(l.waiting) == 0 || l.setups > 0 || l.conns >= l.most {
		return
	}
	l.conns++
	l.setups++
	go l.setUp(l.age, l.purge, l.waiting[0].bound)
	l.purge = false
}

// setUp connects, and then sends the calls that have waited.
func (l *lane) setUp(age int, purge bool, bound time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	if purge {
		l.empty(ctx)
	}
	conn := &held{l.client.EphemeralConn(), age}
	err := greet(ctx, conn)

	l.mu.Lock()
	l.setups--
	var batch []*call
	switch {
	case err != nil:
		l.discard(conn)
		l.refuse(err)
	case age != l.age:
		l.discard(conn)
		l.grow()
	default:
		batch = l.assign(conn)
	}
	l.mu.Unlock()
	l.carry(conn, batch)
}

// greet makes go-redis take a connection out of its pool, or make one.
func greet(ctx context.Context, conn *held) error {
	err := conn.Ping(ctx).Err()
	if redis.HasErrorPrefix(err, "NOPERM") {
		return nil // it may only run scripts
	}
	return err
}

// refuse fails all waiting calls, unless another connection can still serve them. The
// caller holds the lock.
func (l *lane) refuse(err error) {
	if l.conns > 0 {
		return
	}
	for _, c := range l.waiting {
		fail(c.cmds, fmt.Errorf("%w: %w", redisstore.ErrConnecting, err))
		close(c.done)
	}
	l.waiting = nil
}

// retire gives up all connections of an age, because one of them has ended or has led
// to the wrong node. In the latter case the idle connections in the pool of the
// client lead there, too. The caller holds the lock.
func (l *lane) retire(age int, wrong bool) {
	if age != l.age {
		return
	}
	l.age++
	l.purge = l.purge || wrong
	for _, conn := range l.ready {
		l.discard(conn)
	}
	l.ready = nil
}

// discard closes a connection on another goroutine, because closing TLS writes. The
// caller holds the lock.
func (l *lane) discard(conn *held) {
	l.conns--
	go conn.Close()
}

// empty takes the idle connections out of the pool of the client, so that the
// next one is new.
func (l *lane) empty(ctx context.Context) {
	for range l.client.PoolStats().IdleConns {
		conn := l.client.EphemeralConn()
		_ = conn.Ping(ctx).Err() // whatever the node says
		_ = conn.Close()
	}
}
