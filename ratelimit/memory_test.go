package ratelimit_test

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/ratelimittest"
)

func newMemory(t testing.TB, maxKeys int) *ratelimit.Memory {
	t.Helper()
	m, err := ratelimit.NewMemory(ratelimit.MemoryConfig{MaxKeys: maxKeys})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// take charges one bucket.
func take(t testing.TB, s ratelimit.Store, key string, r ratelimit.Rate, cost int) ratelimit.State {
	t.Helper()
	var states [1]ratelimit.State
	if err := s.Take(t.Context(), []ratelimit.Limit{{Policy: "test", Key: key, Rate: r, Cost: cost}}, states[:]); err != nil {
		t.Fatalf("Take(%q, %d) = error %v, want a decision", key, cost, err)
	}
	return states[0]
}

func TestMemory_keepsTheContract(t *testing.T) {
	ratelimittest.Run(t, ratelimittest.Harness{
		New: func(t *testing.T) ratelimit.Store { return newMemory(t, 0) },
	})
}

func TestNewMemory_refusesABound(t *testing.T) {
	for _, keys := range []int{-1, 1<<30 + 1} {
		if m, err := ratelimit.NewMemory(ratelimit.MemoryConfig{MaxKeys: keys}); err == nil || m != nil {
			t.Errorf("NewMemory(MaxKeys: %d) = %v, %v, want an error", keys, m, err)
		}
	}
}

const (
	allowed = true
	refused = false
)

func verdict(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "refused"
}

func TestMemory_script(t *testing.T) {
	perMinute := ratelimit.PerMinute(2)
	paced := ratelimit.PerMinute(2).WithBurst(1)
	for _, c := range []struct {
		name  string
		rate  ratelimit.Rate
		steps []struct {
			wait      time.Duration
			key       string
			want      bool
			remaining int
		}
	}{
		{"two a minute", perMinute, []struct {
			wait      time.Duration
			key       string
			want      bool
			remaining int
		}{
			{0, "ann", allowed, 1},
			{0, "ann", allowed, 0},
			{0, "ann", refused, 0},
			{0, "bob", allowed, 1},                // keys are independent
			{30 * time.Second, "ann", allowed, 0}, // one unit is back
			{30*time.Second - 1, "ann", refused, 0},
			{1, "ann", allowed, 0}, // exactly when the unit is back
			{time.Hour, "ann", allowed, 1},
		}},
		{"paced", paced, []struct {
			wait      time.Duration
			key       string
			want      bool
			remaining int
		}{
			{0, "ann", allowed, 0},
			{0, "ann", refused, 0},
			{29 * time.Second, "ann", refused, 0},
			{time.Second, "ann", allowed, 0},
			{time.Hour, "ann", allowed, 0}, // a bucket never holds more than its burst
			{0, "ann", refused, 0},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory(t, 0)
				for i, s := range c.steps {
					time.Sleep(s.wait)
					got := take(t, m, s.key, c.rate, 1)
					if got.Allowed != s.want || got.Remaining != s.remaining {
						t.Errorf("Take(%q) at step %d = %s with %d left, want %s with %d",
							s.key, i, verdict(got.Allowed), got.Remaining, verdict(s.want), s.remaining)
					}
				}
			})
		})
	}
}

// Times are exact, so that a header does not round a whole second up to two.
func TestMemory_isExact(t *testing.T) {
	for n := 1; n <= 500; n++ {
		synctest.Test(t, func(t *testing.T) {
			interval := time.Duration(n) * time.Second
			for _, r := range []ratelimit.Rate{
				{Limit: 1, Per: interval, Burst: 3},
				{Limit: n, Per: time.Duration(n) * interval, Burst: 3},
				{Limit: 7, Per: 7 * interval, Burst: 3},
			} {
				m := newMemory(t, 1)
				for want := 2; want >= 0; want-- {
					if got := take(t, m, "ann", r, 1); got.Remaining != want {
						t.Fatalf("Take of %+v leaves %d, want %d", r, got.Remaining, want)
					}
				}
				got := take(t, m, "ann", r, 1)
				if got.Allowed || got.RetryAfter != interval || got.ResetAfter != 3*interval {
					t.Fatalf("Take of %+v, used up = %+v, want RetryAfter %v and ResetAfter %v", r, got, interval, 3*interval)
				}
				time.Sleep(interval - 1)
				if got := take(t, m, "ann", r, 1); got.Allowed {
					t.Fatalf("Take of %+v a nanosecond before RetryAfter = allowed, want refused", r)
				}
				time.Sleep(time.Nanosecond)
				if got := take(t, m, "ann", r, 1); !got.Allowed || got.Remaining != 0 || got.ResetAfter != 3*interval {
					t.Fatalf("Take of %+v after RetryAfter = %+v, want allowed, 0 left, ResetAfter %v", r, got, 3*interval)
				}
			}
		})
	}
}

// The time of a unit is rounded down to nanoseconds. So an empty bucket is full again at the
// latest after the exact time, and at the earliest one nanosecond for each unit before it.
func TestMemory_roundsAUnitDown(t *testing.T) {
	for _, r := range []ratelimit.Rate{
		ratelimit.PerSecond(3), ratelimit.PerMinute(7), ratelimit.PerHour(999), ratelimit.PerDay(13), ratelimit.PerSecond(999_999), ratelimit.PerSecond(7).WithBurst(100),
	} {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory(t, 1)
			burst := max(r.Burst, r.Limit)
			for n := 1; n <= min(burst, 1000); n++ {
				got, want := take(t, m, "ann", r, 1), time.Duration(n)*r.Per/time.Duration(r.Limit)
				if got.ResetAfter > want || got.ResetAfter < want-time.Duration(n) || got.Remaining != burst-n {
					t.Fatalf("Take %d of %+v = %+v, want ResetAfter %v and %d left", n, r, got, want, burst-n)
				}
			}
		})
	}
}

// The times are also exact if the rate changes from days to milliseconds.
func TestMemory_isExactForAChangedRate(t *testing.T) {
	for n := 1; n <= 366; n++ {
		synctest.Test(t, func(t *testing.T) {
			debt := time.Duration(n) * 24 * time.Hour
			m := newMemory(t, 1)
			take(t, m, "ann", ratelimit.Rate{Limit: 1, Per: debt}, 1)
			for _, r := range []ratelimit.Rate{
				{Limit: 1, Per: 7 * time.Millisecond, Burst: 3},
				{Limit: 3, Per: 3 * 11 * time.Millisecond, Burst: 3},
				{Limit: 1, Per: time.Second, Burst: 3},
			} {
				interval := r.Per / time.Duration(r.Limit)
				got := take(t, m, "ann", r, 1)
				if got.Allowed || got.ResetAfter != debt || got.RetryAfter != debt-2*interval {
					t.Fatalf("Take of %+v with a debt of %v = %+v, want RetryAfter %v and ResetAfter %v", r, debt, got, debt-2*interval, debt)
				}
			}
		})
	}
}

// If calls read the clock in one order and get the lock in another, no call must see a debt that
// is larger than the bucket.
func TestMemory_resetAfterIsAtMostTheTimeToFill(t *testing.T) {
	m := newMemory(t, 0)
	r := ratelimit.PerSecond(1_000_000).WithBurst(1000)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20_000 {
				if got := take(t, m, "ann", r, 1); got.ResetAfter > time.Millisecond || !got.Allowed && got.RetryAfter > time.Microsecond {
					t.Errorf("Take = %+v, want ResetAfter at most %v, and RetryAfter at most the time of a unit", got, time.Millisecond)
					return
				}
			}
		})
	}
	wg.Wait()
}

// While buckets are added and evicted, a bucket in debt is always found again, with the right
// debt.
func TestMemory_losesNoBucket(t *testing.T) {
	for _, maxKeys := range []int{100, 20_000} {
		synctest.Test(t, func(t *testing.T) {
			const seed = 11
			random := rand.New(rand.NewPCG(seed, seed))
			m := newMemory(t, maxKeys)
			fullAt := map[string]time.Time{}
			owing := maxKeys / 4 // keys that are in debt at a time, at most
			r := ratelimit.Rate{Limit: 1, Per: time.Second, Burst: owing}
			for step := range 100_000 {
				time.Sleep(time.Second)
				key := strconv.Itoa(random.IntN(4 * maxKeys))
				cost := 1 + random.IntN(owing)
				if random.IntN(4) == 0 {
					cost = -cost
				}
				debt := max(time.Until(fullAt[key]), 0)
				want := debt + time.Duration(cost)*time.Second
				if want > time.Duration(owing)*time.Second {
					want = debt
				}
				want = max(want, 0)
				if got := take(t, m, key, r, cost); got.ResetAfter != want {
					t.Fatalf("Take(%q, %d) at step %d with seed %d = %+v, want a debt of %v", key, cost, step, seed, got, want)
				}
				fullAt[key] = time.Now().Add(want)
			}
			if n := m.Lost(); n > 0 {
				t.Errorf("%d buckets cannot be found any more", n)
			}
			if got := m.Stats(); got.EvictedInDebt > 0 || got.Evictions == 0 {
				t.Errorf("Stats() = %+v, want evictions, none in debt", got)
			}
		})
	}
}

// For every possible rate, a request after RetryAfter succeeds.
func TestMemory_retryAfterIsTrue(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		r := ratelimit.Rate{
			Limit: 1 + random.IntN(1<<random.IntN(20)),
			Per:   time.Duration(1 + random.Int64N(1<<(20+random.IntN(30)))),
			Burst: 1 + random.IntN(1<<random.IntN(20)),
		}
		if ratelimit.Check([]ratelimit.Limit{{Rate: r}}, make([]ratelimit.State, 1)) != nil {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			m := newMemory(t, 1)
			for range 20 {
				take(t, m, "ann", r, 1+random.IntN(r.Burst))
				cost := 1 + random.IntN(r.Burst)
				if got := take(t, m, "ann", r, cost); !got.Allowed {
					time.Sleep(got.RetryAfter)
					if again := take(t, m, "ann", r, cost); !again.Allowed {
						t.Fatalf("Take(%d) of %+v after RetryAfter %v = %+v, want allowed", cost, r, got.RetryAfter, again)
					}
				}
				time.Sleep(time.Duration(random.Int64N(int64(r.Per))))
			}
		})
	}
}

// The same after a change of the rate, even if the debt is many times larger than the new bucket.
func TestMemory_retryAfterIsTrueForAChangedRate(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	anyRate := func() ratelimit.Rate {
		return ratelimit.Rate{
			Limit: 1 + random.IntN(1<<random.IntN(10)),
			Per:   time.Duration(1+random.IntN(1<<(10+random.IntN(20)))) * time.Millisecond,
			Burst: 1 + random.IntN(1<<random.IntN(10)),
		}
	}
	for range 500 {
		before, after := anyRate(), anyRate()
		if ratelimit.Check([]ratelimit.Limit{{Key: "a", Rate: before}, {Key: "b", Rate: after}}, make([]ratelimit.State, 2)) != nil {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			m := newMemory(t, 1)
			for range 20 {
				take(t, m, "ann", before, 1+random.IntN(before.Burst))
				take(t, m, "ann", after, -random.IntN(2))
				cost := 1 + random.IntN(after.Burst)
				if got := take(t, m, "ann", after, cost); !got.Allowed {
					time.Sleep(got.RetryAfter)
					if again := take(t, m, "ann", after, cost); !again.Allowed {
						t.Fatalf("Take(%d) of %+v after %+v and RetryAfter %v = %+v, want allowed", cost, after, before, got.RetryAfter, again)
					}
				}
			}
		})
	}
}

// In any interval d at most Burst + d·Limit/Per units are admitted.
func TestMemory_bound(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, seed))
			m := newMemory(t, 1)
			r := ratelimit.Rate{Limit: 1 + random.IntN(20), Per: time.Second, Burst: 1 + random.IntN(10)}
			type charge struct {
				at   time.Time
				cost int
			}
			var admitted []charge
			for range 500 {
				time.Sleep(time.Duration(random.Int64N(int64(2 * r.Per / time.Duration(r.Limit)))))
				if cost := 1 + random.IntN(r.Burst); take(t, m, "ann", r, cost).Allowed {
					admitted = append(admitted, charge{time.Now(), cost})
				}
			}
			for i, first := range admitted {
				sum := 0
				for _, c := range admitted[i:] {
					sum += c.cost
					d := c.at.Sub(first.at)
					if most := float64(r.Burst) + d.Seconds()*float64(r.Limit) + 1e-6; float64(sum) > most {
						t.Fatalf("%+v with seed %d admitted %d in %v, want at most %v", r, seed, sum, d, most)
					}
				}
			}
		})
	}
}

// Many callers use few keys at the bound. The test is for the race detector, and checks the sum.
func TestMemory_concurrently(t *testing.T) {
	m := newMemory(t, 8)
	var wg sync.WaitGroup
	var mu sync.Mutex
	admitted := 0
	for g := range 8 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(g), 1))
			limits := make([]ratelimit.Limit, 2)
			states := make([]ratelimit.State, 2)
			for range 2000 {
				limits[0] = ratelimit.Limit{Policy: "hot", Key: "ann", Rate: ratelimit.PerDay(500), Cost: 1}
				limits[1] = ratelimit.Limit{Policy: "cold", Key: strconv.Itoa(random.IntN(100)), Rate: ratelimit.PerSecond(1000), Cost: 1}
				if err := m.Take(t.Context(), limits, states); err != nil {
					t.Error(err)
					return
				}
				m.Stats()
				if states[0].Allowed && states[1].Allowed {
					mu.Lock()
					admitted++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if admitted != 500 {
		t.Errorf("%d calls of a busy key were admitted, want 500, because its bucket must not be evicted", admitted)
	}
}

func TestMemory_allocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	m := newMemory(t, 0)
	limits := []ratelimit.Limit{
		{Policy: "one", Key: "ann", Rate: ratelimit.PerDay(1000), Cost: 1},
		{Policy: "two", Key: "ann", Rate: ratelimit.PerDay(10), Cost: 1},
		{Policy: "three", Key: "ann", Rate: ratelimit.PerDay(1000), Cost: 0},
	}
	for _, key := range "abcde" {
		limits = append(limits, ratelimit.Limit{Policy: "four", Key: string(key), Rate: ratelimit.PerDay(10), Cost: 1, Force: true})
	}
	states := make([]ratelimit.State, len(limits))
	for n := range len(limits) + 1 { // the second limit refuses after a few calls
		got := testing.AllocsPerRun(100, func() {
			if err := m.Take(t.Context(), limits[:n], states[:n]); err != nil {
				t.Fatal(err)
			}
		})
		if got != 0 {
			t.Errorf("Take of %d limits allocates %v times, want 0", n, got)
		}
	}
}

// Peeks and refunds of unknown keys make no buckets, so they evict nothing.
func TestMemory_keepsNothingOfAPeekOrARefund(t *testing.T) {
	m := newMemory(t, 0)
	for i := range 100 {
		for _, cost := range []int{0, -1} {
			take(t, m, strconv.Itoa(i), ratelimit.PerHour(5), cost)
		}
	}
	if got := m.Stats(); got != (ratelimit.Stats{}) {
		t.Errorf("Stats() after peeks and refunds of unknown keys = %+v, want no keys", got)
	}
}
