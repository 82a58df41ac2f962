package ratelimit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// A Limiter enforces rates on requests, per key. It is safe for concurrent use.
// The zero Limiter is not usable; see [New].
//
// [Limiter.Handler] is what most callers want. [Limiter.Take], [Limiter.Peek],
// [Limiter.Refund] and [Limiter.SetHeaders] are its parts, for code that is not a
// middleware. [Limiter.Charge] adds a cost that is known only after the answer.
type Limiter struct {
	cfg      Config
	policies []policy // that of cfg itself, then those of cfg.Also
	warned   atomic.Bool
}

type policy struct {
	Policy
	categories map[string]*policy // the same policy with another name and rate
}

// call is all memory that a Limiter needs for one request. It is one allocation if
// one limit applies: the store gets slices of it, the exchange a pointer into it.
type call struct {
	limiter  *Limiter
	limits   []Limit // empty if no limit applies
	states   []State
	binding  int32 // index of the limit that binds
	refunded atomic.Bool
	rate     exchange.Rate
	values   [3]string
	oneLimit [1]Limit
	oneState [1]State
}

// Take decides about a request, and charges all of its limits or none. A refusal is
// not an error: [Decision.Err] returns what to answer. An error means that nothing
// was decided; a dry run logs it and returns nil. Its kind is:
//
//   - [problem.Unauthenticated] if there is no key, with [MissingReject]
//   - [problem.Unavailable], with a delay, if the store failed
//   - [problem.Internal] if [Config.RateFor] or [Config.Cost] returned an unusable
//     value
//
// Take writes no header fields: [Limiter.SetHeaders] does. [FromContext] finds the
// decision if r has passed a middleware of this module.
func (l *Limiter) Take(r *http.Request) (Decision, error) {
	c := &call{limiter: l}
	return c.result(c.take(r, exchange.From(r.Context()), nil))
}

// Peek returns how the buckets of a request stand, and takes nothing. The decision
// is always Allowed; its RetryAfter is the time until one unit fits. Neither
// [Config.OnDecision] nor [FromContext] sees it. Errors are those of [Limiter.Take].
func (l *Limiter) Peek(r *http.Request) (Decision, error) {
	c := &call{limiter: l}
	return c.result(c.ask(r, true, nil, nil))
}

// Charge adds a cost that is known only after the answer, such as the tokens that a
// language model has used. It charges units to each bucket of the request's
// decision, even beyond the burst, up to a debt of 366 days. The request itself goes
// on; later ones are refused until the debt is paid, and their header fields and
// Retry-After say so. [Config.RefundIf] does not give a Charge back.
//
// Charge finds the decision in the context of r. If there is none, as in a dry run
// or outside of every middleware of this module, Charge finds the buckets as
// [Limiter.Take] does. It does nothing if no limit applies. It goes on when the
// client leaves. The error is of the kind [problem.Internal] if units is negative,
// else it is as with Take.
func (l *Limiter) Charge(r *http.Request, units int) error {
	if units < 0 {
		return problem.Internal.Wrap(fmt.Errorf("ratelimit: charge of %d units is negative", units), "")
	}
	c := callOf(exchange.From(r.Context()).LastRate())
	for c != nil && c.limiter != l {
		c = c.outer()
	}
	if c == nil {
		c = &call{limiter: l}
		if err := c.find(r, true); err != nil {
			return err
		}
	}
	return undecided(c.again(context.WithoutCancel(r.Context()), func(limit *Limit, _ *State) bool {
		limit.Cost, limit.Force = units, true
		return !limit.Rate.blocked()
	}))
}

// again calls the store once more, with those limits for which edit returns true.
func (c *call) again(ctx context.Context, edit func(*Limit, *State) bool) error {
	limits := make([]Limit, 0, len(c.limits))
	for i, limit := range c.limits {
		if edit(&limit, &c.states[i]) {
			limits = append(limits, limit)
		}
	}
	return c.limiter.cfg.Store.Take(ctx, limits, make([]State, len(limits)))
}

// Refund gives back what a decision of this limiter has charged. It does nothing the
// second time, and nothing for a refusal. It leaves out limits whose [State] is
// Unknown or Degraded, because the store was not charged for them.
func (l *Limiter) Refund(ctx context.Context, d Decision) error {
	switch {
	case d.call == nil:
		return nil
	case d.call.limiter != l:
		return errors.New("ratelimit: refund of another limiter's decision")
	}
	return d.call.refund(ctx)
}

func (c *call) refund(ctx context.Context) error {
	if !c.state().Allowed || c.refunded.Swap(true) {
		return nil
	}
	err := c.again(ctx, func(limit *Limit, s *State) bool {
		limit.Cost = -limit.Cost
		return limit.Cost < 0 && !s.Unknown && !s.Degraded
	})
	if err != nil {
		return fmt.Errorf("ratelimit: refund: %w", err)
	}
	return nil
}

// result is what Take and Peek return.
func (c *call) result(err error) (Decision, error) {
	if err != nil || len(c.limits) == 0 {
		return Decision{Allowed: err == nil}, err
	}
	return c.decision(), nil
}

// take decides as the configuration says, writes header fields unless h is nil, and
// calls [Config.OnDecision].
func (c *call) take(r *http.Request, x *exchange.Exchange, h http.Header) error {
	cfg := &c.limiter.cfg
	err := c.ask(r, false, x, h)
	switch {
	case err != nil && cfg.DryRun:
		slog.WarnContext(r.Context(), "dry run of a rate limit could not decide", "policy", c.limiter.policies[0].Name, "cause", err)
		c.limits, err = nil, nil
	case err == nil && len(c.limits) > 0 && cfg.OnDecision != nil:
		contain(r, "OnDecision", func() { cfg.OnDecision(r, c.decision()) })
	}
	return err
}

// ask asks the store; a peek costs nothing. A [Memory] and the header fields use the
// same reading of the clock.
func (c *call) ask(r *http.Request, peek bool, x *exchange.Exchange, h http.Header) error {
	err := c.find(r, peek)
	if err != nil || len(c.limits) == 0 {
		return err
	}
	at := time.Now()
	switch m, ours := c.limiter.cfg.Store.(*Memory); {
	case slices.ContainsFunc(c.limits, blocked):
		c.block(peek)
	case ours:
		err = m.takeAt(at.Sub(m.start), c.limits, c.states)
	default:
		err = c.limiter.cfg.Store.Take(r.Context(), c.limits, c.states)
		at = time.Now()
	}
	if err != nil {
		return undecided(err)
	}
	for i := 1; i < len(c.states); i++ {
		if c.states[i].binds(c.state()) {
			c.binding = int32(i)
		}
	}
	c.rate = exchange.Rate{Decision: c, Families: uint8(c.families(r))}
	if !c.limiter.cfg.DryRun {
		x.AddRate(&c.rate)
	}
	if h != nil {
		c.setFields(h, at, &c.values)
	}
	return nil
}

func blocked(l Limit) bool { return l.Rate.blocked() }

// block refuses a call without asking the store, because one of its rates is
// [Blocked].
func (c *call) block(peek bool) {
	for i := range c.limits {
		c.states[i] = State{Allowed: true, Unknown: true}
		if blocked(c.limits[i]) {
			c.states[i] = State{Allowed: peek, RetryAfter: Never}
		}
	}
}

// find sets c.limits to those that apply to a request. Those of a peek cost nothing.
func (c *call) find(r *http.Request, peek bool) error {
	l, limits := c.limiter, c.oneLimit[:0]
	if l.cfg.Skip != nil && l.cfg.Skip(r) {
		return nil
	}
	for i := range l.policies {
		limit, err := l.limit(&l.policies[i], r, peek)
		if err != nil {
			return err
		}
		if limit.Policy != "" {
			limits = append(limits, limit)
		}
	}
	c.limits, c.states = limits, append(c.oneState[:0], make([]State, len(limits))...)
	return nil
}

// limit returns the limit of a policy, or the zero Limit if it does not apply.
func (l *Limiter) limit(p *policy, r *http.Request, peek bool) (Limit, error) {
	if p.Category != nil {
		p = cmp.Or(p.categories[p.Category(r)], p)
	}
	limit := Limit{Policy: p.Name, Rate: p.Rate}
	if p.RateFor != nil {
		limit.Rate = cmp.Or(p.RateFor(r), p.Rate)
	}
	if limit.Rate == Unlimited() {
		return Limit{}, nil
	}
	key, ok := p.Key(r)
	switch {
	case ok && key != "":
		l.warnOfProxy(r, key)
		limit.Key = storeKey(key)
	case p.Missing == MissingReject:
		return Limit{}, problem.Unauthenticated.New("")
	case p.Missing == MissingSkip:
		return Limit{}, nil
	} // the empty Key that is left is that of all requests without a key
	if !peek {
		limit.Cost = 1
		if p.Cost != nil {
			limit.Cost = p.Cost(r)
		}
	}
	if limit.Cost < 0 {
		return Limit{}, problem.Internal.Wrap(fmt.Errorf("ratelimit: policy %q: cost %d is negative", limit.Policy, limit.Cost), "")
	}
	return limit, nil
}

// undecided returns the answer to an error of a store, or nil for nil.
func undecided(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrRate):
		return problem.Internal.Wrap(err, "")
	}
	delay := time.Second
	if knows, ok := errors.AsType[interface {
		error
		RetryAfter() time.Duration
	}](err); ok && knows.RetryAfter() > 0 {
		delay = knows.RetryAfter()
	}
	return problem.Unavailable.Wrap(err, "").WithRetryAfter(delay)
}
