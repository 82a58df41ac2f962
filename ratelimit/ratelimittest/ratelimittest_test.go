package ratelimittest_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/ratelimittest"
)

// broken is a store that breaks one promise.
type broken struct {
	ratelimit.Store
	take func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error
}

func (b broken) Take(_ context.Context, limits []ratelimit.Limit, states []ratelimit.State) error {
	return b.take(b.Store, limits, states)
}

func take(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
	return s.Take(context.Background(), limits, states)
}

// fill is the time from empty to full.
func fill(r ratelimit.Rate) time.Duration {
	return r.Per / time.Duration(r.Limit) * time.Duration(r.Burst)
}

// stores are the breaches, each with a promise that must notice.
var stores = map[string]struct {
	promise string
	take    func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error
}{
	"admits everything": {
		"a_new_bucket_holds_its_burst",
		func(_ ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			fresh, err := ratelimit.NewMemory(ratelimit.MemoryConfig{})
			if err != nil {
				return err
			}
			return take(fresh, limits, states)
		},
	},
	"charges for refusals": {
		"a_cost_takes_several_units",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			err := take(s, limits, states)
			if err == nil && len(states) == 1 && !states[0].Allowed && states[0].Remaining > 0 {
				limits = slices.Clone(limits)
				limits[0].Cost = 1
				return take(s, limits, make([]ratelimit.State, 1))
			}
			return err
		},
	},
	"mixes up its two delays": {
		"RetryAfter_is_exact",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			err := take(s, limits, states)
			for i := range states {
				if !states[i].Allowed {
					states[i].RetryAfter = states[i].ResetAfter
				}
			}
			return err
		},
	},
	"promises too early": {
		"RetryAfter_is_exact",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			err := take(s, limits, states)
			for i := range states {
				states[i].RetryAfter = max(states[i].RetryAfter-time.Microsecond, 0)
			}
			return err
		},
	},
	"takes one limit after the other": {
		"all_limits_or_none_are_charged",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			if err := ratelimit.Check(limits, states); err != nil {
				return err
			}
			for i := range limits {
				if err := take(s, limits[i:i+1], states[i:i+1]); err != nil {
					return err
				}
			}
			return nil
		},
	},
	"glues policy and key": {
		"keys_and_policies_are_independent",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			limits = slices.Clone(limits)
			for i := range limits {
				limits[i].Key, limits[i].Policy = limits[i].Policy+limits[i].Key, ""
			}
			return take(s, limits, states)
		},
	},
	"charges for a peek": {
		"a_cost_of_0_changes_nothing",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			limits = slices.Clone(limits)
			for i := range limits {
				if limits[i].Cost == 0 {
					limits[i].Cost = 1
				}
			}
			return take(s, limits, states)
		},
	},
	"decides first and counts later": {
		"concurrent_calls_see_different_numbers",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			if err := take(s, limits, states); err != nil || len(limits) != 1 || !states[0].Allowed {
				return err
			}
			runtime.Gosched()
			limits = slices.Clone(limits)
			limits[0].Cost = 0
			return take(s, limits, states)
		},
	},
	"is quiet about faults": {
		"faults_are_errors_and_change_nothing",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			if take(s, limits, states) != nil {
				clear(states)
			}
			return nil
		},
	},
	"has a bucket for each rate": {
		"a_changed_rate_keeps_the_debt",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			if err := ratelimit.Check(limits, states); err != nil {
				return err
			}
			limits = slices.Clone(limits)
			for i := range limits {
				limits[i].Policy += string(rune('a' + limits[i].Rate.Burst))
			}
			return take(s, limits, states)
		},
	},
	"cuts a debt to what the rate can owe": {
		"a_changed_rate_keeps_the_debt",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			if err := take(s, limits, states); err != nil {
				return err
			}
			for i := range states {
				if over := states[i].ResetAfter - fill(limits[i].Rate); over > 0 && !states[i].Allowed {
					states[i].ResetAfter -= over
					states[i].RetryAfter -= over
				}
			}
			return nil
		},
	},
	"forgives by a refund what the rate cannot owe": {
		"changing_rates_mints_nothing",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			for {
				err := take(s, limits, states)
				if err != nil || len(limits) != 1 || limits[0].Cost >= 0 || states[0].ResetAfter <= fill(limits[0].Rate) {
					return err
				}
			}
		},
	},
	"forces nothing": {
		"a_forced_charge_goes_beyond_the_burst",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			limits = slices.Clone(limits)
			for i := range limits {
				limits[i].Force = false
			}
			return take(s, limits, states)
		},
	},
	"forces no more than the burst": {
		"a_forced_charge_goes_beyond_the_burst",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			limits = slices.Clone(limits)
			for i := range limits {
				if limits[i].Force {
					limits[i].Cost = min(limits[i].Cost, limits[i].Rate.Burst)
				}
			}
			return take(s, limits, states)
		},
	},
	"forces beside a refusal": {
		"a_forced_charge_is_all_or_nothing,_too",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			err := take(s, limits, states)
			if err == nil && slices.ContainsFunc(states, func(s ratelimit.State) bool { return !s.Allowed }) {
				for i := range limits {
					if limits[i].Force {
						return take(s, limits[i:i+1], states[i:i+1])
					}
				}
			}
			return err
		},
	},
	"forgives with a refund what was forced": {
		"a_refund_leaves_a_forced_charge",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			for {
				err := take(s, limits, states)
				if err != nil || len(limits) != 1 || limits[0].Cost >= 0 || states[0].ResetAfter <= fill(limits[0].Rate) {
					return err
				}
			}
		},
	},
	"takes any rate": {
		"an_unusable_rate_is_an_error",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			if err := take(s, limits, states); !errors.Is(err, ratelimit.ErrRate) {
				return err
			}
			return nil
		},
	},
	"changes the slices": {
		"the_slices_stay_the_caller's",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			err := take(s, limits, states)
			for i := range limits {
				limits[i].Cost = 0
			}
			return err
		},
	},
	"rounds to milliseconds": {
		"any_history_ends_as_in_the_model",
		func(s ratelimit.Store, limits []ratelimit.Limit, states []ratelimit.State) error {
			err := take(s, limits, states)
			for i := range states {
				states[i].ResetAfter = states[i].ResetAfter.Round(time.Millisecond)
			}
			return err
		},
	},
}

const variable = "BACKSTOP_BROKEN_STORE"

// A kit that nothing fails proves nothing: each breach is run through it, in a
// process of its own, and has to be caught by the promise that it breaks.
func TestRun_catches(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(stores)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBrokenStore$")
			cmd.Env = append(os.Environ(), variable+"="+name)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatalf("a store that %s passes, want a failure", name)
			}
			if want := "--- FAIL: TestBrokenStore/" + stores[name].promise; !strings.Contains(string(out), want) {
				t.Errorf("a store that %s fails without %q:\n%s", name, want, out)
			}
		})
	}
}

func TestBrokenStore(t *testing.T) {
	name := os.Getenv(variable)
	if name == "" {
		t.Skip("fails on purpose: TestRun_catches runs it in a process of its own")
	}
	ratelimittest.Run(t, ratelimittest.Harness{New: func(t *testing.T) ratelimit.Store {
		m, err := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		if err != nil {
			t.Fatal(err)
		}
		return broken{m, stores[name].take}
	}})
}
