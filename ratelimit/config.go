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
	// Name is the accounting unit: limiters that share a store and a name share
	// buckets. 1 to 64 of A-Z a-z 0-9 . _ -. Default "default"; required if
	// Store is set.
	Name string

	// Rate is what each key may do. Required, but for a Store that is [Limiters].
	Rate Rate

	// Key says who is asking. Required.
	Key KeyFunc

	// RateFor returns the plan of this caller; the zero Rate means Rate. A
	// caller whose plan changes keeps the debt of the old one, see [Rate].
	// Default: everybody has Rate.
	RateFor func(*http.Request) Rate

	// Cost returns how many units this request takes; 0 takes none, a negative
	// cost is an error of the kind problem.Internal. Default 1.
	Cost func(*http.Request) int

	// Category and Categories limit each key separately by category: the policy
	// is then Name.category, with the rate of the category, and RateFor is not
	// asked. A category that Categories does not have means Name and Rate.
	// Default: none.
	Category   func(*http.Request) string
	Categories map[string]Rate

	// Missing says what happens to requests without a key. Default
	// MissingShared.
	Missing Missing

	// Also are further limits of the same requests. A request is charged for
	// all of them or for none.
	Also []Policy

	// Store keeps the buckets. Default a Memory of its own.
	Store Store

	// Skip exempts a request: no charge, no header fields, no decision.
	// Default: none is exempt.
	Skip func(*http.Request) bool

	// DryRun decides, charges and calls OnDecision, but refuses nothing and
	// writes no header fields. What it cannot decide is logged and let through.
	DryRun bool

	// RefundIf is asked after the handler has returned, and gives back the
	// charge if it says so: a limit on failed logins refunds what succeeded.
	// A panic counts as 500, a client that left as 499. What a substitute for
	// the store has counted is not given back; a panic of RefundIf is contained,
	// and means no. Default: no refunds.
	RefundIf func(r *http.Request, status int) bool

	// Headers says which header fields are written. Default HeadersAll.
	Headers Headers

	// Families are the header fields themselves. Default those of the
	// responder's style.
	Families problem.RateLimitHeaders

	// OnDecision is called after each decision, before the answer. It must not
	// block; a panic in it is contained.
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

// The answers of [Missing].
const (
	MissingShared Missing = iota // all of them share one bucket
	MissingReject                // problem.Unauthenticated
	MissingSkip                  // this limit does not apply
)

// Headers says which header fields a limiter writes. Limits on logins had
// better not tell an attacker how many attempts are left.
type Headers uint8

// The choices of [Headers].
const (
	HeadersAll            Headers = iota // on every answer, and Retry-After on refusals
	HeadersRetryAfterOnly                // on refusals
	HeadersNone
)

// New returns a Limiter, or all faults of the configuration. Later changes of
// cfg have no effect. It is a fault to call New without a Store from a handler:
// such a limiter would know one request.
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

// policy returns what a Limiter keeps of p.
func (c *checker) policy(p Policy) policy {
	c.unit(p.Name, p.Rate)
	if p.Key == nil {
		c.fault("policy %q has no Key", p.Name)
	}
	if p.Missing > MissingSkip {
		c.fault("policy %q has unknown Missing %d", p.Name, p.Missing)
	}
	if (p.Category == nil) != (len(p.Categories) == 0) {
		c.fault("policy %q has one of Category and Categories, and needs both", p.Name)
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

// unit checks the name of an accounting unit, and its rate. The name goes into
// header fields and into keys of Redis, so it needs no escaping anywhere.
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
