package rueidisadapter

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/redis/rueidis"

	"github.com/backstop-go/backstop/ratelimit/redisstore"
)

// rueidis connects inside the call that finds no connection, and all other calls wait
// meanwhile. In this package a call never dials: it waits for an attempt, which goes
// on when the call has given up.

// asking marks the context of a call that must not dial.
type asking struct{ context.Context }

type askingKey struct{}

func (a asking) Value(key any) any {
	if key == (askingKey{}) {
		return true
	}
	return a.Context.Value(key)
}

// noConnection says that a call was not sent because there is no connection.
type noConnection struct{ addr string }

func (e *noConnection) Error() string { return "no connection to " + e.addr }
func (e *noConnection) Unwrap() error { return redisstore.ErrConnecting }

// dialer returns a function that dials as option says, but refuses to dial for a
// call.
func dialer(option rueidis.ClientOption) func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) {
	return func(ctx context.Context, addr string, d *net.Dialer, config *tls.Config) (net.Conn, error) {
		switch {
		case ctx.Value(askingKey{}) != nil:
			return nil, &noConnection{addr}
		case option.DialCtxFn != nil:
			return option.DialCtxFn(ctx, addr, d, config)
		case option.DialFn != nil:
			return option.DialFn(addr, d, config)
		case config != nil:
			return (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, "tcp", addr)
		default:
			return d.DialContext(ctx, "tcp", addr)
		}
	}
}

// attempt is one try to connect. err is set before done is closed.
type attempt struct {
	done chan struct{}
	err  error
}

// wait waits for the end of the attempt or of ctx.
func (a *attempt) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", redisstore.ErrConnecting, ctx.Err())
	case <-a.done:
	}
	if a.err != nil {
		return fmt.Errorf("%w: %w", redisstore.ErrConnecting, a.err)
	}
	return nil
}

// connected returns the client, or waits for one.
func (c *Client) connected(ctx context.Context) (rueidis.Client, error) {
	for {
		c.mu.Lock()
		client, closed := c.client, c.closed
		if client == nil && !closed {
			c.start(redisstore.ConnectTimeout(ctx))
		}
		a := c.attempt
		c.mu.Unlock()
		switch {
		case closed:
			return nil, rueidis.ErrClosing
		case client != nil:
			return client, nil
		}
		if err := a.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// start begins an attempt, unless one is under way. The caller holds the lock.
func (c *Client) start(bound time.Duration) {
	if c.attempt != nil {
		return
	}
	c.attempt = &attempt{done: make(chan struct{})}
	go c.connect(c.attempt, bound)
}

func (c *Client) connect(a *attempt, bound time.Duration) {
	option := c.option
	if option.Dialer.Timeout == 0 {
		option.Dialer.Timeout = bound
	}
	client, err := rueidis.NewClient(option)
	if err != nil && client != nil {
		client.Close() // it would dial with the next call
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attempt, a.err = nil, err
	switch {
	case err != nil:
	case c.closed:
		go client.Close()
	default:
		c.client = client
	}
	close(a.done)
}

// drop gives a client up, and begins to replace it. Calls of the old client may still
// end.
func (c *Client) drop(client rueidis.Client, bound time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client != client {
		return
	}
	c.client = nil
	go client.Close()
	if !c.closed {
		c.start(bound)
	}
}

// reach connects to one node of a cluster, the owner of a key. One attempt serves
// all calls that need the node.
func (c *Client) reach(ctx context.Context, addr, key string) error {
	client, err := c.connected(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	a := c.nodes[addr]
	if a == nil {
		a = &attempt{done: make(chan struct{})}
		c.nodes[addr] = a
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), redisstore.ConnectTimeout(ctx))
			defer cancel()
			// Any command will do; the scripts use this one, so it is permitted.
			err := client.Do(ctx, client.B().Pttl().Key(key).Build()).Error()
			c.mu.Lock()
			defer c.mu.Unlock()
			delete(c.nodes, addr)
			a.err = err
			close(a.done)
		}()
	}
	c.mu.Unlock()
	return a.wait(ctx)
}

// connecting reports whether anything is being set up.
func (c *Client) connecting() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.attempt != nil || len(c.nodes) > 0
}
