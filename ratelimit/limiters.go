package ratelimit

import (
	"context"
	"hash/maphash"
	"math"
	"time"

	"golang.org/x/time/rate"

	"github.com/backstop-go/backstop/ratelimit/internal/bucket"
)

// Limiters is a [Store] over the limiters of golang.org/x/time/rate that a program
// already has: one for all, or a map of its own. It gets header fields, envelopes,
// several limits at once and refunds on top. The function is called for each limit
// of a call; a nil limiter is [Unlimited].
//
//	store := ratelimit.Limiters(func(_, key string) *rate.Limiter { return mine[key] })
//
// Rate and burst are those of the limiter. The store writes them into the Rate of
// each [Limit], whatever was there, so that header fields tell the truth; with a
// Limiters as [Config.Store], Config.Rate may be left out.
//
// A limiter has another memory than a store of this package: when its rate changes
// it keeps its units, not its debt in time. And a call of several limits is charged
// one by one; if a later one refuses, the earlier ones get back what they gave. Who
// uses a limiter directly at that moment may be refused, calls of this store are
// not. They read the clock under a lock: an instant of the past would mint units.
type Limiters func(policy, key string) *rate.Limiter

// Take implements [Store]. It never fails but for the faults of [Check], where a
// Rate cannot be one.
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
	now := time.Now()
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

// A limiter may be behind several Limiters, so its lock belongs to none of them.
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

// force takes a cost, up to a debt of 366 days. A reservation of more than the
// burst is not possible, so the burst is raised for an instant.
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

// describe derives every number from the units of one instant, and the rate from
// the limiter. A unit is rounded up, so that who waits has waited enough.
func describe(r *rate.Limiter, now time.Time, l *Limit, s *State) {
	if unlimited(r) {
		l.Rate, *s = Unlimited(), State{Allowed: true, Unknown: true}
		return
	}
	burst := max(r.Burst(), 0)
	unit := max(bucket.Most/time.Duration(max(burst, 1)), 1) // the slowest that a Rate can be
	nanos := math.Ceil(1e9 / float64(r.Limit()))
	slower := nanos > float64(unit) || r.Limit() <= 0
	if !slower {
		unit = time.Duration(nanos)
	}
	if l.Rate = (Rate{Limit: 1, Per: unit, Burst: burst}); burst == 0 {
		l.Rate = Blocked()
	}
	// Up to whole nanoseconds, but not because of the noise that a float64 has:
	// an exact second would become two in a header.
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
