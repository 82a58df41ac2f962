package exchange

import "time"

// Rate is the decision of one limiter, in numbers. The decisions of all limiters
// that a request has passed form a chain, from the inside out. A Rate is not
// changed once it was added.
type Rate struct {
	Allowed    bool
	Unknown    bool  // Remaining and ResetAfter mean nothing
	Families   uint8 // of header fields that show this decision; 0 means none does
	Remaining  int
	ResetAfter time.Duration
	RetryAfter time.Duration
	Source     any // what the limiter itself knows about it

	outer *Rate
}

// Binds reports whether r leaves less room than the other decision: a refusal
// with the longest wait first, then the fewest units left, then the longest way
// to a full bucket. Of two equals neither binds.
func (r *Rate) Binds(other *Rate) bool {
	switch {
	case r.Allowed != other.Allowed:
		return !r.Allowed
	case r.RetryAfter != other.RetryAfter && !r.Allowed:
		return r.RetryAfter > other.RetryAfter
	case r.Unknown != other.Unknown:
		return other.Unknown
	case r.Remaining != other.Remaining:
		return r.Remaining < other.Remaining
	}
	return r.ResetAfter > other.ResetAfter
}

// Outer returns the decision that was added before r, or nil.
func (r *Rate) Outer() *Rate { return r.outer }

// AddRate puts a decision in front of those of outer limiters. It does nothing
// outside an exchange.
func (x *Exchange) AddRate(r *Rate) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	r.outer, x.rate = x.rate, r
}

// BindingRate returns the decision that leaves the least room, or nil. Of two
// equal ones it is the outer.
func (x *Exchange) BindingRate() *Rate {
	if x == nil {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	best := x.rate
	for r := best; r != nil; r = r.outer {
		if !best.Binds(r) {
			best = r
		}
	}
	return best
}
