package ratelimit

import (
	"context"
	"hash/maphash"
	"math"
	"time"

	"golang.org/x/time/rate"

	"github.com/backstop-go/backstop/ratelimit/internal/bucket"
)

// Limiters is a [Store] over the limiters of [golang.org/x/time/rate] that a program
// already has: one for everybody, or one for each key in a map. A [Limiter] over it
// adds header fields, envelopes, several limits at once and refunds. Take calls the
// function for each limit; a nil result is [Unlimited].
//
//	store := ratelimit.Limiters(func(_, key string) *rate.Limiter { return mine[key] })
//
// Rate and burst are those of the [rate.Limiter]. Take writes them into the Rate of
// each [Limit], whatever was there, so that header fields tell the truth. With a
// Limiters as [Config.Store], [Config.Rate] may be left out.
//
// A Limiters differs from [Memory] in two ways. When its rate changes, a
// rate.Limiter keeps its units, not its debt in time. And the limits of one call are
// charged one after the other; if a later one refuses, the earlier ones get their
// units back. Other code that uses a rate.Limiter directly at that moment may be
// refused; calls of this store are not.
type Limiters func(policy, key string) *rate.Limiter

// Take implements [Store]. It fails only for those faults of [Check] that are not
// about a Rate.
func (f Limiters) Take(_ context.Context, limits []Limit, states []State) error {
	if err := checkCall(limits, states); err != nil {
		return err
	}
	var array [4]*rate.Limiter
	limiters := array[:0]
	var set uint64
	for i := range limits {
		r := f(limits[i].Policy, limits[i].Key)
		limiters = append(limiters, r)
		set |= 1 << (maphash.Comparable(limiterSeed, r) % maxShards)
	}
	limiterShards.lock(set, 0)
	now := time.Now() // under the locks: an instant before another call's would mint units
	admitted := true
	for i, r := range limiters {
		states[i].Allowed = limits[i].Force || unlimited(r) || admit(r, now, limits[i].Cost)
		admitted = admitted && states[i].Allowed
	}
	for i, r := range limiters {
		switch l := &limits[i]; {
		case unlimited(r) || !states[i].Allowed:
		case l.Force && admitted:
			force(r, now, l.Cost)
		case !l.Force && !admitted:
			r.ReserveN(now, -l.Cost) // adds units; what is above the burst is forgotten
		}
	}
	for i, r := range limiters {
		describe(r, now, &limits[i], &states[i])
	}
	limiterShards.unlock(set, 0)
	return nil
}

// All [Limiters] share these locks, because one rate.Limiter may be behind several.
var (
	limiterSeed   = maphash.MakeSeed()
	limiterShards = make(shards, maxShards)
)

func unlimited(r *rate.Limiter) bool { return r == nil || r.Limit() == rate.Inf }

// admit takes a cost if there is room for it, and reports whether there was.
func admit(r *rate.Limiter, now time.Time, cost int) bool {
	if cost > 0 {
		return r.AllowN(now, cost)
	}
	r.ReserveN(now, cost) // a peek reserves nothing
	return true
}

// force takes a cost, up to a debt of 366 days. A rate.Limiter reserves no more than
// its burst, so force raises the burst for an instant.
func force(r *rate.Limiter, now time.Time, cost int) {
	burst := r.Burst()
	least := min(float64(burst)-bucket.Most.Seconds()*float64(r.Limit()), 0)
	if room := r.TokensAt(now) - least; float64(cost) > room {
		cost = int(max(room, 0))
	}
	r.SetBurstAt(now, max(cost, burst))
	r.ReserveN(now, cost)
	r.SetBurstAt(now, burst)
}

// describe sets the Rate of l to that of the limiter, and s to the state at one
// instant. The time of a unit is rounded up, so that waiting for RetryAfter is
// enough.
func describe(r *rate.Limiter, now time.Time, l *Limit, s *State) {
	if unlimited(r) {
		l.Rate, *s = Unlimited(), State{Allowed: true, Unknown: true}
		return
	}
	burst := max(r.Burst(), 0)
	unit := max(bucket.Most/time.Duration(max(burst, 1)), 1) // of the slowest Rate that New accepts
	nanos := math.Ceil(1e9 / float64(r.Limit()))
	slower := nanos > float64(unit) || r.Limit() <= 0
	if !slower {
		unit = time.Duration(nanos)
	}
	if l.Rate = (Rate{Limit: 1, Per: unit, Burst: burst}); burst == 0 {
		l.Rate = Blocked()
	}
	// Rounded up to whole nanoseconds, but not for the rounding error of a float64:
	// that would make two seconds of an exact second in a header.
	p := bucket.Plan{Unit: unit, Fill: unit * time.Duration(burst)}
	nanos = (float64(r.Burst()) - r.TokensAt(now)) * float64(unit)
	debt := math.Round(nanos)
	if nanos-debt > max(nanos, float64(p.Fill))*0x1p-50 {
		debt++
	}
	s.set(p, time.Duration(min(max(debt, 0), float64(bucket.Most))), l)
	if slower && s.RetryAfter > 0 {
		s.RetryAfter = Never
	}
}
