// Package rueidisadapter lets [redisstore] use rueidis, which sends concurrent calls
// in one packet.
//
//	option, err := rueidis.ParseURL("redis://localhost:6379")
//	client, err := rueidisadapter.New(option)
//	store, err := redisstore.New(redisstore.Config{Client: client})
//
// Use this client for limits only. It connects with the first call, so a service
// starts while Redis is down.
package rueidisadapter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/backstop-go/backstop/ratelimit/redisstore"
)

const wireTimeout = time.Second // default; rueidis has 10 s

// Client is a [redisstore.Client] with connections of its own. It is safe for
// concurrent use. The zero Client is not usable; see [New] and [NewCluster].
type Client struct {
	option  rueidis.ClientOption
	cluster bool

	mu      sync.Mutex
	client  rueidis.Client      // nil until a server has answered
	attempt *attempt            // to make a client, under way
	nodes   map[string]*attempt // to connect to a node of a cluster, under way
	closed  bool
}

var _ redisstore.Client = (*Client)(nil)

// New returns a client for one server or, with option.Sentinel.MasterSet, for the
// primary that sentinels name. New makes no call. The error names every option that
// would send a command again after a lost reply, ask a replica, or connect within a
// call.
//
// New sets DisableRetry, DisableCache and AlwaysPipelining, and uses one connection
// for each server. A Dialer.Timeout of zero means [redisstore.ConnectTimeout]. A
// ConnWriteTimeout of zero means that a silent connection is closed after 1 s.
func New(option rueidis.ClientOption) (*Client, error) {
	errs := faults(option)
	sentinel := option.Sentinel.MasterSet != ""
	option.ForceSingleClient = !sentinel
	if n := len(option.InitAddress); n > 1 && !sentinel {
		errs = append(errs, fmt.Errorf("rueidisadapter: InitAddress has %d addresses, want one; several are for NewCluster", n))
	}
	return newClient(option, false, errs)
}

// NewCluster is [New] for a cluster. option.InitAddress names one or more of its
// nodes.
func NewCluster(option rueidis.ClientOption) (*Client, error) {
	errs := faults(option)
	if option.ForceSingleClient || option.Sentinel.MasterSet != "" {
		errs = append(errs, errors.New("rueidisadapter: ForceSingleClient and Sentinel are not for a cluster"))
	}
	return newClient(option, true, errs)
}

func newClient(option rueidis.ClientOption, cluster bool, errs []error) (*Client, error) {
	if len(option.InitAddress) == 0 {
		errs = append(errs, errors.New("rueidisadapter: InitAddress is required"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	option.InitAddress = slices.Clone(option.InitAddress)
	option.DisableRetry = true
	option.DisableCache = true
	option.AlwaysPipelining = true // a call that times out does not cost the connection
	option.PipelineMultiplex = -1
	option.DialCtxFn = dialer(option)
	if option.ConnWriteTimeout == 0 {
		option.ConnWriteTimeout = wireTimeout
	}
	return &Client{option: option, cluster: cluster, nodes: make(map[string]*attempt)}, nil
}

func faults(o rueidis.ClientOption) []error {
	var errs []error
	for _, f := range []struct {
		set        bool
		name, harm string
	}{
		{o.RetryDelay != nil, "RetryDelay", "nothing may be retried"},
		{o.ConnLifetime != 0, "ConnLifetime", "a connection that ends sends its commands again"},
		{o.DisableAutoPipelining, "DisableAutoPipelining", "a call would need a connection of its own"},
		{o.SendToReplicas != nil, "SendToReplicas", "limits live on primaries"},
		{o.ReplicaOnly, "ReplicaOnly", "limits live on primaries"},
		{len(o.Standalone.ReplicaAddress) > 0, "Standalone.ReplicaAddress", "limits live on primaries"},
		{o.Standalone.EnableRedirect, "Standalone.EnableRedirect", "a redirected command is sent again"},
	} {
		if f.set {
			errs = append(errs, fmt.Errorf("rueidisadapter: %s must not be set: %s", f.name, f.harm))
		}
	}
	return errs
}

// Cluster reports whether the client was made by [NewCluster], so that
// [redisstore.Store] watches the parts of the cluster one by one.
func (c *Client) Cluster() bool { return c.cluster }

// Eval implements [redisstore.Client].
func (c *Client) Eval(ctx context.Context, verb, script string, keys []string, args []int64) ([]int64, error) {
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = strconv.FormatInt(arg, 10)
	}
	ask := c.ask
	if !c.option.ForceSingleClient {
		ask = c.askApart
	}
	reply, err := ask(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Arbitrary(verb, script, strconv.Itoa(len(keys))).Keys(keys...).Args(words...).Build()
	}, keys[0])
	if err == nil {
		return reply, nil
	}
	if refused, ok := rueidis.IsRedisErr(err); ok && refused.IsNoScript() {
		return nil, redisstore.ErrNoScript
	}
	return nil, fmt.Errorf("rueidisadapter: %w", err)
}

type builder func(rueidis.Builder) rueidis.Completed

// ask sends a command. It tries a second time only if there was no connection, so
// that the command was not sent.
func (c *Client) ask(ctx context.Context, build builder, key string) ([]int64, error) {
	reply, err := c.send(ctx, build)
	missing, unsent := errors.AsType[*noConnection](err)
	if !unsent {
		return reply, err
	}
	if c.cluster {
		if err := c.reach(ctx, missing.addr, key); err != nil {
			return nil, err
		}
	}
	return c.send(ctx, build)
}

func (c *Client) send(ctx context.Context, build builder) ([]int64, error) {
	client, err := c.connected(ctx)
	if err != nil {
		return nil, err
	}
	reply, err := client.Do(asking{ctx}, build(client.B())).AsIntSlice()
	if err != nil && c.lost(ctx, err) {
		c.drop(client, redisstore.ConnectTimeout(ctx))
	}
	return reply, err
}

// lost reports whether an error means that the connection is lost or must be closed.
// In a cluster rueidis reconnects to each node by itself.
func (c *Client) lost(ctx context.Context, err error) bool {
	if c.cluster {
		return false
	}
	if refused, ok := rueidis.IsRedisErr(err); ok {
		return redisstore.WrongNode(refused.Error())
	}
	return ctx.Err() == nil || errors.Is(err, redisstore.ErrConnecting)
}

// askApart is ask on a goroutine of its own, which can be left at the deadline: with
// sentinels or a cluster rueidis also connects by itself, and ignores the deadlines of
// calls meanwhile.
func (c *Client) askApart(ctx context.Context, build builder, key string) ([]int64, error) {
	type answer struct {
		reply []int64
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		reply, err := c.ask(ctx, build, key)
		answered <- answer{reply, err}
	}()
	select {
	case a := <-answered:
		return a.reply, a.err
	case <-ctx.Done():
	}
	if c.connecting() {
		return nil, fmt.Errorf("%w: %w", redisstore.ErrConnecting, ctx.Err())
	}
	return nil, ctx.Err()
}

// Close closes all connections. Later calls fail.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.client != nil {
		c.client.Close()
		c.client = nil
	}
}
