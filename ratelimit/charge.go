package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// Charge adds a cost that is known only afterwards, such as the tokens that a
// language model has used: units for each bucket of the request's decision, also
// beyond the burst. Nothing of this request changes; later ones are refused until
// it is paid, and their header fields and Retry-After say so. The debt of a bucket
// ends at 366 days. What RefundIf gives back is what the request was charged
// before: a Charge stays.
//
// It finds the decision in the context of r. Without one, as after a Take outside
// of every middleware of this module or in a dry run, it finds the buckets as
// [Limiter.Take] does; it does nothing if no limit applies. It does not stop when
// the client leaves. The error is of the kind problem.Internal if units is
// negative, else as that of Take.
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
		if err := c.find(r, units); err != nil {
			return err
		}
	}
	limits := slices.DeleteFunc(slices.Clone(c.limits), blocked)
	for i := range limits {
		limits[i].Cost, limits[i].Force = units, true
	}
	if err := l.cfg.Store.Take(context.WithoutCancel(r.Context()), limits, make([]State, len(limits))); err != nil {
		return undecided(err)
	}
	return nil
}

// Refund gives back what a decision of this limiter has taken, once: a second
// refund, and that of a refusal, do nothing. Limits whose state is Unknown or
// Degraded are left alone, because the store was not charged for them.
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
	limits := make([]Limit, 0, len(c.limits))
	for i, limit := range c.limits {
		// What nobody or a substitute has counted, the store was not charged for.
		if limit.Cost > 0 && !c.states[i].Unknown && !c.states[i].Degraded {
			limit.Cost = -limit.Cost
			limits = append(limits, limit)
		}
	}
	if err := c.limiter.cfg.Store.Take(ctx, limits, make([]State, len(limits))); err != nil {
		return fmt.Errorf("ratelimit: refund: %w", err)
	}
	return nil
}
