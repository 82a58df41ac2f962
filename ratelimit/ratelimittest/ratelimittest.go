// Package ratelimittest proves that a [ratelimit.Store] keeps its contract.
//
//	func TestStore(t *testing.T) {
//		ratelimittest.Run(t, ratelimittest.Harness{
//			New: func(t *testing.T) ratelimit.Store { return newStore(t) },
//		})
//	}
//
// Each check has the name of a promise. A check that fails says what was called, at
// which step, what it returned and what was wanted.
package ratelimittest

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
)

// Harness says how to make a store and how to make time pass for it.
type Harness struct {
	// New returns an empty store, for one check. Required.
	New func(t *testing.T) ratelimit.Store

	// Advance makes time pass for the store that New has returned last. Leave it
	// nil for a store that reads the clock of this process and does no I/O: each
	// check then runs in a bubble of [testing/synctest], where waiting takes no
	// time. For another store, move the clock of its test double, or use
	// [time.Sleep] with a Resolution to match.
	Advance func(d time.Duration)

	// Resolution is the smallest difference in time that the store can tell. In
	// real time, add the delay of a call and of a sleep: with 20 ms all checks
	// take some seconds. Default 1 µs.
	Resolution time.Duration

	// Except maps the name of a check to the reason why the store does not keep
	// that promise. The check is skipped. The documentation of the store should
	// say so, too. Default none.
	Except map[string]string
}

// Run runs all checks as sub-tests of t.
func Run(t *testing.T, h Harness) {
	if h.New == nil {
		t.Fatal("ratelimittest: Harness has no New")
	}
	if h.Resolution <= 0 {
		h.Resolution = time.Microsecond
	}
	for promise := range h.Except {
		if !slices.ContainsFunc(checks, func(c check) bool { return c.promise == promise }) {
			t.Errorf("ratelimittest: Except names %q, which is not the name of a check", promise)
		}
	}
	for _, c := range checks {
		t.Run(c.promise, func(t *testing.T) {
			if reason, ok := h.Except[c.promise]; ok {
				t.Skip("not promised: " + reason)
			}
			if c.exact && h.Resolution > time.Microsecond {
				t.Skip("needs a clock that the test moves, to the microsecond")
			}
			if h.Advance != nil {
				c.run(begin(t, h))
				return
			}
			synctest.Test(t, func(t *testing.T) {
				bubble := h
				bubble.Advance = time.Sleep
				c.run(begin(t, bubble))
			})
		})
	}
}

type check struct {
	promise string
	run     func(*script)
	exact   bool
}

// checks are the promises of the contract.
var checks = []check{
	{"a new bucket holds its burst", newBucket, false},
	{"units come back one by one", comeBack, false},
	{"a cost takes several units", costs, false},
	{"a cost of 0 changes nothing", peeks, false},
	{"a negative cost refunds up to full", refunds, false},
	{"a cost above the burst never passes", aboveBurst, false},
	{"a refused call changes nothing", refusals, false},
	{"RetryAfter is exact", retryAfter, false},
	{"ResetAfter is when the bucket is full", resetAfter, false},
	{"keys and policies are independent", independence, false},
	{"all limits or none are charged", allOrNothing, false},
	{"limits of several keys are all charged or none", severalKeys, false},
	{"a forced charge goes beyond the burst", forced, false},
	{"a forced charge ends at 366 days", forcedBound, false},
	{"a refund leaves a forced charge", refundBesideForced, false},
	{"a forced charge is all or nothing, too", forcedAmongOthers, false},
	{"a changed rate keeps the debt", changedRate, false},
	{"changing rates mints nothing", mintsNothing, false},
	{"concurrent calls see different numbers", concurrent, false},
	{"calls in opposite order do not wait for each other", oppositeOrder, false},
	{"faults are errors and change nothing", faults, false},
	{"an unusable rate is an error", unusableRates, false},
	{"the slices stay the caller's", slicesStay, false},
	{"any history ends as in the model", history, true},
}
