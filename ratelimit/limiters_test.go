package ratelimit_test

import (
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/ratelimittest"
)

// following keeps a limiter for each bucket, with the rate that the bucket is first used with.
type following struct {
	mu  sync.Mutex
	all map[[2]string]*rate.Limiter
}

func (f *following) Take(ctx context.Context, limits []ratelimit.Limit, states []ratelimit.State) error {
	if err := ratelimit.Check(limits, states); err != nil {
		return err
	}
	f.mu.Lock()
	for _, l := range limits {
		if id := [2]string{l.Policy, l.Key}; f.all[id] == nil {
			f.all[id] = limiterOf(l.Rate)
		}
	}
	f.mu.Unlock()
	return ratelimit.Limiters(f.limiter).Take(ctx, slices.Clone(limits), states)
}

func (f *following) limiter(policy, key string) *rate.Limiter {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all[[2]string{policy, key}]
}

func limiterOf(r ratelimit.Rate) *rate.Limiter {
	burst := r.Burst
	if burst == 0 {
		burst = r.Limit
	}
	return rate.NewLimiter(rate.Every(r.Per/time.Duration(r.Limit)), burst)
}

func TestLimiters_keepsTheContractOfOneRate(t *testing.T) {
	const units = "a limiter whose rate changes keeps its units, not its debt"
	ratelimittest.Run(t, ratelimittest.Harness{
		New: func(*testing.T) ratelimit.Store { return &following{all: map[[2]string]*rate.Limiter{}} },
		Except: map[string]string{
			"a changed rate keeps the debt":         units,
			"changing rates mints nothing":          units,
			"a forced charge goes beyond the burst": units,
			"any history ends as in the model":      units,
			"an unusable rate is an error":          "the rate is the limiter's",
			"the slices stay the caller's":          "the rate of the limiter is written into them",
		},
	})
}

// Take describes the rate and the state of the limiter, whatever they are.
func TestLimiters_tellsTheRateOfTheLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const s = time.Second
		const most = 366 * 24 * time.Hour
		drained := func(r *rate.Limiter, units int) *rate.Limiter {
			r.AllowN(time.Now(), units)
			return r
		}
		for _, c := range []struct {
			name    string
			limiter *rate.Limiter
			cost    int
			rate    ratelimit.Rate
			want    ratelimit.State
		}{
			{"five a second", rate.NewLimiter(5, 10), 1, ratelimit.Rate{Limit: 1, Per: s / 5, Burst: 10}, ratelimit.State{Allowed: true, Remaining: 9, ResetAfter: s / 5}},
			{"one in two seconds, used up", drained(rate.NewLimiter(rate.Every(2*s), 3), 3), 2, ratelimit.Rate{Limit: 1, Per: 2 * s, Burst: 3}, ratelimit.State{ResetAfter: 6 * s, RetryAfter: 4 * s}},
			{"a cost above the burst", rate.NewLimiter(5, 10), 11, ratelimit.Rate{Limit: 1, Per: s / 5, Burst: 10}, ratelimit.State{Remaining: 10, RetryAfter: ratelimit.Never}},
			{"no limiter", nil, 1, ratelimit.Unlimited(), ratelimit.State{Allowed: true, Unknown: true}},
			{"infinity", rate.NewLimiter(rate.Inf, 0), 1000, ratelimit.Unlimited(), ratelimit.State{Allowed: true, Unknown: true}},
			{"no burst", rate.NewLimiter(5, 0), 1, ratelimit.Blocked(), ratelimit.State{RetryAfter: ratelimit.Never}},
			{"the zero limiter", new(rate.Limiter), 1, ratelimit.Blocked(), ratelimit.State{RetryAfter: ratelimit.Never}},
			{"a negative burst", rate.NewLimiter(5, -1), 1, ratelimit.Blocked(), ratelimit.State{RetryAfter: ratelimit.Never}},
			{"nothing comes back", rate.NewLimiter(0, 4), 3, ratelimit.Rate{Limit: 1, Per: most / 4, Burst: 4}, ratelimit.State{Allowed: true, Remaining: 1, ResetAfter: most * 3 / 4}},
			{"nothing has come back", drained(rate.NewLimiter(0, 4), 3), 2, ratelimit.Rate{Limit: 1, Per: most / 4, Burst: 4}, ratelimit.State{Remaining: 1, ResetAfter: most * 3 / 4, RetryAfter: ratelimit.Never}},
			{"slower than a rate can be", rate.NewLimiter(rate.Every(2*most), 2), 1, ratelimit.Rate{Limit: 1, Per: most / 2, Burst: 2}, ratelimit.State{Allowed: true, Remaining: 1, ResetAfter: most / 2}},
			{"faster than a rate can be", rate.NewLimiter(1e8, 100), 50, ratelimit.Rate{Limit: 1, Per: 10, Burst: 100}, ratelimit.State{Allowed: true, Remaining: 50, ResetAfter: 500}},
			{"faster than the clock", rate.NewLimiter(1e12, 100), 50, ratelimit.Rate{Limit: 1, Per: 1, Burst: 100}, ratelimit.State{Allowed: true, Remaining: 50, ResetAfter: 50}},
			{"the largest burst", rate.NewLimiter(1, math.MaxInt), 1, ratelimit.Rate{Limit: 1, Per: 1, Burst: math.MaxInt}, ratelimit.State{Allowed: true, Remaining: math.MaxInt, ResetAfter: 0}},
			{"a peek", drained(rate.NewLimiter(1, 3), 3), 0, ratelimit.Rate{Limit: 1, Per: s, Burst: 3}, ratelimit.State{Allowed: true, ResetAfter: 3 * s, RetryAfter: s}},
		} {
			store := ratelimit.Limiters(func(_, _ string) *rate.Limiter { return c.limiter })
			limits := []ratelimit.Limit{{Policy: "p", Key: "k", Rate: ratelimit.PerDay(7), Cost: c.cost}}
			states := make([]ratelimit.State, 1)
			if err := store.Take(t.Context(), limits, states); err != nil {
				t.Errorf("%s: Take = error %v, want a decision", c.name, err)
			}
			if limits[0].Rate != c.rate {
				t.Errorf("%s: the rate is %+v, want %+v", c.name, limits[0].Rate, c.rate)
			}
			if states[0] != c.want {
				t.Errorf("%s: Take = %+v, want %+v", c.name, states[0], c.want)
			}
		}
	})
}

// All policies and keys may share one limiter, which the program uses itself, too.
func TestLimiters_sharesALimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mine := rate.NewLimiter(1, 4)
		store := ratelimit.Limiters(func(_, _ string) *rate.Limiter { return mine })
		two := []ratelimit.Limit{{Policy: "one", Key: "a", Cost: 1}, {Policy: "two", Key: "a", Cost: 2}}
		states := make([]ratelimit.State, 2)
		for i, want := range []struct{ allowed, use int }{{2, 0}, {1, 1}, {0, 0}} {
			if err := store.Take(t.Context(), two, states); err != nil {
				t.Fatal(err)
			}
			allowed := 0
			for _, s := range states {
				if s.Allowed {
					allowed++
				}
			}
			if allowed != want.allowed {
				t.Errorf("Take at step %d has room for %d limits, want %d: %+v", i, allowed, want.allowed, states)
			}
			if want.use > 0 && !mine.AllowN(time.Now(), want.use) {
				t.Errorf("the program is refused at step %d, want its unit back after a refusal", i)
			}
		}
	})
}

// If a call takes from one limiter and then is refused by another, it gives its unit back. Other
// calls of the store must not see that unit missing, so that as many calls are admitted as there
// are units.
func TestLimiters_concurrently(t *testing.T) {
	wide, narrow := rate.NewLimiter(0, 1000), rate.NewLimiter(0, 300)
	store := ratelimit.Limiters(func(policy, _ string) *rate.Limiter {
		return map[string]*rate.Limiter{"wide": wide, "narrow": narrow}[policy]
	})
	var wg sync.WaitGroup
	var mu sync.Mutex
	alone, both := 0, 0
	for g := range 8 {
		wg.Go(func() {
			for range 500 {
				limits := []ratelimit.Limit{{Policy: "wide", Cost: 1}, {Policy: "narrow", Cost: 1}}
				if g%2 == 0 {
					slices.Reverse(limits)
				}
				if g%4 == 3 {
					limits = limits[:1]
				}
				states := make([]ratelimit.State, len(limits))
				if err := store.Take(t.Context(), limits, states); err != nil {
					t.Error(err)
				}
				mu.Lock()
				switch {
				case slices.ContainsFunc(states, func(s ratelimit.State) bool { return !s.Allowed }):
				case len(limits) == 2:
					both++
				default:
					alone++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	left := narrow.TokensAt(time.Now())
	if both+alone != 1000 || float64(both)+left != 300 {
		t.Errorf("%d calls of both and %d of one were admitted, and %v are left, want 1000 calls, and 300 of both or left", both, alone, left)
	}
}

func TestLimiters_behindALimiter(t *testing.T) {
	mine := map[string]*rate.Limiter{
		"gold": rate.NewLimiter(rate.Every(time.Minute), 3), "suspended": rate.NewLimiter(1, 0), "spent": rate.NewLimiter(0, 1),
	}
	const caller = "Caller"
	l, err := ratelimit.New(ratelimit.Config{
		Name:     "api",
		Key:      func(r *http.Request) (string, bool) { return r.Header.Get(caller), true },
		Store:    ratelimit.Limiters(func(_, key string) *rate.Limiter { return mine[key] }),
		RefundIf: func(_ *http.Request, status int) bool { return status == http.StatusNotFound },
	})
	if err != nil {
		t.Fatalf("New without a Rate = %v, want a limiter: the rate is that of the store", err)
	}
	status := http.StatusOK
	h := l.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	for i, step := range []struct {
		who                     string
		handler, want           int
		limit, remaining, retry string
	}{
		{"gold", 200, 200, "3", "2", ""},
		{"gold", 404, 404, "3", "1", ""}, // refunded
		{"gold", 200, 200, "3", "1", ""},
		{"gold", 200, 200, "3", "0", ""},
		{"gold", 200, 429, "3", "0", "60"},
		{"free", 200, 200, "", "", ""},
		{"suspended", 200, 429, "0", "0", ""},
		{"spent", 200, 200, "1", "0", ""},
		{"spent", 200, 429, "1", "0", ""}, // waiting does not help
	} {
		status = step.handler
		w := serve(h, step.who)
		got := w.Header()
		if w.Code != step.want || got.Get("X-RateLimit-Limit") != step.limit || got.Get("X-RateLimit-Remaining") != step.remaining || got.Get("Retry-After") != step.retry {
			t.Errorf("request at step %d of %s = %d with %v, want %+v", i, step.who, w.Code, got, step)
		}
	}
	// Charge and Refund use the rates that the store has written into the limits.
	for who := range mine {
		if err := l.Charge(request(who), 5); err != nil {
			t.Errorf("Charge of %s = %v, want no error", who, err)
		}
	}
	if err := l.Charge(request("free"), 5); err != nil {
		t.Errorf("Charge without a limiter = %v, want no error", err)
	}
}

func TestLimiters_isChecked(t *testing.T) {
	var none ratelimit.Limiters
	key := ratelimit.Global
	for name, cfg := range map[string]ratelimit.Config{
		"nil":                 {Name: "api", Key: key, Store: none},
		"a rate that is none": {Name: "api", Key: key, Rate: ratelimit.PerMinute(-1), Store: ratelimit.Limiters(func(_, _ string) *rate.Limiter { return nil })},
	} {
		if _, err := ratelimit.New(cfg); err == nil {
			t.Errorf("New with %s = no error, want one", name)
		}
	}
}

// The time of a unit is rounded up to whole nanoseconds, so that a wait is never too short.
func TestLimiters_roundsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mine := rate.NewLimiter(7, 10)
		mine.AllowN(time.Now(), 10)
		time.Sleep(700 * time.Millisecond)
		store := ratelimit.Limiters(func(_, _ string) *rate.Limiter { return mine })
		states := make([]ratelimit.State, 1)
		if err := store.Take(t.Context(), make([]ratelimit.Limit, 1), states); err != nil {
			t.Fatal(err)
		}
		// 10 units of 142,857,143 ns each, less 4.9 units, which are 699,999,999.7 ns.
		if got := states[0].ResetAfter; got != 728571430 {
			t.Errorf("ResetAfter = %d ns, want 728571430, the whole above 728571429.3", got)
		}
	})
}

// A forced charge takes its units even if the limiter has none left, and a peek at the debt is
// not a refusal. No charge gives units back.
func TestLimiters_forcedCharges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * 3600
		debtor := rate.NewLimiter(1, 10)
		for i, step := range []struct {
			limiter *rate.Limiter
			cost    int
			tokens  float64 // afterwards
		}{
			{rate.NewLimiter(1, 10), 2, 8},
			{rate.NewLimiter(1, 10), 22, -12},
			{rate.NewLimiter(rate.Every(2*366*day*time.Second), 2), 2, 0},
			{rate.NewLimiter(-1, 5), 2, 3},
			{debtor, math.MaxInt, 10 - 366*day},
			{debtor, 5, 10 - 366*day},
		} {
			store := ratelimit.Limiters(func(_, _ string) *rate.Limiter { return step.limiter })
			states := make([]ratelimit.State, 1)
			for _, limit := range []ratelimit.Limit{{Cost: step.cost, Force: true}, {}} {
				if err := store.Take(t.Context(), []ratelimit.Limit{limit}, states); err != nil || !states[0].Allowed {
					t.Errorf("Take of %+v at step %d = %+v, %v, want it allowed", limit, i, states[0], err)
				}
				if got := step.limiter.Tokens(); got != step.tokens || states[0].Remaining != int(max(got, 0)) {
					t.Errorf("%v units are left at step %d, and Remaining is %d, want %v", got, i, states[0].Remaining, step.tokens)
				}
			}
			if step.limiter == debtor {
				debtor.SetLimit(0.5) // now the debt is more than 366 days
			}
		}
	})
}

// A Memory and golang.org/x/time/rate run the same million random operations. Their decisions
// must be equal, and their times may differ by one nanosecond for each unit.
func TestMemory_agreesWithXTimeRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const seed = 7
		random := rand.New(rand.NewPCG(seed, seed))
		rates := []ratelimit.Rate{
			ratelimit.PerSecond(1), ratelimit.PerSecond(1000).WithBurst(50), ratelimit.PerMinute(30), ratelimit.PerHour(5),
			ratelimit.PerDay(40).WithBurst(3), ratelimit.PerSecond(1_000_000),
			{Limit: 1, Per: 7 * time.Microsecond, Burst: 1},
		}
		memory := newMemory(t, 0)
		oracle := &following{all: map[[2]string]*rate.Limiter{}}
		limits := make([]ratelimit.Limit, 1, 2)
		got, want := make([]ratelimit.State, 2), make([]ratelimit.State, 2)
		wait := time.Microsecond
		steps := 1_000_000
		if race.Enabled {
			steps /= 10 // there is only one goroutine, and the race detector is slow
		}
		for step := range steps {
			switch random.IntN(8) {
			case 0:
				time.Sleep(time.Duration(random.IntN(1<<random.IntN(30))) * time.Microsecond)
			case 1:
				time.Sleep(wait)
			case 2:
				time.Sleep(max(wait-time.Microsecond, 0))
			}
			limits = limits[:1+random.IntN(2)]
			sign := 1 - 2*(random.IntN(6)/5)
			for i := range limits {
				n := random.IntN(len(rates))
				r := rates[n]
				burst := max(r.Burst, 1)
				if r.Burst == 0 {
					burst = r.Limit
				}
				cost := sign
				if random.IntN(3) == 0 {
					cost = sign * random.IntN(burst+2)
				}
				limits[i] = ratelimit.Limit{Policy: string(rune('0' + n)), Key: string(rune('a' + 2*random.IntN(2) + i)), Rate: r, Cost: cost, Force: sign > 0 && random.IntN(50) == 0}
			}
			n := len(limits)
			if err := memory.Take(t.Context(), limits, got[:n]); err != nil {
				t.Fatal(err)
			}
			if err := oracle.Take(t.Context(), limits, want[:n]); err != nil {
				t.Fatal(err)
			}
			for i := range limits {
				l, g, w := limits[i], got[i], want[i]
				near := func(a, b time.Duration) bool { return a-b <= 1 && b-a <= 1 }
				if g.Allowed != w.Allowed || g.Remaining != w.Remaining || !near(g.ResetAfter, w.ResetAfter) || !near(g.RetryAfter, w.RetryAfter) {
					t.Fatalf("Take(%+v) at step %d with seed %d = %+v, want %+v as by x/time/rate", l, step, seed, g, w)
				}
				if w.RetryAfter > 0 && w.RetryAfter < time.Hour {
					wait = w.RetryAfter
				}
			}
		}
	})
}
