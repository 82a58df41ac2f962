package ratelimit_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

// listItem is an item of a structured field: a string with integers.
type listItem struct {
	name   string
	params map[string]int64
}

// parseList parses a list of such items by the grammar of RFC 9651. It knows only the part that
// the fields use: a list of strings with integers as parameters.
//
// https://www.rfc-editor.org/rfc/rfc9651#section-4.2
func parseList(s string) ([]listItem, error) {
	var items []listItem
	for {
		rest, ok := strings.CutPrefix(s, `"`)
		name, rest, closed := strings.Cut(rest, `"`)
		if !ok || !closed || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' || r == '\\' }) {
			return nil, fmt.Errorf("no string at %q", s)
		}
		item := listItem{name, map[string]int64{}}
		for strings.HasPrefix(rest, ";") {
			param := rest[1:]
			end := strings.IndexAny(param, ";,")
			if end < 0 {
				end = len(param)
			}
			key, value, ok := strings.Cut(param[:end], "=")
			n, err := strconv.ParseInt(value, 10, 64)
			if !ok || key == "" || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz") != "" || err != nil ||
				len(strings.TrimPrefix(value, "-")) > 15 || strings.HasPrefix(value, "+") {
				return nil, fmt.Errorf("no integer parameter at %q", rest)
			}
			item.params[key] = n
			rest = param[end:]
		}
		items = append(items, item)
		if rest == "" {
			return items, nil
		}
		if s, ok = strings.CutPrefix(rest, ", "); !ok {
			return nil, fmt.Errorf("no comma at %q", rest)
		}
	}
}

// The parameter t is at least one second. It is finite even if waiting does not help. Integers
// have at most 15 digits.
func TestHandler_fieldsOfTheDraftAtTheirLimits(t *testing.T) {
	for name, c := range map[string]struct {
		rate ratelimit.Rate
		cost int
		x    *rate.Limiter // behind a Limiters, instead of the rate
		want string
	}{
		"a cost above the burst": {ratelimit.PerMinute(2), 3, nil, `
Ratelimit: "api";r=2;t=60
Ratelimit-Policy: "api";q=2;w=60`},
		"a blocked rate": {ratelimit.Blocked(), 1, nil, `
Ratelimit: "api";r=0;t=1
Ratelimit-Policy: "api";q=0;w=1`},
		"a burst of more than 15 digits": {ratelimit.Rate{}, 0, rate.NewLimiter(1e9, 1<<60), `
Ratelimit: "api";r=999999999999999;t=63244800
Ratelimit-Policy: "api";q=999999999999999;w=63244800`},
	} {
		synctest.Test(t, func(t *testing.T) {
			cfg := ratelimit.Config{
				Name: "api", Rate: c.rate, Store: newMemory(t, 0), Key: ratelimit.Global, Families: problem.RateLimitFields,
				Cost: func(*http.Request) int { return c.cost },
			}
			if c.x != nil {
				cfg.Store = ratelimit.Limiters(func(string, string) *rate.Limiter { return c.x })
			}
			if got := fields(serve(newLimiter(t, cfg).Handler(nothing), "").Header()); got != strings.TrimPrefix(c.want, "\n") {
				t.Errorf("%s: fields =\n%s\nwant%s", name, got, c.want)
			}
		})
	}
}

// For any rates and states, the fields of the draft are valid structured fields with one item for
// each limit, and they never promise more than the rate.
func FuzzFields(f *testing.F) {
	f.Add(30, int64(time.Minute), 0, 3, uint8(2))
	f.Add(1, int64(24*time.Hour), 366, 1, uint8(9))
	f.Add(1_000_000, int64(time.Second), 1<<30, 1, uint8(1))
	f.Add(7, int64(13*time.Millisecond), 1, 1, uint8(5))
	f.Fuzz(func(t *testing.T, limit int, per int64, burst, cost int, requests uint8) {
		rate := ratelimit.Rate{Limit: limit, Per: time.Duration(per), Burst: burst}
		cfg := ratelimit.Config{
			Name: "one", Rate: rate, Key: ratelimit.Header("Caller"), Families: problem.RateLimitFields,
			Also: []ratelimit.Policy{{Name: "two.A-Z_0", Rate: ratelimit.PerMinute(5), Key: ratelimit.Global}},
		}
		if ratelimit.Check([]ratelimit.Limit{{Rate: rate}}, make([]ratelimit.State, 1)) != nil || cost < 1 {
			return
		}
		units := limit
		if burst != 0 {
			units = burst
		}
		synctest.Test(t, func(t *testing.T) {
			h := newLimiter(t, cfg).Handler(nothing)
			for range requests%8 + 1 {
				w := serve(h, "ann")
				policies, err := parseList(w.Header().Get("RateLimit-Policy"))
				if err != nil {
					t.Fatalf("RateLimit-Policy: %v", err)
				}
				limits, err := parseList(w.Header().Get("RateLimit"))
				if err != nil {
					t.Fatalf("RateLimit: %v", err)
				}
				if len(policies) != 2 || len(limits) != 2 {
					t.Fatalf("%d policies and %d limits, want 2 of each", len(policies), len(limits))
				}
				q, window := policies[0].params["q"], policies[0].params["w"]
				r, left := limits[0].params["r"], limits[0].params["t"]
				if policies[0].name != "one" || limits[0].name != "one" || limits[1].name != "two.A-Z_0" {
					t.Errorf("items %v %v, want the names of the policies", policies, limits)
				}
				if q != int64(units) || window < 1 || left < 1 || r < 0 || r > q || left > window {
					t.Errorf("%+v: q=%d w=%d r=%d t=%d, want the burst, at least a second, and no more left than there was", rate, q, window, r, left)
				}
				// r in t seconds, against one unit in each Per / Limit, in whole nanoseconds.
				if r > 0 && per/int64(limit) > left*1e9/r {
					t.Errorf("%+v: %d units in %d s are more than the rate", rate, r, left)
				}
				time.Sleep(time.Duration(per) / 3)
			}
		})
	})
}
