// Package goredisadapter lets [redisstore] use a go-redis client that the program
// already has.
//
//	rdb := redis.NewClient(&redis.Options{
//		Addr:                  "localhost:6379",
//		ContextTimeoutEnabled: true, // else a dead server holds every request for seconds
//		MaxRetries:            -1,   // else a lost reply charges twice
//		DialerRetries:         1,    // else a dead server is dialled for half a second
//	})
//	client, err := goredisadapter.New(rdb)
//
// If the program has no Redis client yet, package rueidisadapter is the better
// choice: its client sends concurrent calls in one packet.
package goredisadapter

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/backstop-go/backstop/ratelimit/redisstore"
)

// Client is a [redisstore.Client] on a go-redis client, which the caller has to
// close. It is safe for concurrent use. The zero Client is not usable; see [New].
//
// A Client takes connections out of the pool of the go-redis client and keeps them:
// at most eight for each server, and at most half of PoolSize. Calls that come at the
// same time are sent together.
type Client struct {
	single  *lane
	cluster *cluster
}

var _ redisstore.Client = (*Client)(nil)

// New accepts a [redis.Client], also one with Sentinel, or a [redis.ClusterClient].
// The error names every option that would send a command again after a lost reply,
// ignore a deadline, or ask a replica. New makes no call.
func New(client redis.UniversalClient) (*Client, error) {
	var f faults
	switch c := client.(type) {
	case *redis.Client:
		o := c.Options()
		f.check(o.ContextTimeoutEnabled, o.MaxRetries, o.DialerRetries)
		return f.join(&Client{single: newLane(c)})
	case *redis.ClusterClient:
		o := c.Options()
		f.check(o.ContextTimeoutEnabled, o.MaxRetries, o.DialerRetries)
		if o.ReadOnly { // RouteByLatency and RouteRandomly set it, too
			f.add("ReadOnly must be false: limits live on primaries")
		}
		return f.join(&Client{cluster: &cluster{client: c, lanes: make(map[*redis.Client]*lane)}})
	default:
		return nil, fmt.Errorf("goredisadapter: a client of type %T is not supported", client)
	}
}

// Cluster reports whether the client speaks to a cluster, so that
// [redisstore.Store] watches its parts one by one.
func (c *Client) Cluster() bool { return c.cluster != nil }

// Eval implements [redisstore.Client].
func (c *Client) Eval(ctx context.Context, verb, script string, keys []string, args []int64) ([]int64, error) {
	words := make([]any, 0, 3+len(keys)+len(args))
	words = append(words, verb, script, len(keys))
	for _, key := range keys {
		words = append(words, key)
	}
	for _, arg := range args {
		words = append(words, arg)
	}
	cmd, err := c.send(ctx, keys[0], redis.NewCmd(ctx, words...))
	if err == nil {
		err = cmd.Err()
	}
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		return nil, redisstore.ErrNoScript
	}
	if err != nil {
		return nil, fmt.Errorf("goredisadapter: %w", err)
	}
	return cmd.Int64Slice()
}

func (c *Client) send(ctx context.Context, key string, cmd *redis.Cmd) (*redis.Cmd, error) {
	if c.cluster != nil {
		return c.cluster.do(ctx, key, cmd)
	}
	return cmd, c.single.do(ctx, cmd)
}

// faults collects the options that must be changed.
type faults []error

func (f *faults) add(text string) {
	*f = append(*f, errors.New("goredisadapter: "+text))
}

// check judges options as go-redis has filled them in.
func (f *faults) check(contextTimeout bool, retries, dials int) {
	if !contextTimeout {
		f.add("ContextTimeoutEnabled must be true, or deadlines are ignored")
	}
	if retries > 0 {
		f.add(fmt.Sprintf("MaxRetries must be -1, not %d, or a lost reply charges twice", retries))
	}
	if dials > 1 {
		f.add(fmt.Sprintf("DialerRetries must be 1, not %d, or a dead server is dialled again and again", dials))
	}
}

func (f *faults) join(c *Client) (*Client, error) {
	if err := errors.Join(*f...); err != nil {
		return nil, err
	}
	return c, nil
}
