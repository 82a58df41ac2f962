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

// A Client sends one command to Redis or Valkey. The adapters beside this
// package are such clients. It must be safe for concurrent use.
//
// If it has a method Cluster() bool that returns true, a dead node of the
// cluster degrades the identities of its own slots only.
type Client interface {
	// Eval runs verb, which is EVALSHA or EVAL, with the given script, keys and
	// arguments: once, on the primary that owns keys[0], and no longer than ctx
	// lasts. It never retries, except where the server has told it to ask
	// another node. NOSCRIPT is an error that wraps [ErrNoScript].
	//
	// If there is no connection, Eval waits for one, but does not set it up with
	// the deadline of ctx: that takes [ConnectTimeout] at most, and goes on when
	// the call has left with an error that wraps [ErrConnecting]. An answer that
	// says that this is the wrong node, such as READONLY, costs the connection.
	Eval(ctx context.Context, verb, script string, keys []string, args []int64) ([]int64, error)
}

// Config configures a [Store]. Only Client is required.
type Config struct {
	Client Client

	// Prefix begins every Redis key, which is prefix{hash}policy. Whoever shares
	// it shares the limits. No braces, at most 64 bytes. Default "backstop:".
	Prefix string

	// Secret makes the hash of an identity an HMAC, so that whoever reads the
	// keys cannot test guesses. At least 16 bytes; every process needs the same.
	// Default none: plain SHA-256.
	Secret []byte

	// Timeout bounds each round trip. A call makes one for each identity that it
	// limits, and after a refusal one more for each that was already charged;
	// a refund of the limiter is a call. The request's own deadline does not
	// count. Default 25 ms.
	Timeout time.Duration

	// Connect bounds what comes before a question: to dial, TLS, the handshake,
	// and loading the script. It is longer than Timeout, and outlives the calls
	// that needed the connection, which Mode decides meanwhile. Default 2 s.
	Connect time.Duration

	// Mode says what happens while Redis does not answer. Default FailLocal.
	Mode Mode

	// Nodes is how many processes share the limits: with FailLocal, each admits
	// its part, but at least one unit per 366 days. Default 1.
	Nodes int

	// OnDegraded is told when the store stops relying on Redis, and why, and
	// when it does so again: once per transition, one call at a time, on the
	// goroutine of the request that noticed. It must not use the store; a panic
	// in it is contained. Default: a line through slog.
	OnDegraded func(degraded bool, err error)
}

const (
	defaultPrefix  = "backstop:"
	defaultTimeout = 25 * time.Millisecond
	maxPrefix      = 64
	minSecret      = 16
	clusterRanges  = 16
)

// A Store is a [ratelimit.Store] in Redis. It is safe for concurrent use and needs
// no closing: a goroutine loads the script into a server that does not know it,
// and nothing else outlives a call. The zero Store is not usable; see [New].
type Store struct {
	cfg     Config // with the defaults
	local   *ratelimit.Memory
	denials *denials

	breakers []breaker // one, or one for each range of slots
	mu       sync.Mutex
	open     int // breakers that are; guarded by mu

	now        func() time.Duration // since New
	serverTime int64                // 0: the server knows
}

// New returns a store that speaks through cfg.Client. It makes no call, so a
// service starts while Redis is down. The error joins all faults of cfg.
func New(cfg Config) (*Store, error) {
	cfg.Prefix, cfg.Secret = cmp.Or(cfg.Prefix, defaultPrefix), slices.Clone(cfg.Secret)
	cfg.Timeout, cfg.Connect = cmp.Or(cfg.Timeout, defaultTimeout), cmp.Or(cfg.Connect, defaultConnect)
	cfg.Nodes = cmp.Or(cfg.Nodes, 1)
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
	fault(cfg.Nodes < 0, "%d nodes are less than none", cfg.Nodes)
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

// Take implements [ratelimit.Store]. Limits of one Key are decided at one
// instant, in one round trip. Limits of several keys are decided key by key, in
// the order given: after a refusal the later ones are not asked (their states
// are Unknown), and the earlier ones get their charge back.
//
// Without Redis, Config.Mode decides. The error of [FailClosed] has a method
// RetryAfter() time.Duration: when the next attempt is due.
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

// refused decides a call without asking anybody, if one of its limits is known
// to have no room. Then nothing is known about the others.
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

// byKey brings limits of one key together, in the order in which the keys first
// appear.
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

// report tells about a breaker that has opened for a cause, or closed for none,
// if it was the first to open or the last to close.
func (s *Store) report(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if v := recover(); v != nil { // a hook watches; its panic is no reason to fail
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
