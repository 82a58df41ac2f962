package ratelimit

import (
	"context"
	"slices"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// Decision is what a [Limiter] has decided about a request. If several limits
// apply, the numbers are those of the limit that binds. Of limits that refuse, the
// one with the longest RetryAfter binds. If none refuses, the one with the fewest
// Remaining binds, then the one with the longest ResetAfter, then the first.
//
// If no limit applies to the request, Policy is empty.
type Decision struct {
	Allowed  bool // by all limits; see DryRun
	DryRun   bool // the request goes on, whatever Allowed says
	Degraded bool // a substitute for the store has decided at least one limit

	Policy     string
	Key        string // as the store sees it; "" is shared by all requests without a key
	Limit      int    // the burst: the highest Remaining that a client can see
	Remaining  int
	Cost       int
	ResetAfter time.Duration // until the bucket is full

	// RetryAfter is the time until Cost fits: 0 if Allowed, [Never] if no waiting
	// helps. With a Cost of 0 it is the time until one unit fits.
	RetryAfter time.Duration

	// States are the states of all limits that apply, in the order of the
	// configuration. The caller must not change them.
	States []State

	call *call
}

// FromContext returns the decision that binds among those of all limiters that the
// request has passed, except dry runs. ok is false if there is none.
func FromContext(ctx context.Context) (d Decision, ok bool) {
	binding := callOf(exchange.From(ctx).LastRate())
	if binding == nil {
		return Decision{}, false
	}
	for c := binding.outer(); c != nil; c = c.outer() {
		if !binding.state().binds(c.state()) {
			binding = c
		}
	}
	return binding.decision(), true
}

func callOf(r *exchange.Rate) *call {
	if r == nil {
		return nil
	}
	return r.Decision.(*call)
}

// outer returns the call of the next limiter further out, or nil.
func (c *call) outer() *call { return callOf(c.rate.Outer()) }

// Err returns nil if the request may go on, else the error to answer it with:
//
//   - [problem.PayloadTooLarge] if the cost exceeds the burst, because clients
//     repeat a 429
//   - [problem.QuotaExceeded] if no waiting helps, as with a [Blocked] rate
//   - else [problem.RateLimited], with RetryAfter as its delay unless
//     [Config.Headers] is [HeadersNone]
func (d Decision) Err() error { return d.call.err() }

func (c *call) err() error {
	if c == nil || len(c.limits) == 0 || c.state().Allowed || c.limiter.cfg.DryRun {
		return nil
	}
	switch s, l := c.state(), &c.limits[c.binding]; {
	case l.Cost > l.Rate.burst() && !l.Rate.blocked():
		return problem.PayloadTooLarge.New("Request exceeds the capacity of the rate limit")
	case s.RetryAfter == Never:
		return problem.QuotaExceeded
	case c.limiter.cfg.Headers == HeadersNone:
		return problem.RateLimited
	default:
		return problem.RateLimited.New("").WithRetryAfter(s.RetryAfter)
	}
}

// state returns the state of the limit that binds.
func (c *call) state() *State { return &c.states[c.binding] }

// binds reports whether s leaves less room than the other state: a refusal with
// the longest wait first, then the fewest units left, then the longest way to a
// full bucket. Of two equals neither binds.
func (s *State) binds(other *State) bool {
	switch {
	case s.Allowed != other.Allowed:
		return !s.Allowed
	case s.RetryAfter != other.RetryAfter && !s.Allowed:
		return s.RetryAfter > other.RetryAfter
	case s.Unknown != other.Unknown:
		return other.Unknown
	case s.Remaining != other.Remaining:
		return s.Remaining < other.Remaining
	}
	return s.ResetAfter > other.ResetAfter
}

func (c *call) decision() Decision {
	limit, state := &c.limits[c.binding], c.state()
	return Decision{
		Allowed:  state.Allowed, // if any limit refuses, a refusing one binds
		DryRun:   c.limiter.cfg.DryRun,
		Degraded: slices.ContainsFunc(c.states, func(s State) bool { return s.Degraded }),
		Policy:   limit.Policy, Key: limit.Key,
		Limit: limit.Rate.burst(), Remaining: state.Remaining, Cost: limit.Cost,
		ResetAfter: state.ResetAfter, RetryAfter: state.RetryAfter,
		States: c.states,
		call:   c,
	}
}
