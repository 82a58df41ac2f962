// Package rueidisadapter lets [redisstore] speak through rueidis, which sends
// concurrent calls in one packet by itself.
//
//	option, err := rueidis.ParseURL("redis://localhost:6379")
//	client, err := rueidisadapter.New(option)
//	store, err := redisstore.New(redisstore.Config{Client: client})
//
// The client is for limits only. It connects when the first call needs it, so
// a service starts while Redis is down.
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

const (
	dialTimeout = 500 * time.Millisecond // default; rueidis has 5 s
	wireTimeout = time.Second            // default; rueidis has 10 s
)

// Client is a [redisstore.Client] with connections of its own. It is safe for
// concurrent use. The zero Client is not usable; see [New] and [NewCluster].
type Client struct {
	option  rueidis.ClientOption
	cluster bool

	mu      sync.Mutex
	client  rueidis.Client // nil until a server has answered
	attempt *attempt       // to connect, under way
	closed  bool
}

var _ redisstore.Client = (*Client)(nil)

// New returns a client for one server, or with option.Sentinel.MasterSet for
// the primary that sentinels name. It makes no call. The error names every
// option that would send a command again after a lost reply or ask a replica;
// DisableRetry and DisableCache are set. A zero Dialer.Timeout becomes 500 ms,
// a zero ConnWriteTimeout, after which a silent connection is given up, 1 s.
func New(option rueidis.ClientOption) (*Client, error) {
	errs := faults(option)
	sentinel := option.Sentinel.MasterSet != ""
	option.ForceSingleClient = !sentinel
	if n := len(option.InitAddress); n > 1 && !sentinel {
		errs = append(errs, fmt.Errorf("rueidisadapter: InitAddress has %d addresses, want one; several are for NewCluster", n))
	}
	return newClient(option, false, errs)
}

// NewCluster is [New] for a cluster, of which option.InitAddress names one node
// or several.
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
	if option.Dialer.Timeout == 0 {
		option.Dialer.Timeout = dialTimeout
	}
	if option.ConnWriteTimeout == 0 {
		option.ConnWriteTimeout = wireTimeout
	}
	return &Client{option: option, cluster: cluster}, nil
}

func faults(o rueidis.ClientOption) []error {
	var errs []error
	for _, f := range []struct {
		set        bool
		name, harm string
	}{
		{o.RetryDelay != nil, "RetryDelay", "nothing may be retried"},
		{o.ConnLifetime != 0, "ConnLifetime", "a connection that ends sends its commands again"},
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
	client, err := c.connected(ctx)
	if err != nil {
		return nil, fmt.Errorf("rueidisadapter: connect: %w", err)
	}
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = strconv.FormatInt(arg, 10)
	}
	cmd := client.B().Arbitrary(verb, script, strconv.Itoa(len(keys))).Keys(keys...).Args(words...).Build()
	reply, err := client.Do(ctx, cmd).AsIntSlice()
	if err != nil {
		if refused, ok := rueidis.IsRedisErr(err); ok && refused.IsNoScript() {
			return nil, redisstore.ErrNoScript
		}
		return nil, fmt.Errorf("rueidisadapter: %w", err)
	}
	return reply, nil
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
