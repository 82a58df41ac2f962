package ratelimit

import (
	"context"
	"hash/maphash"
	"math"
	"math/bits"
	"sync"
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
		set |= 1 << (maphash.Comparable(limiterSeed, r) % 64)
	}
	for rest := set; rest != 0; rest &= rest - 1 { // in the order of the bits, as in Memory
		limiterLocks[bits.TrailingZeros64(rest)].Lock()
	}
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
	for ; set != 0; set &= set - 1 {
		limiterLocks[bits.TrailingZeros64(set)].Unlock()
	}
	return nil
}

// A limiter may be behind several Limiters, so its lock belongs to none of them.
var (
	limiterSeed  = maphash.MakeSeed()
	limiterLocks [64]sync.Mutex
)

func unlimited(r *rate.Limiter) bool { return r == nil || r.Limit() == rate.Inf }

// admit takes a cost if there is room for it, and reports whether there was.
func admit(r *rate.Limiter, now time.Time, cost int) bool {
	if cost > 0 {
		return r.AllowN(now, cost)
	}
	if cost < 0 {
		r.ReserveN(now, cost)
	}
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
// the limiter.
func describe(r *rate.Limiter, now time.Time, l *Limit, s *State) {
	if unlimited(r) {
		l.Rate, *s = Unlimited(), State{Allowed: true, Unknown: true}
		return
	}
	f := float{float64(r.Limit()), max(r.Burst(), 0)}
	tokens := r.TokensAt(now)
	l.Rate = f.rate()
	*s = State{
		Allowed:    s.Allowed,
		Remaining:  f.burst,
		ResetAfter: min(f.wait(float64(f.burst)-tokens), bucket.Most),
	}
	if left := tokens + f.perSecond*1e-9; left < float64(f.burst) { // AllowN is as generous
		s.Remaining = int(max(left, 0))
	}
	if s.Allowed && l.Cost != 0 {
		return
	}
	s.RetryAfter = Never
	if n := max(l.Cost, 1); n <= f.burst {
		s.RetryAfter = f.wait(float64(n) - tokens)
	}
}

// float is the rate of a limiter in floating point.
type float struct {
	perSecond float64
	burst     int
}

// wait is the time in which so many units come back, or Never. It is rounded up,
// less what the computation of a float64 may have put on top: an exact second
// must not become two in a header.
func (f float) wait(units float64) time.Duration {
	nanos := units / f.perSecond * 1e9
	noise := max(units, float64(f.burst)) / f.perSecond * 1e9 * 0x1p-50
	switch {
	case units <= 0 || f.burst == 0:
		return 0
	case f.perSecond <= 0 || nanos > float64(bucket.Most):
		return Never
	}
	return max(time.Duration(math.Ceil(nanos-noise)), 0)
}

// rate is the nearest Rate. One that takes more than 366 days to fill is shown as
// the slowest with its burst.
func (f float) rate() Rate {
	if f.burst == 0 {
		return Blocked()
	}
	unit := bucket.Most / time.Duration(f.burst)
	if nanos := 1e9 / f.perSecond; f.perSecond > 0 && nanos < float64(unit) {
		unit = time.Duration(nanos)
	}
	return Rate{Limit: 1, Per: max(unit, 1), Burst: f.burst}
}
