package ratelimit_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/ratelimit"
)

func TestNew_tellsAllFaults(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  ratelimit.Config
		want []string
	}{
		{"nothing is set", ratelimit.Config{}, []string{
			`ratelimit: policy "default": rate of 0 per 0s allows nothing`,
			`ratelimit: policy "default" has no Key`,
		}},
		{"a store without a name", ratelimit.Config{Rate: ratelimit.PerMinute(1), Key: ratelimit.Global, Store: newMemory(t, 0)}, []string{
			`ratelimit: policy name "" is not 1 to 64 of A-Za-z0-9._-`,
		}},
		{"no store at all", ratelimit.Config{Name: "api", Key: ratelimit.Global, Store: ratelimit.Limiters(nil)}, []string{
			`ratelimit: Store is a nil Limiters`,
		}},
		{"a rate that takes no time", ratelimit.Config{Rate: ratelimit.Rate{Limit: 1}, Key: ratelimit.Global}, []string{
			`ratelimit: policy "default": rate of 1 per 0s allows nothing`,
		}},
		{"a rate that Redis could not count", ratelimit.Config{Rate: ratelimit.PerSecond(1_000_001), Key: ratelimit.Global}, []string{
			`ratelimit: policy "default": rate of 1000001 per 1s is more than one unit per 1µs`,
		}},
		{"a blocked rate with a negative burst", ratelimit.Config{Rate: ratelimit.Blocked().WithBurst(-1), Key: ratelimit.Global}, []string{
			`ratelimit: policy "default": rate of 0 per 1s allows nothing`,
		}},
		{"a name that is too long", ratelimit.Config{Name: strings.Repeat("x", 65), Rate: ratelimit.PerMinute(1), Key: ratelimit.Global}, []string{
			`is not 1 to 64 of A-Za-z0-9._-`,
		}},
		{"a rate that no store can keep, and one that accepts all", ratelimit.Config{
			Name: "api", Rate: ratelimit.PerMinute(1).WithBurst(-1), Key: ratelimit.Global, Store: easy{newMemory(t, 0)},
		}, []string{`ratelimit: policy "api": burst of -1 is negative`}},
		{"everything at once", ratelimit.Config{
			Name:       "a b",
			Rate:       ratelimit.PerMinute(-1),
			Missing:    9,
			Headers:    9,
			Families:   64,
			Categories: map[string]ratelimit.Rate{"read": {}},
			Also:       []ratelimit.Policy{{Name: "a b", Rate: ratelimit.PerDay(1).WithBurst(400), Key: ratelimit.Global}},
		}, []string{
			`ratelimit: policy name "a b" is not 1 to 64 of A-Za-z0-9._-`,
			`ratelimit: policy "a b": rate of -1 per 1m0s allows nothing`,
			`ratelimit: policy "a b" has no Key`,
			`ratelimit: policy "a b" has unknown Missing 9`,
			`ratelimit: policy "a b" needs both Category and Categories, or none`,
			`ratelimit: policy name "a b.read" is not`,
			`ratelimit: policy "a b.read": rate of 0 per 0s allows nothing`,
			`ratelimit: policy name "a b" is not`,
			`ratelimit: policy name "a b" is used twice`,
			`ratelimit: policy "a b": rate of 1 per 24h0m0s needs more than 8784h0m0s to fill a burst of 400`,
			`ratelimit: Headers of 9 is unknown`,
			`ratelimit: Families of 64 are unknown`,
		}},
		{"a category collides with another policy", ratelimit.Config{
			Name: "api", Rate: ratelimit.PerMinute(1), Key: ratelimit.Global,
			Category:   func(*http.Request) string { return "" },
			Categories: map[string]ratelimit.Rate{"read": ratelimit.PerMinute(1)},
			Also:       []ratelimit.Policy{{Name: "api.read", Rate: ratelimit.PerMinute(1), Key: ratelimit.Global}},
		}, []string{`ratelimit: policy name "api.read" is used twice`}},
		{"a store refuses a rate", ratelimit.Config{
			Name: "api", Rate: ratelimit.PerMinute(1), Key: ratelimit.Global, Store: picky{newMemory(t, 0)},
			Also: []ratelimit.Policy{{Name: "free", Rate: ratelimit.Unlimited(), Key: ratelimit.Global}},
		}, []string{`ratelimit: policy "api": picky: ratelimit: unusable rate`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := ratelimit.New(c.cfg)
			if err == nil || l != nil {
				t.Fatalf("New = %v, %v, want no limiter and an error", l, err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("New = error %q, want %q in it", err, want)
				}
			}
			if lines := strings.Split(err.Error(), "\n"); len(lines) != len(c.want) {
				t.Errorf("New reports %d faults, want %d: %q", len(lines), len(c.want), lines)
			}
		})
	}
}

func TestNew_namesOfUpTo64Characters(t *testing.T) {
	for _, name := range []string{"x", strings.Repeat("x", 64)} {
		newLimiter(t, ratelimit.Config{Name: name})
	}
}

// easy is a store that accepts any rate.
type easy struct{ *ratelimit.Memory }

func (easy) CheckRate(ratelimit.Rate) error { return nil }

// picky is a store that cannot keep any rate.
type picky struct{ *ratelimit.Memory }

func (picky) CheckRate(ratelimit.Rate) error { return fmt.Errorf("picky: %w", ratelimit.ErrRate) }

func TestNew_copiesItsConfig(t *testing.T) {
	categories := map[string]ratelimit.Rate{"read": ratelimit.PerMinute(1)}
	also := []ratelimit.Policy{{Name: "also", Rate: ratelimit.PerMinute(9), Key: ratelimit.Global}}
	l := newLimiter(t, ratelimit.Config{
		Category:   func(*http.Request) string { return "read" },
		Categories: categories,
		Also:       also,
	})
	categories["read"] = ratelimit.PerMinute(100)
	also[0].Rate = ratelimit.PerMinute(100)
	d, err := l.Take(request("ann"))
	if err != nil || d.Limit != 1 || d.States[1].Remaining != 8 {
		t.Errorf("Take after a change of the config = %+v, %v, want the limits of construction", d, err)
	}
}
