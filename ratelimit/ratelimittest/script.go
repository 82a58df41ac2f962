package ratelimittest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
)

// A script plays steps against a store, and measures how much real time they take.
type script struct {
	*testing.T
	store    ratelimit.Store
	harness  Harness
	unit     time.Duration // until one unit comes back
	start    time.Time
	advanced time.Duration
	step     int
}

func begin(t *testing.T, h Harness) *script {
	return &script{
		T:       t,
		store:   h.New(t),
		harness: h,
		unit:    max(20*h.Resolution, 10*time.Millisecond),
		start:   time.Now(),
	}
}

// rate returns one unit per s.unit, with a burst.
func (s *script) rate(burst int) ratelimit.Rate {
	return ratelimit.Rate{Limit: 1, Per: s.unit, Burst: burst}
}

// limit returns a charge of the bucket of a key.
func (s *script) limit(key string, burst, cost int) ratelimit.Limit {
	return ratelimit.Limit{Policy: "policy", Key: key, Rate: s.rate(burst), Cost: cost}
}

// units returns the time in which n units come back.
func (s *script) units(n float64) time.Duration {
	return time.Duration(n * float64(s.unit))
}

func (s *script) advance(d time.Duration) {
	s.advanced += d
	s.harness.Advance(d)
}

// late is the real time so far, beyond the time that advance has asked for.
func (s *script) late() time.Duration {
	return max(time.Since(s.start)-s.advanced, 0)
}

// take calls the store, which must not fail.
func (s *script) take(limits ...ratelimit.Limit) []ratelimit.State {
	s.Helper()
	s.step++
	states := make([]ratelimit.State, len(limits))
	if err := s.store.Take(s.Context(), limits, states); err != nil {
		s.Fatalf("%s = error %v, want a decision", s.call(limits...), err)
	}
	return states
}

func (s *script) call(limits ...ratelimit.Limit) string {
	texts := make([]string, len(limits))
	for i, l := range limits {
		texts[i] = fmt.Sprintf("%q of %s, cost %d", l.Key, l.Policy, l.Cost)
	}
	return fmt.Sprintf("Take(%s) at step %d", strings.Join(texts, ", "), s.step)
}

// state is what a step expects, in multiples of s.unit.
type state struct {
	allowed   bool
	remaining int
	reset     float64
	retry     float64 // never: no waiting helps
}

const never = -1

const (
	allowed = true
	refused = false
)

// expect takes one limit and compares its state.
func (s *script) expect(l ratelimit.Limit, want state) ratelimit.State {
	s.Helper()
	got := s.take(l)[0]
	s.compare(s.call(l), got, want)
	return got
}

func (s *script) compare(call string, got ratelimit.State, want state) {
	s.Helper()
	if got.Allowed != want.allowed {
		s.Fatalf("%s = %s, want %s", call, verdict(got.Allowed), verdict(want.allowed))
	}
	if got.Degraded || got.Unknown {
		s.Errorf("%s = %+v, want a decision of the store itself", call, got)
	}
	if got.Remaining != want.remaining {
		s.Errorf("%s leaves %d, want %d", call, got.Remaining, want.remaining)
	}
	s.duration(call, "ResetAfter", got.ResetAfter, s.units(want.reset))
	if want.retry == never {
		if got.RetryAfter != ratelimit.Never {
			s.Errorf("%s has RetryAfter %v, want Never", call, got.RetryAfter)
		}
		return
	}
	s.duration(call, "RetryAfter", got.RetryAfter, s.units(want.retry))
}

func (s *script) duration(call, name string, got, want time.Duration) {
	s.Helper()
	res := s.harness.Resolution
	if got > want+res || got < max(want-s.late()-res, 0) {
		s.Errorf("%s has %s %v, want %v", call, name, got, want)
	}
}

func verdict(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "refused"
}
