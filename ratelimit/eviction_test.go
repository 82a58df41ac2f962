package ratelimit_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/ratelimit"
)

// A store with a bound makes the same decisions as one without, as long as it can evict full
// buckets.
func TestMemory_evictionIsInvisible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(3, 4))
		small, large := newMemory(t, 64), newMemory(t, 0)
		r := ratelimit.Rate{Limit: 1, Per: time.Second, Burst: 3}
		for step := range 20_000 {
			// At most 7 buckets are in debt, so that one of 8 inspected buckets is full.
			time.Sleep(time.Second * time.Duration(1+random.IntN(4)) / 2)
			key := strconv.Itoa(random.IntN(1000))
			if random.IntN(2) == 0 {
				key = strconv.Itoa(random.IntN(3)) // keys that come back
			}
			cost := 1 + random.IntN(2)
			if got, want := take(t, small, key, r, cost), take(t, large, key, r, cost); got != want {
				t.Fatalf("Take(%q, %d) at step %d = %+v, want %+v as without a bound", key, cost, step, got, want)
			}
		}
		if got := small.Stats(); got.Keys > 64 || got.Evictions == 0 || got.EvictedInDebt != 0 {
			t.Errorf("Stats() = %+v, want at most 64 keys, evictions, and none in debt", got)
		}
	})
}

// A client that sends many other keys cannot make the store forget its own empty bucket.
func TestMemory_aFloodForgivesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t, 1024)
		r := ratelimit.PerHour(50)
		take(t, m, "ann", r, 50)
		for i := range 100_000 {
			take(t, m, "flood"+strconv.Itoa(i), r, 1)
		}
		if got := take(t, m, "ann", r, 1); got.Allowed {
			t.Errorf("Take(ann) after a flood of other keys = allowed, want refused")
		}
		if got := m.Stats(); got.Keys > 1024 || got.EvictedInDebt == 0 {
			t.Errorf("Stats() = %+v, want at most 1024 keys, some of them evicted in debt", got)
		}
	})
}

// At the bound, buckets are evicted, full ones and others, and some buckets move to another
// place. No bucket must be lost by that.
func TestMemory_losesNoBucketAtTheCap(t *testing.T) {
	for _, maxKeys := range []int{1, 9, 100, 1000} {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(5, 6))
			m := newMemory(t, maxKeys)
			r := ratelimit.Rate{Limit: 1, Per: time.Second, Burst: 4 * maxKeys}
			for step := range 20_000 {
				time.Sleep(time.Second * time.Duration(random.IntN(3)))
				take(t, m, strconv.Itoa(random.IntN(3*maxKeys)), r, 1+random.IntN(4*maxKeys))
				if step%100 == 0 && m.Lost() > 0 {
					t.Fatalf("%d of %d buckets cannot be found at step %d", m.Lost(), maxKeys, step)
				}
			}
			if got := m.Stats(); got.Keys > maxKeys || got.Evictions == 0 {
				t.Errorf("Stats() = %+v, want at most %d keys, and evictions", got, maxKeys)
			}
		})
	}
}

// Many other keys under another rate do not evict an empty bucket either. The rate may be slower
// or faster, and time may pass or not: the store compares the share of its bucket that each key
// owes.
func TestMemory_aFloodOfAnotherRateForgivesNobody(t *testing.T) {
	perHour := ratelimit.PerHour(5)
	for name, flood := range map[string]struct {
		rate  ratelimit.Rate
		cost  int
		pause time.Duration
	}{
		"one a day":                           {ratelimit.PerDay(1), 1, 0},
		"one a day, in time":                  {ratelimit.PerDay(1), 1, 100 * time.Microsecond},
		"one of many a day":                   {ratelimit.PerDay(100), 1, 0},
		"half of a year":                      {ratelimit.Rate{Limit: 1, Per: 183 * 24 * time.Hour, Burst: 2}, 1, 0},
		"one a second":                        {ratelimit.PerSecond(1), 1, 0},
		"one a minute, in time":               {ratelimit.PerMinute(1), 1, 100 * time.Microsecond},
		"the same rate":                       {perHour, 1, 0},
		"the same rate, nearly used up":       {perHour, 4, 0},
		"the same rate, used up, in time":     {perHour, 5, 100 * time.Microsecond},
		"a slower rate, used up, in time":     {ratelimit.PerDay(5), 5, 100 * time.Microsecond},
		"a slower rate, used up, all at once": {ratelimit.PerDay(5), 5, 0},
	} {
		for _, maxKeys := range []int{1000, 8192} {
			t.Run(name+", "+strconv.Itoa(maxKeys), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := newMemory(t, maxKeys)
					take(t, m, "ann", perHour, 5)
					for i := range 3 * maxKeys {
						time.Sleep(flood.pause)
						take(t, m, "flood"+strconv.Itoa(i), flood.rate, flood.cost)
					}
					if got := take(t, m, "ann", perHour, 1); got.Allowed {
						t.Errorf("Take(ann) after a flood = allowed with %d left, want refused", got.Remaining)
					}
					if got := m.Stats(); got.EvictedInDebt == 0 || got.Keys > maxKeys {
						t.Errorf("Stats() = %+v, want at most %d keys, and evictions in debt", got, maxKeys)
					}
				})
			})
		}
	}
}

// A debt beyond the burst, made by a forced charge, is forgotten last.
func TestMemory_aFloodForgivesNoForcedDebt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t, 100)
		r := ratelimit.PerHour(5)
		forced := []ratelimit.Limit{{Policy: "test", Key: "ann", Rate: r, Cost: 500, Force: true}}
		if err := m.Take(t.Context(), forced, make([]ratelimit.State, 1)); err != nil {
			t.Fatal(err)
		}
		for i := range 10_000 {
			time.Sleep(time.Millisecond)
			take(t, m, strconv.Itoa(i), r, 5)
		}
		if got := take(t, m, "ann", r, 1); got.Allowed || got.ResetAfter < 90*time.Hour {
			t.Errorf("Take(ann) after a flood = %+v, want a debt of nearly 100 hours", got)
		}
	})
}

func TestMemory_isBounded(t *testing.T) {
	for _, maxKeys := range []int{1, 7, 64, 127, 128, 1000, 4096} {
		t.Run(strconv.Itoa(maxKeys), func(t *testing.T) {
			m := newMemory(t, maxKeys)
			limits := make([]ratelimit.Limit, 3) // some calls with several keys
			for i := range 10 * maxKeys {
				for j := range limits {
					limits[j] = ratelimit.Limit{Policy: "test", Key: fmt.Sprint(i, j), Rate: ratelimit.PerHour(5), Cost: 1}
				}
				n := 1 + i%3
				if err := m.Take(t.Context(), limits[:n], make([]ratelimit.State, n)); err != nil {
					t.Fatal(err)
				}
			}
			if got := m.Stats(); got.Keys != maxKeys {
				t.Errorf("%d keys are kept, want all room in use: %d", got.Keys, maxKeys)
			}
		})
	}
}

func TestMemory_size(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector takes memory of its own")
	}
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	fill := func(m *ratelimit.Memory, from, n int) {
		for i := range n {
			take(t, m, strings.Repeat("long key ", 5)+strconv.Itoa(from+i), ratelimit.PerHour(5), 1)
		}
	}
	before := heap()
	m := newMemory(t, 0)
	fill(m, 0, 65536)
	full := heap() - before
	fill(m, 65536, 10*65536)
	after := heap() - before
	keys := m.Stats().Keys
	t.Logf("%d keys, %d bytes each, %.1f MiB in all; after ten times as many %.1f MiB",
		keys, after/uint64(keys), float64(full)/(1<<20), float64(after)/(1<<20))
	if each := after / uint64(keys); each > 45 { // its tables are small, and each has its own rounding
		t.Errorf("a key takes %d bytes, want at most 45", each)
	}
	if after > 4<<20 {
		t.Errorf("a full store takes %d bytes, want at most 4 MiB", after)
	}
	runtime.KeepAlive(m)
}

// A store that has grown to a million keys needs little memory for each.
func TestMemory_sizeOfAMillion(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector takes memory of its own")
	}
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := heap()
	m := newMemory(t, 1<<21)
	for i := range 1 << 20 {
		take(t, m, strconv.Itoa(i), ratelimit.PerHour(5), 1)
	}
	keys := m.Stats().Keys
	if each := float64(heap()-before) / float64(keys); keys != 1<<20 || each > 40 {
		t.Errorf("%d keys take %.1f bytes each, want 1048576 of at most 40", keys, each)
	}
	runtime.KeepAlive(m)
}

// A flood that uses up buckets one after the other drops its own, even if they
// are the sooner full again.
func TestMemory_aFloodOfAFasterRateForgivesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t, 1000)
		take(t, m, "ann", ratelimit.PerDay(5), 5)
		for i := range 3000 {
			time.Sleep(time.Millisecond)
			take(t, m, "flood"+strconv.Itoa(i), ratelimit.PerHour(5), 5)
		}
		if got := take(t, m, "ann", ratelimit.PerDay(5), 1); got.Allowed {
			t.Errorf("Take(ann) after a flood = allowed with %d left, want refused", got.Remaining)
		}
	})
}

func TestMemory_startsNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	m := newMemory(t, 0)
	for i := range 1000 {
		take(t, m, strconv.Itoa(i), ratelimit.PerHour(5), 1)
	}
	if got := runtime.NumGoroutine(); got > before {
		t.Errorf("%d goroutines after use, want %d as before", got, before)
	}
}

// Of two buckets with about the same share of debt, the one with fewer units is evicted first.
func TestMemory_fewerUnitsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wide, narrow := ratelimit.PerHour(1<<16), ratelimit.PerHour(2)
		m := newMemory(t, 2)
		take(t, m, "wide", wide, 1<<16)
		take(t, m, "narrow", narrow, 2)
		take(t, m, "new", narrow, 1)
		if got, want := m.Stats(), (ratelimit.Stats{Keys: 2, Evictions: 1, EvictedInDebt: 1}); got != want {
			t.Errorf("Stats = %+v, want %+v", got, want)
		}
		if s := take(t, m, "wide", wide, 0); s.Remaining != 0 {
			t.Errorf("the bucket of %d units has %d left, want it kept, and the one of 2 gone", 1<<16, s.Remaining)
		}
	})
}
