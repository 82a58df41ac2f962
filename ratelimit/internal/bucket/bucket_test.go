package bucket_test

import (
	"math"
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit/internal/bucket"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		limit, burst int
		per, tick    time.Duration
		unit, fill   time.Duration
	}{
		{30, 0, time.Minute, 1, 2 * time.Second, time.Minute},
		{30, 1, time.Minute, 1, 2 * time.Second, 2 * time.Second},
		{3, 0, time.Second, 1, 333_333_333, 999_999_999}, // rounded down, so is the whole
		{3, 0, time.Second, time.Microsecond, 333_333 * time.Microsecond, 999_999 * time.Microsecond},
		{1, 0, bucket.Most, time.Microsecond, bucket.Most, bucket.Most},
		{1, 366 * 24 * 3600_000_000, time.Microsecond, 1, time.Microsecond, bucket.Most},
	} {
		want := bucket.Plan{Unit: c.unit, Fill: c.fill}
		if got := bucket.Of(c.limit, c.per, c.burst, c.tick); got != want {
			t.Errorf("Of(%d, %v, %d, %v) = %+v, want %+v", c.limit, c.per, c.burst, c.tick, got, want)
		}
	}
}

func TestPlan(t *testing.T) {
	const s = time.Second
	five := bucket.Plan{Unit: s, Fill: 5 * s}
	slow := bucket.Plan{Unit: bucket.Most, Fill: bucket.Most}
	fast := bucket.Plan{Unit: time.Microsecond, Fill: bucket.Most}
	for _, c := range []struct {
		name      string
		plan      bucket.Plan
		debt      time.Duration
		cost      int
		fits      bool
		after     time.Duration
		remaining int // before
		retry     time.Duration
	}{
		{"a new bucket", five, 0, 1, true, s, 5, 0},
		{"the whole burst", five, 0, 5, true, 5 * s, 5, 0},
		{"more than the burst", five, 0, 6, false, 6 * s, 5, bucket.Never},
		{"a nanosecond too early", five, 4*s + 1, 1, false, 5*s + 1, 0, 1},
		{"at its very instant", five, 4 * s, 1, true, 5 * s, 1, 0},
		{"a peek asks for one unit", five, 5*s - 1, 0, true, 5*s - 1, 0, s - 1},
		{"a refund", five, 5 * s, -2, true, 3 * s, 0, s},
		{"a refund up to full", five, 5 * s, -9, true, 0, 0, s},
		{"a debt beyond the plan", five, 9 * s, 1, false, 10 * s, 0, 5 * s},
		{"a peek at a debt beyond the plan", five, 9 * s, 0, true, 9 * s, 0, 5 * s},
		{"a refund of a debt beyond the plan", five, 9 * s, -1, true, 8 * s, 0, 5 * s},
		{"a charge that an int64 would see as a refund", five, 4 * s, 10_000_000_000, false, bucket.Most, 1, bucket.Never},
		{"the largest cost", five, 4 * s, math.MaxInt, false, bucket.Most, 1, bucket.Never},
		{"the largest refund", five, bucket.Most, math.MinInt, true, 0, 0, bucket.Most - 4*s},
		{"the slowest plan", slow, 0, 1, true, bucket.Most, 1, 0},
		{"no room in the slowest plan", slow, bucket.Most, 1, false, bucket.Most, 0, bucket.Most},
		{"two of the slowest plan", slow, 0, 2, false, bucket.Most, 1, bucket.Never},
		{"the largest burst", fast, 0, int(bucket.Most / time.Microsecond), true, bucket.Most, int(bucket.Most / time.Microsecond), 0},
		{"one more than that", fast, 0, int(bucket.Most/time.Microsecond) + 1, false, bucket.Most, int(bucket.Most / time.Microsecond), bucket.Never},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.plan.Fits(c.debt, c.cost); got != c.fits {
				t.Errorf("Fits(%v, %d) = %t, want %t", c.debt, c.cost, got, c.fits)
			}
			if got := c.plan.After(c.debt, c.cost); got != c.after {
				t.Errorf("After(%v, %d) = %v, want %v", c.debt, c.cost, got, c.after)
			}
			if got := c.plan.Remaining(c.debt); got != c.remaining {
				t.Errorf("Remaining(%v) = %d, want %d", c.debt, got, c.remaining)
			}
			if got := c.plan.RetryAfter(c.debt, c.cost); got != c.retry {
				t.Errorf("RetryAfter(%v, %d) = %v, want %v", c.debt, c.cost, got, c.retry)
			}
		})
	}
}

// What does not fit any bucket must not begin to fit by rounding to a coarser
// clock.
func TestPlan_anImpossibleChargeIsWholeInEveryResolution(t *testing.T) {
	p := bucket.Plan{Unit: bucket.Most - time.Hour, Fill: bucket.Most - time.Hour}
	for _, cost := range []int{2, 1 << 40, math.MaxInt} {
		if got := p.Charge(cost).Truncate(time.Millisecond); got <= bucket.Most {
			t.Errorf("Charge(%d) in milliseconds = %v, want more than %v", cost, got, bucket.Most)
		}
	}
}
