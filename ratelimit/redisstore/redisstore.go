package redisstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
)

// A Client sends one command to Redis or Valkey. Packages rueidisadapter and
// goredisadapter have clients. A Client must be safe for concurrent use.
//
// If a Client has a method Cluster() bool that returns true, a dead node of the
// cluster degrades only the limits in its own slots.
type Client interface {
	// Eval runs verb, which is EVALSHA or EVAL, with the given script, keys and
	// arguments, once, on the primary that owns keys[0], within the deadline of
	// ctx. It never retries, except where the server redirects it to another node.
	// The reply NOSCRIPT is an error that wraps [ErrNoScript].
	//
	// If there is no connection, Eval waits for one until the deadline of ctx, and
	// then returns an error that wraps [ErrConnecting]. Setting up goes on, for at
	// most [ConnectTimeout]. A reply that says that this is the wrong node, such as
	// READONLY, closes the connection: see [WrongNode].
	Eval(ctx context.Context, verb, script string, keys []string, args []int64) ([]int64, error)
}

// Config configures a [Store]. Only Client is required.
type Config struct {
	Client Client

	// Prefix begins every Redis key, which is prefix{hash}policy. Stores with the
	// same Prefix share their limits. At most 64 bytes of printable ASCII, without
	// braces. Default "backstop:".
	Prefix string

	// Secret makes the hash in a Redis key an HMAC, so that somebody who can read
	// Redis cannot test guesses of a caller's key. At least 16 bytes, the same in
	// every process. Default none: plain SHA-256.
	Secret []byte

	// Timeout bounds each round trip; the request's own deadline does not count. A
	// call makes one round trip for each different key, and after a refusal one
	// more for each key that was already charged. A refund is a call of its own.
	// Default 25 ms.
	Timeout time.Duration

	// Connect bounds what comes before the first round trip: to dial, TLS, the
	// handshake, and to load the script. It should be longer than Timeout; Mode
	// decides the calls that do not wait for so long. Default 2 s.
	Connect time.Duration

	// Mode says what happens while Redis does not answer. Default [FailLocal].
	Mode Mode

	// Nodes is how many processes share the limits. With [FailLocal] each process
	// admits its part, but at least one unit per 366 days. Default 1.
	Nodes int

	// OnDegraded is called with true and the cause when the store stops relying on
	// Redis, and with false when it relies on Redis again: once per transition, one
	// call at a time, on the goroutine of the request that noticed. It must not use
	// the store. A panic in it is logged. Default: a line through [log/slog].
	OnDegraded func(degraded bool, err error)
}

const (
	defaultPrefix  = "backstop:"
	defaultTimeout = 25 * time.Millisecond
	maxPrefix      = 64
	minSecret      = 16
	clusterRanges  = 16
)

// A Store is a [ratelimit.Store] in Redis. It is safe for concurrent use. It needs no
// closing: its only goroutine loads the script into a server that does not know it,
// and ends by itself. The zero Store is not usable; see [New].
type Store struct {
	cfg     Config // with the defaults
	local   *ratelimit.Memory
	denials *denials

	breakers []breaker // one, or one for each range of slots
	mu       sync.Mutex
	open     int // number of open breakers; guarded by mu

	now        func() time.Duration // since New
	serverTime int64                // for tests; 0: the server reads its own clock
}

// New returns a store that uses cfg.Client. It makes no call, so a service starts
// while Redis is down. The error joins all faults of cfg.
func New(cfg Config) (*Store, error) {
	cfg.Prefix, cfg.Secret = cmp.Or(cfg.Prefix, defaultPrefix), slices.Clone(cfg.Secret)
	cfg.Timeout, cfg.Connect = cmp.Or(cfg.Timeout, defaultTimeout), cmp.Or(cfg.Connect, defaultConnect)
	if cfg.OnDegraded == nil {
		cfg.OnDegraded = warn
	}
	memory, err := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	if err := errors.Join(append(faults(&cfg), err)...); err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, local: memory, denials: newDenials(), breakers: make([]breaker, 1)}
	if c, ok := cfg.Client.(interface{ Cluster() bool }); ok && c.Cluster() {
		s.breakers = make([]breaker, clusterRanges)
	}
	start := time.Now()
	s.now = func() time.Duration { return time.Since(start) }
	return s, nil
}

func faults(cfg *Config) (errs []error) {
	fault := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, fmt.Errorf("redisstore: "+format, args...))
		}
	}
	fault(cfg.Client == nil, "Client is required")
	fault(!usable(cfg.Prefix), "prefix %q is not 1 to %d printable ASCII characters without braces", cfg.Prefix, maxPrefix)
	fault(cfg.Secret != nil && len(cfg.Secret) < minSecret, "secret of %d bytes is shorter than %d", len(cfg.Secret), minSecret)
	fault(cfg.Timeout < 0, "timeout %v is negative", cfg.Timeout)
	fault(cfg.Connect < 0, "connect timeout %v is negative", cfg.Connect)
	fault(cfg.Mode > FailClosed, "unknown mode %d", cfg.Mode)
	fault(cfg.Nodes < 0, "nodes of %d is negative", cfg.Nodes)
	return errs
}

func usable(prefix string) bool {
	for _, c := range []byte(prefix) {
		if c <= ' ' || c >= 0x7f || c == '{' || c == '}' {
			return false
		}
	}
	return len(prefix) <= maxPrefix
}

// Take implements [ratelimit.Store]. Limits of one Key are decided at one instant, in
// one round trip. Limits of several keys are decided key by key, in the given order.
// After a refusal, the states of the later keys are Unknown, and the earlier keys get
// their charge back.
//
// Without Redis, [Config.Mode] decides. The error of [FailClosed] has a method
// RetryAfter() time.Duration that says when the next attempt is due.
func (s *Store) Take(ctx context.Context, limits []ratelimit.Limit, states []ratelimit.State) error {
	if err := ratelimit.Check(limits, states); err != nil {
		return err
	}
	for i := range limits {
		if err := checkExact(limits[i].Rate); err != nil {
			return err
		}
	}
	if len(limits) == 0 || s.refused(limits, states) {
		return nil
	}
	if !slices.ContainsFunc(limits, func(l ratelimit.Limit) bool { return l.Key != limits[0].Key }) {
		return s.take(ctx, &group{limits: limits, states: states})
	}
	groups := byKey(limits)
	err := s.takeGroups(ctx, groups)
	for _, g := range groups {
		for i, at := range g.order {
			states[at] = g.states[i]
		}
	}
	return err
}

// refused decides a call without asking Redis, if one of its limits is known to have
// no room. The states of the other limits are then Unknown.
func (s *Store) refused(limits []ratelimit.Limit, states []ratelimit.State) bool {
	now, refused := s.now(), false
	for i := range limits {
		states[i] = ratelimit.State{Allowed: true, Unknown: true}
		if s.denials.find(&limits[i], now, &states[i]) {
			refused = true
		}
	}
	return refused
}

// byKey groups limits by key, in the order in which the keys first appear.
func byKey(limits []ratelimit.Limit) (groups []*group) {
	for i := range limits {
		n := slices.IndexFunc(groups, func(g *group) bool { return g.limits[0].Key == limits[i].Key })
		if n < 0 {
			n, groups = len(groups), append(groups, new(group))
		}
		g := groups[n]
		g.limits, g.states, g.order = append(g.limits, limits[i]), append(g.states, ratelimit.State{}), append(g.order, i)
	}
	return groups
}

// report tells OnDegraded that a breaker has opened (cause is not nil) or closed, if
// it was the first to open or the last to close.
func (s *Store) report(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if v := recover(); v != nil { // a hook only watches, so the request goes on
			slog.Error("rate limit hook panicked", "hook", "OnDegraded", "panic", v)
		}
	}()
	if cause != nil {
		s.open++
		if s.open == 1 {
			s.cfg.OnDegraded(true, cause)
		}
		return
	}
	s.open--
	if s.open == 0 {
		s.cfg.OnDegraded(false, nil)
	}
}

func warn(degraded bool, err error) {
	if degraded {
		slog.Warn("rate limits are decided without Redis", "error", err)
		return
	}
	slog.Info("rate limits are decided by Redis again")
}
