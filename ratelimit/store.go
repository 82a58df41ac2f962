package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/backstop-go/backstop/ratelimit/internal/bucket"
)

// Limit is one charge of one bucket. Buckets are told apart by Policy and Key.
type Limit struct {
	Policy string // the accounting unit
	Key    string // whose bucket
	Rate   Rate   // as of this call; see [Store]
	Cost   int    // units; 0 peeks, and a negative cost refunds

	// Force charges the cost whether it fits or not: a debt may then be more
	// than the bucket can owe otherwise, but never more than 366 days. A forced
	// limit always has room, so its State is Allowed. A negative cost cannot be
	// forced.
	Force bool
}

// State is what a store says about one [Limit], at the instant of the call:
// after the charge if the call was admitted, else as it was.
//
// RetryAfter and ResetAfter are two facts. RetryAfter is the earliest instant
// at which this cost fits, if nobody else takes: 0 when it was admitted,
// [Never] when it exceeds the burst; for a cost of 0 it tells when one unit
// fits. ResetAfter is when the bucket is full again. Both are exact to the
// resolution of the store, and rounded up to it.
type State struct {
	Remaining  int // single units that would pass at this very instant
	ResetAfter time.Duration
	RetryAfter time.Duration
	Allowed    bool // this limit had room
	Degraded   bool // decided by a substitute that knows this process only
	Unknown    bool // the numbers mean nothing
}

// Never is the RetryAfter of a cost that exceeds the burst: no waiting helps.
const Never = bucket.Never

// A Store keeps the buckets. [Memory] keeps them in this process, [Limiters] in
// limiters that you have already; a store of your own has to pass
// ratelimittest.Run.
//
// With T = Per/Limit and τ = Burst·T, a bucket is one number: its debt, the
// time until it is full. A cost of n fits if debt + n·T ≤ τ, and then the debt
// grows by n·T. A forced cost always fits, see [Limit]. A negative cost lowers the
// debt, at most to 0, and does nothing to a bucket that the store does not know.
// Remaining is ⌊(τ−debt)/T⌋, or 0,
// ResetAfter is the debt, RetryAfter is debt + n·T − τ.
//
// When a key comes with another Rate than before, its debt stays as it is, even
// if it is more than the new τ: it is paid at the pace at which it was made. So
// changing plans to and fro mints nothing, and waiting for RetryAfter always
// succeeds.
//
// Stores are safe for concurrent use. A full bucket may be forgotten at any
// time, because a new one is full too: nobody can tell.
type Store interface {
	// Take applies all limits or none, at one instant; states[i] describes
	// limits[i]. The call is admitted if every state is Allowed. Both slices
	// stay the caller's. The faults of [Check] are errors; any other error means
	// "could not decide", never "over the limit". If it has a method
	// RetryAfter() time.Duration, that is when asking again makes sense.
	Take(ctx context.Context, limits []Limit, states []State) error
}

// Check returns what is wrong with the arguments of a [Store]'s Take: slices of
// different length, an unusable rate (which wraps [ErrRate]), a charge beside
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
		return errors.New("ratelimit: as many states as limits are needed")
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

// set derives every number from the debt of one instant, for a limit that is
// Allowed or not. It writes them one by one: to copy a State is slow, because the
// processor has to wait for its bytes.
func (s *State) set(p bucket.Plan, debt time.Duration, l *Limit) {
	s.Degraded, s.Unknown = false, false
	s.Remaining = p.Remaining(debt)
	s.ResetAfter, s.RetryAfter = debt, 0
	if !s.Allowed || l.Cost == 0 { // a peek asks for one unit
		s.RetryAfter = p.RetryAfter(debt, l.Cost)
	}
}
