package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/backstop-go/backstop/ratelimit/internal/bucket"
)

// Limit is one charge of one bucket. Policy and Key together name the bucket.
type Limit struct {
	Policy string
	Key    string
	Rate   Rate // as of this call; see [Store]
	Cost   int  // units; 0 peeks, and a negative cost refunds

	// Force charges the cost even if it does not fit, up to a debt of 366 days. The
	// State of a forced limit is always Allowed. A negative cost cannot be forced.
	Force bool
}

// State is what a store says about one [Limit] at the instant of the call. The
// numbers count the charge if the call was admitted.
//
// RetryAfter is the time until this cost fits, if nobody else takes units: 0 if it
// was admitted, [Never] if it exceeds the burst. For a cost of 0 it is the time until
// one unit fits. ResetAfter is the time until the bucket is full. Both are rounded up
// to the resolution of the store.
type State struct {
	Remaining  int // single units that would pass at this instant
	ResetAfter time.Duration
	RetryAfter time.Duration
	Allowed    bool // this limit had room
	Degraded   bool // decided by a substitute for the store
	Unknown    bool // the numbers mean nothing
}

// Never is the RetryAfter if no waiting helps: the cost exceeds the burst, or the rate
// is [Blocked].
const Never = bucket.Never

// A Store keeps the buckets. [Memory] keeps them in this process, and [Limiters]
// keeps them in limiters that you already have. A store of your own must pass
// [github.com/backstop-go/backstop/ratelimit/ratelimittest.Run].
//
// With T = Per/Limit and τ = Burst·T, a bucket is one number: its debt, the time
// until it is full. A cost of n fits if debt + n·T ≤ τ, and then the debt grows by
// n·T. A forced cost always fits, see [Limit.Force]. A negative cost lowers the debt,
// at most to 0, and does nothing to a bucket that the store does not know. Remaining
// is ⌊(τ−debt)/T⌋, but at least 0. ResetAfter is the debt. RetryAfter is
// debt + n·T − τ.
//
// When a key comes with another Rate than before, its debt stays as it is, even if
// it is more than the new τ. So nobody gains units by changing plans to and fro, and
// waiting for RetryAfter always succeeds.
//
// A Store must be safe for concurrent use. It may forget a full bucket at any time:
// a new bucket is full, too, so nobody can notice. If it has a method
// CheckRate(Rate) error, [New] calls that for each rate of the configuration.
type Store interface {
	// Take applies all limits or none, at one instant; states[i] describes
	// limits[i]. The call is admitted if every state is Allowed. A store keeps
	// neither slice. The faults of [Check] are errors. Any other error means "could
	// not decide", never "over the limit". If that error has a method
	// RetryAfter() time.Duration, the result says when to ask again.
	Take(ctx context.Context, limits []Limit, states []State) error
}

// Check returns the first fault in the arguments of [Store.Take]: slices of
// different length, an unusable rate (the error matches [ErrRate]), a charge beside
// a refund, a forced refund, the same bucket twice. It is for the authors of
// stores.
func Check(limits []Limit, states []State) error {
	for i := range limits {
		if _, err := limits[i].Rate.plan(); err != nil {
			return fmt.Errorf("ratelimit: %w", err)
		}
	}
	return checkCall(limits, states)
}

// checkCall is Check without the rates.
func checkCall(limits []Limit, states []State) error {
	if len(limits) != len(states) {
		return errors.New("ratelimit: limits and states differ in length")
	}
	var charge, refund bool
	for i := range limits {
		l := &limits[i]
		charge = charge || l.Cost > 0
		refund = refund || l.Cost < 0
		if l.Force && refund {
			return errors.New("ratelimit: a refund cannot be forced")
		}
		for j := range i {
			if limits[j].Key == l.Key && limits[j].Policy == l.Policy {
				return errors.New("ratelimit: the same bucket twice in one call")
			}
		}
	}
	if charge && refund {
		return errors.New("ratelimit: a charge and a refund in one call")
	}
	return nil
}

// set derives every number from the debt of one instant; s.Allowed is set already.
// It writes field by field: to copy a State right after it was written would stall
// the processor.
func (s *State) set(p bucket.Plan, debt time.Duration, l *Limit) {
	s.Degraded, s.Unknown = false, false
	s.Remaining = p.Remaining(debt)
	s.ResetAfter, s.RetryAfter = debt, 0
	if !s.Allowed || l.Cost == 0 { // a peek asks for one unit
		s.RetryAfter = p.RetryAfter(debt, l.Cost)
	}
}
