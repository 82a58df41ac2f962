package ratelimit

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/backstop-go/backstop/internal/serving"
	"github.com/backstop-go/backstop/problem"
)

// Config configures a [Limiter]. Rate and Key are required: there is no default
// that would be safe for everybody. All functions must be safe for concurrent
// use.
type Config struct {
	// Name names the buckets: limiters that share a store and a name share
	// buckets. 1 to 64 characters of A-Z a-z 0-9 . _ -. Default "default";
	// required if Store is set.
	Name string

	// Rate is what each key may do. Required, unless Store is a [Limiters].
	Rate Rate

	// Key returns the key of the bucket that a request uses. Required.
	Key KeyFunc

	// RateFor returns the rate of the caller's plan; the zero Rate means Rate. A
	// caller whose plan changes keeps the debt of the old one, see [Rate].
	// Default: everybody has Rate.
	RateFor func(*http.Request) Rate

	// Cost returns how many units a request takes. A negative cost is an error of
	// the kind [problem.Internal]. Default 1.
	Cost func(*http.Request) int

	// Category and Categories limit each key separately by category. A request
	// whose category is in Categories is charged to the policy Name.category at
	// the rate given there; RateFor is not asked. All other requests are charged
	// to Name. Default: none.
	Category   func(*http.Request) string
	Categories map[string]Rate

	// Missing says what happens to a request without a key. Default
	// [MissingShared].
	Missing Missing

	// Also are further limits of the same requests. A request is charged for
	// all of them or for none.
	Also []Policy

	// Store keeps the buckets. Default: a [Memory] that belongs to this Limiter.
	Store Store

	// Skip exempts a request: no charge, no header fields, no decision.
	// Default: no request is exempt.
	Skip func(*http.Request) bool

	// DryRun decides, charges and calls OnDecision, but refuses nothing and
	// writes no header fields. If the store fails, the error is logged and the
	// request goes on.
	DryRun bool

	// RefundIf is asked after the handler has returned; true gives the charge
	// back. For example, a limit on failed logins refunds the logins that
	// succeeded. The status is 500 after a panic, and 499 if the client has left.
	// A charge that a substitute for the store has counted is not given back. A
	// panic of RefundIf is logged and means false. Default: no refunds.
	RefundIf func(r *http.Request, status int) bool

	// Headers says when header fields are written. Default [HeadersAll].
	Headers Headers

	// Families says which header fields show the limit. Default: those of the
	// responder's style, see [problem.Style.RateLimit].
	Families problem.RateLimitHeaders

	// OnDecision is called after each decision, before the answer. It must not
	// block. A panic in it is logged.
	OnDecision func(*http.Request, Decision)
}

// Policy is a further limit of a [Limiter]. Its fields are those of [Config];
// Name is required and must differ from the others.
type Policy struct {
	Name       string
	Rate       Rate
	Key        KeyFunc
	RateFor    func(*http.Request) Rate
	Cost       func(*http.Request) int
	Category   func(*http.Request) string
	Categories map[string]Rate
	Missing    Missing
}

// Missing says what happens to a request without a key.
type Missing uint8

// The values of [Missing].
const (
	MissingShared Missing = iota // all such requests share one bucket
	MissingReject                // the error is [problem.Unauthenticated]
	MissingSkip                  // this limit does not apply
)

// Headers says when a limiter writes header fields. For example, a limit on logins
// should not tell an attacker how many attempts are left.
type Headers uint8

// The values of [Headers].
const (
	HeadersAll            Headers = iota // on every answer, and Retry-After on refusals
	HeadersRetryAfterOnly                // Retry-After on refusals, and nothing else
	HeadersNone
)

// New returns a Limiter, or all faults of the configuration. Later changes of
// cfg have no effect. A handler must not call New without a Store, and New refuses
// that: such a limiter would count only the request that made it.
func New(cfg Config) (*Limiter, error) {
	if cfg.Store == nil {
		memory, err := NewMemory(MemoryConfig{})
		if err := errors.Join(err, serving.Check("ratelimit: New was called by a handler, and a limiter that is made for each request never limits: make it once, or give it a Store")); err != nil {
			return nil, err
		}
		cfg.Name, cfg.Store = cmp.Or(cfg.Name, "default"), memory
	}
	c := checker{store: cfg.Store, names: map[string]bool{}}
	if f, ok := cfg.Store.(Limiters); ok && f == nil {
		c.fault("Store is a nil Limiters")
	}
	l := &Limiter{cfg: cfg}
	first := Policy{cfg.Name, cfg.Rate, cfg.Key, cfg.RateFor, cfg.Cost, cfg.Category, cfg.Categories, cfg.Missing}
	for _, p := range append([]Policy{first}, cfg.Also...) {
		l.policies = append(l.policies, c.policy(p))
	}
	if cfg.Headers > HeadersNone {
		c.fault("Headers of %d is unknown", cfg.Headers)
	}
	if cfg.Families > problem.XRateLimit|problem.RateLimitTrio|problem.RateLimitFields {
		c.fault("Families of %d are unknown", cfg.Families)
	}
	if err := errors.Join(c.errs...); err != nil {
		return nil, err
	}
	return l, nil
}

// checker collects the faults of a configuration.
type checker struct {
	store Store
	names map[string]bool
	errs  []error
}

func (c *checker) fault(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("ratelimit: "+format, args...))
}

// policy checks p, and makes a policy of each of its categories.
func (c *checker) policy(p Policy) policy {
	c.unit(p.Name, p.Rate)
	if p.Key == nil {
		c.fault("policy %q has no Key", p.Name)
	}
	if p.Missing > MissingSkip {
		c.fault("policy %q has unknown Missing %d", p.Name, p.Missing)
	}
	if (p.Category == nil) != (len(p.Categories) == 0) {
		c.fault("policy %q needs both Category and Categories, or none", p.Name)
	}
	made := policy{Policy: p, categories: map[string]*policy{}}
	for _, name := range slices.Sorted(maps.Keys(p.Categories)) {
		category := p
		category.Name, category.Rate, category.RateFor = p.Name+"."+name, p.Categories[name], nil
		c.unit(category.Name, category.Rate)
		made.categories[name] = &policy{Policy: category}
	}
	return made
}

// unit checks a policy's name and rate. The name becomes part of header fields and
// of Redis keys, so its letters are those that need no escaping in either.
func (c *checker) unit(name string, r Rate) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
	if len(name) < 1 || len(name) > 64 || strings.Trim(name, letters) != "" {
		c.fault("policy name %q is not 1 to 64 of A-Za-z0-9._-", name)
	}
	if c.names[name] {
		c.fault("policy name %q is used twice", name)
	}
	c.names[name] = true
	_, ownRates := c.store.(Limiters)
	if r == Unlimited() || r.blocked() || ownRates && r == (Rate{}) {
		return
	}
	_, err := r.plan()
	if s, ok := c.store.(interface{ CheckRate(Rate) error }); ok && err == nil {
		err = s.CheckRate(r)
	}
	if err != nil {
		c.fault("policy %q: %w", name, err)
	}
}
