package ratelimittest

import (
	"math/rand/v2"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
)

// model is the contract in integers: for each bucket the instant at which it is
// full. Each rate in a call must take whole microseconds per unit.
//
// https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
type model map[[2]string]time.Duration

func (m model) take(now time.Duration, limits []ratelimit.Limit) []ratelimit.State {
	states := make([]ratelimit.State, len(limits))
	admitted := true
	for i, l := range limits {
		interval, fill := shape(l.Rate)
		states[i].Allowed = l.Force || l.Cost <= 0 || m.debt(now, l)+time.Duration(l.Cost)*interval <= fill
		admitted = admitted && states[i].Allowed
	}
	for i, l := range limits {
		interval, fill := shape(l.Rate)
		debt := m.debt(now, l)
		if admitted && l.Cost != 0 {
			debt = min(max(debt+time.Duration(l.Cost)*interval, 0), 366*24*time.Hour)
			m[[2]string{l.Policy, l.Key}] = now + debt
		}
		s := &states[i]
		s.Remaining = int(max(fill-debt, 0) / interval)
		s.ResetAfter = debt
		switch {
		case s.Allowed && l.Cost != 0:
		case time.Duration(l.Cost)*interval > fill:
			s.RetryAfter = ratelimit.Never
		default:
			s.RetryAfter = max(debt+time.Duration(max(l.Cost, 1))*interval-fill, 0)
		}
	}
	return states
}

func (m model) debt(now time.Duration, l ratelimit.Limit) time.Duration {
	return max(m[[2]string{l.Policy, l.Key}]-now, 0)
}

// shape returns the time of one unit, and the time from empty to full.
func shape(r ratelimit.Rate) (interval, fill time.Duration) {
	interval = r.Per / time.Duration(r.Limit)
	return interval, interval * time.Duration(r.Burst)
}

// history plays random calls against the store and the model: charges, forced
// charges, peeks and refunds, of one limit and of several, at changing rates. Many
// waits end exactly when a call fits again, or one microsecond before.
func history(s *script) {
	const seed, steps = 1, 10_000
	random := rand.New(rand.NewPCG(seed, seed))
	pick := func(n int) int { return random.IntN(n) }
	rates := []ratelimit.Rate{
		{Limit: 1, Per: 10 * time.Millisecond, Burst: 5},
		{Limit: 1, Per: 10 * time.Millisecond, Burst: 1},
		{Limit: 3, Per: 21 * time.Microsecond, Burst: 40},
		{Limit: 7, Per: 77 * time.Millisecond, Burst: 7},
		{Limit: 1, Per: time.Second, Burst: 3},
		{Limit: 999, Per: 999 * 1009 * time.Microsecond, Burst: 999},
	}
	m := model{}
	var now time.Duration
	pass := func(d time.Duration) {
		now += d
		s.advance(d)
	}
	wait := time.Microsecond
	for range steps {
		switch pick(6) {
		case 0:
			pass(time.Duration(pick(20_000)) * time.Microsecond)
		case 1:
			pass(wait)
		case 2:
			pass(wait - time.Microsecond)
		}
		key := string(rune('a' + pick(4)))
		sign := 1
		if pick(5) == 0 {
			sign = -1
		}
		var limits []ratelimit.Limit
		for _, policy := range []string{"one", "two", "three"}[:1+pick(3)] {
			rate := rates[pick(len(rates))]
			limits = append(limits, ratelimit.Limit{Policy: policy, Key: key, Rate: rate, Cost: sign * pick(rate.Burst+2)})
			last := &limits[len(limits)-1]
			if pick(2) == 0 {
				last.Cost = sign
			}
			last.Force = sign > 0 && pick(20) == 0
		}
		want, got := m.take(now, limits), s.take(limits...)
		if admitted(got) != admitted(want) {
			s.Fatalf("%s = %s, want %s, at %v, with seed %d", s.call(limits...), verdict(admitted(got)), verdict(admitted(want)), now, seed)
		}
		for i := range want {
			if !admitted(want) && got[i].Unknown && got[i].Allowed {
				continue // see [script.both]
			}
			if !s.agree(limits, i, got[i], want[i]) {
				s.Fatalf("at %v, with seed %d", now, seed)
			}
			if want[i].RetryAfter != ratelimit.Never {
				wait = max(want[i].RetryAfter, time.Microsecond)
			}
		}
	}
}

func (s *script) agree(limits []ratelimit.Limit, i int, got, want ratelimit.State) bool {
	near := func(a, b time.Duration) bool { return a-b <= time.Microsecond && b-a <= time.Microsecond }
	if got.Allowed == want.Allowed && got.Remaining == want.Remaining &&
		near(got.ResetAfter, want.ResetAfter) && near(got.RetryAfter, want.RetryAfter) {
		return true
	}
	s.Errorf("%s: limit %d of rate %+v\n got %+v\nwant %+v", s.call(limits...), i, limits[i].Rate, got, want)
	return false
}
