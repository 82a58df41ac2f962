package ratelimit_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/time/rate"

	"github.com/backstop-go/backstop/ratelimit"
)

// The stores of this package return the same errors as Check, which is for authors of stores.
func TestCheck(t *testing.T) {
	limit := func(key string, cost int, force bool) ratelimit.Limit {
		return ratelimit.Limit{Policy: "p", Key: key, Rate: ratelimit.PerMinute(1), Cost: cost, Force: force}
	}
	unusable := limit("a", 1, false)
	unusable.Rate = ratelimit.PerMinute(-1)
	checks := map[string]func(context.Context, []ratelimit.Limit, []ratelimit.State) error{
		"Check":         func(_ context.Context, l []ratelimit.Limit, s []ratelimit.State) error { return ratelimit.Check(l, s) },
		"Memory.Take":   newMemory(t, 0).Take,
		"Limiters.Take": ratelimit.Limiters(func(string, string) *rate.Limiter { return nil }).Take,
	}
	for _, c := range []struct {
		limits []ratelimit.Limit
		states int
		want   string
	}{
		{[]ratelimit.Limit{limit("a", 1, false)}, 0, "ratelimit: limits and states differ in length"},
		{nil, 1, "ratelimit: limits and states differ in length"},
		{[]ratelimit.Limit{limit("a", 1, false), limit("b", -1, false)}, 2, "ratelimit: a charge and a refund in one call"},
		{[]ratelimit.Limit{limit("a", -1, true)}, 1, "ratelimit: a refund cannot be forced"},
		{[]ratelimit.Limit{limit("a", 1, false), limit("b", 1, false), limit("a", 1, false)}, 3, "ratelimit: the same bucket twice in one call"},
		{[]ratelimit.Limit{unusable}, 1, "ratelimit: rate of -1 per 1m0s allows nothing"},
		{[]ratelimit.Limit{limit("a", 1, false), limit("b", 0, false)}, 2, ""},
	} {
		for name, check := range checks {
			unusable := strings.Contains(c.want, "allows nothing")
			if name == "Limiters.Take" && unusable {
				continue // Limiters ignores the rate of the limit
			}
			err := check(t.Context(), slices.Clone(c.limits), make([]ratelimit.State, c.states))
			if err == nil && c.want == "" {
				continue
			}
			if err == nil || err.Error() != c.want || errors.Is(err, ratelimit.ErrRate) != unusable || errors.Is(err, io.EOF) {
				t.Errorf("%s of %+v and %d states = %v, want %q", name, c.limits, c.states, err, c.want)
			}
		}
	}
}
