package goredisadapter

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/backstop-go/backstop/ratelimit/redisstore"
)

// cluster has a lane for each node that owns slots.
type cluster struct {
	client *redis.ClusterClient

	mu      sync.Mutex
	lanes   map[*redis.Client]*lane
	known   bool          // the topology is known; go-redis keeps it fresh from then on
	lookup  chan struct{} // closed when the lookup under way ends
	failure error         // of the last lookup
}

// do sends a command to the owner of a key. It follows a redirect, because that
// means that the command was not executed, and returns the command that was.
func (c *cluster) do(ctx context.Context, key string, cmd *redis.Cmd) (*redis.Cmd, error) {
	if err := c.lookUp(ctx, key); err != nil {
		return nil, err
	}
	owner, err := c.client.MasterForKey(ctx, key)
	if err != nil {
		return nil, err
	}
	if err := c.lane(owner).do(ctx, cmd); err != nil {
		c.client.ReloadState(ctx) // in the background
		return nil, err
	}
	if addr, moved := redis.IsMovedError(cmd.Err()); moved {
		c.client.ReloadState(ctx)
		return c.redirect(ctx, addr, cmd.Args())
	}
	if addr, ask := redis.IsAskError(cmd.Err()); ask {
		return c.redirect(ctx, addr, cmd.Args(), redis.NewStatusCmd(ctx, "ASKING"))
	}
	if cmd.Err() != nil && !answered(cmd.Err()) {
		c.reconsider(ctx, owner, cmd.Err())
	}
	return cmd, nil
}

// lookUp waits until the topology is known, which counts as connecting.
func (c *cluster) lookUp(ctx context.Context, key string) error {
	c.mu.Lock()
	if c.known {
		c.mu.Unlock()
		return nil
	}
	if c.lookup == nil {
		c.lookup = make(chan struct{})
		go c.learn(context.WithoutCancel(ctx), key, c.lookup)
	}
	lookup := c.lookup
	c.mu.Unlock()
	select {
	case <-lookup:
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", redisstore.ErrConnecting, ctx.Err())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known {
		return fmt.Errorf("%w: %w", redisstore.ErrConnecting, c.failure)
	}
	return nil
}

func (c *cluster) learn(ctx context.Context, key string, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, redisstore.ConnectTimeout(ctx))
	defer cancel()
	_, err := c.client.MasterForKey(ctx, key)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known, c.failure, c.lookup = err == nil, err, nil
	close(done)
}

func (c *cluster) lane(client *redis.Client) *lane {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.lanes[client]
	if l == nil {
		l = newLane(client)
		c.lanes[client] = l
	}
	return l
}

// reconsider reads the topology again after a failure: the node may have left the
// cluster.
func (c *cluster) reconsider(ctx context.Context, owner *redis.Client, err error) {
	c.client.ReloadState(ctx)
	if errors.Is(err, redis.ErrClosed) {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.lanes, owner)
	}
}

// redirect sends a command to the node at an address: on its lane, or through
// go-redis if the node had no slots before and so has no lane.
func (c *cluster) redirect(ctx context.Context, addr string, words []any, before ...redis.Cmder) (*redis.Cmd, error) {
	cmd := redis.NewCmd(ctx, words...)
	if l := c.laneTo(addr); l != nil {
		return cmd, l.do(ctx, append(before, cmd)...)
	}
	cmd.SetFirstKeyPos(3)
	_ = c.client.Process(ctx, once{cmd}) // the command has the error, too
	return cmd, nil
}

func (c *cluster) laneTo(addr string) *lane {
	c.mu.Lock()
	defer c.mu.Unlock()
	for client, l := range c.lanes {
		if client.Options().Addr == addr {
			return l
		}
	}
	return nil
}

// once is a command that is not sent again when its reply is lost. The cluster client
// would do that, whatever its options say. Redirects are still followed.
type once struct{ *redis.Cmd }

// NoRetry overrides the method of redis.Cmd.
func (once) NoRetry() bool { return true }
