package ratelimit_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/enkryptify"
	"github.com/backstop-go/backstop/ratelimit"
)

// fields returns the header fields of a response that are about limits, sorted.
func fields(h http.Header) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if strings.Contains(strings.ToLower(name), "ratelimit") || name == "Retry-After" {
			lines = append(lines, name+": "+strings.Join(h[name], " | "))
		}
	}
	return strings.Join(lines, "\n")
}

// begin is the time at which a bubble begins. The tests add half a second, to see how times are
// rounded.
const begin = 946684800

const (
	xOnly = problem.XRateLimit
	both  = problem.XRateLimit | problem.RateLimitTrio
	all   = both | problem.RateLimitFields
)

func TestHandler_fields(t *testing.T) {
	for _, c := range []struct {
		name     string
		headers  ratelimit.Headers
		families problem.RateLimitHeaders
		requests int // of a rate of 2 per minute
		want     string
	}{
		{"all, allowed", ratelimit.HeadersAll, 0, 1, `
X-Ratelimit-Limit: 2
X-Ratelimit-Remaining: 1
X-Ratelimit-Reset: 946684831`},
		{"all, refused", ratelimit.HeadersAll, 0, 3, `
Retry-After: 30
X-Ratelimit-Limit: 2
X-Ratelimit-Remaining: 0
X-Ratelimit-Reset: 946684861`},
		{"both families", ratelimit.HeadersAll, both, 2, `
Ratelimit-Limit: 2
Ratelimit-Remaining: 0
Ratelimit-Reset: 60
X-Ratelimit-Limit: 2
X-Ratelimit-Remaining: 0
X-Ratelimit-Reset: 946684861`},
		{"trio, refused", ratelimit.HeadersAll, problem.RateLimitTrio, 3, `
Ratelimit-Limit: 2
Ratelimit-Remaining: 0
Ratelimit-Reset: 60
Retry-After: 30`},
		{"draft", ratelimit.HeadersAll, problem.RateLimitFields, 1, `
Ratelimit: "default";r=1;t=30
Ratelimit-Policy: "default";q=2;w=60`},
		{"draft, used up", ratelimit.HeadersAll, problem.RateLimitFields, 2, `
Ratelimit: "default";r=0;t=30
Ratelimit-Policy: "default";q=2;w=60`},
		{"draft, refused", ratelimit.HeadersAll, problem.RateLimitFields, 3, `
Ratelimit: "default";r=0;t=30
Ratelimit-Policy: "default";q=2;w=60
Retry-After: 30`},
		{"retry after only, allowed", ratelimit.HeadersRetryAfterOnly, all, 2, ``},
		{"retry after only, refused", ratelimit.HeadersRetryAfterOnly, all, 3, `
Retry-After: 30`},
		{"none, allowed", ratelimit.HeadersNone, all, 2, ``},
		{"none, refused", ratelimit.HeadersNone, all, 3, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Second / 2)
				h := newLimiter(t, ratelimit.Config{Headers: c.headers, Families: c.families}).Handler(nothing)
				var w *httptest.ResponseRecorder
				for range c.requests {
					w = serve(h, "ann")
				}
				if got := fields(w.Header()); got != strings.TrimPrefix(c.want, "\n") {
					t.Errorf("fields of request %d =\n%s\nwant%s", c.requests, got, c.want)
				}
				if want := map[bool]int{true: 429, false: 200}[c.requests == 3]; w.Code != want {
					t.Errorf("request %d = %d, want %d", c.requests, w.Code, want)
				}
			})
		})
	}
}

func TestHandler_theStyleChoosesTheFamilies(t *testing.T) {
	style := problem.RFC9457
	style.RateLimit = problem.RateLimitTrio
	errs := problem.New(problem.Config{Style: style})
	l := newLimiter(t, ratelimit.Config{})
	w := serve(errs.Handler(l.Handler(nothing)), "ann")
	if w.Header().Get("RateLimit-Remaining") != "1" || w.Header().Get("X-RateLimit-Remaining") != "" {
		t.Errorf("fields = %q, want those of the style", fields(w.Header()))
	}
}

// Retry-After is the exact wait or less than a second more, and never later than the reset.
func TestHandler_retryAfterIsRoundedUp(t *testing.T) {
	for _, per := range []time.Duration{1, 999 * time.Millisecond, time.Second, time.Second + 1, 90 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			h := newLimiter(t, ratelimit.Config{
				Name: "api", Rate: ratelimit.PerMinute(1), Families: both,
				Store: scripted{{RetryAfter: per, ResetAfter: per}},
			}).Handler(nothing)
			w := serve(h, "ann")
			retry, err := strconv.Atoi(w.Header().Get("Retry-After"))
			if err != nil {
				t.Fatalf("Retry-After of %v = %q, want an integer", per, w.Header().Get("Retry-After"))
			}
			if d := time.Duration(retry) * time.Second; d < per || d >= per+time.Second || retry < 1 {
				t.Errorf("Retry-After of %v = %d, want the whole seconds above", per, retry)
			}
			reset, err := strconv.Atoi(w.Header().Get("X-RateLimit-Reset"))
			if err != nil || retry > reset-begin {
				t.Errorf("X-RateLimit-Reset of %v = %q, want not before Retry-After", per, w.Header().Get("X-RateLimit-Reset"))
			}
			if got := w.Header().Get("RateLimit-Reset"); got != fmt.Sprint(retry) {
				t.Errorf("RateLimit-Reset of %v = %q, want %d", per, got, retry)
			}
		})
	}
}

// slow is a store that takes five seconds to answer.
type slow struct{ scripted }

func (s slow) Take(ctx context.Context, limits []ratelimit.Limit, states []ratelimit.State) error {
	time.Sleep(5 * time.Second)
	return s.scripted.Take(ctx, limits, states)
}

func TestHandler_resetCountsFromTheAnswerOfTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Config{Name: "api", Store: slow{scripted{{Allowed: true, ResetAfter: 30 * time.Second}}}})
		if got := serve(l.Handler(nothing), "ann").Header().Get("X-RateLimit-Reset"); got != fmt.Sprint(begin+35) {
			t.Errorf("X-RateLimit-Reset = %q, want %d, which is 30 s after the answer of the store", got, begin+35)
		}
	})
}

// The values of the fields share memory. Adding a value to a field must not write into the value
// of the next field.
func TestHandler_valuesDoNotOverlap(t *testing.T) {
	var h http.Header
	serve(newLimiter(t, ratelimit.Config{Families: all}).Handler(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) {
			for _, name := range slices.Collect(maps.Keys(w.Header())) {
				w.Header().Add(name, "added")
			}
			h = w.Header().Clone() // the added ones are not sent
		})), "ann")
	for name, values := range h {
		if len(values) != 2 || values[0] == "added" || values[1] != "added" {
			t.Errorf("%s after an Add = %q, want its own value and the added one", name, values)
		}
	}
	if len(h) != 8 {
		t.Errorf("%d fields, want all 8", len(h))
	}
}

func TestLimiter_SetHeaders(t *testing.T) {
	l, other := newLimiter(t, ratelimit.Config{}), newLimiter(t, ratelimit.Config{Rate: ratelimit.PerMinute(1)})
	outside := request("ann") // no middleware of ours
	d, err := l.Take(outside)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	l.SetHeaders(h, outside, d)
	if h.Get("X-RateLimit-Remaining") != "1" {
		t.Errorf("SetHeaders outside an exchange = %v, want 1 left", h)
	}
	l.SetHeaders(h, outside, ratelimit.Decision{})
	if h.Get("X-RateLimit-Remaining") != "1" {
		t.Errorf("SetHeaders of no decision = %v, want no change", h)
	}

	inside := within(request("bob"))
	h = http.Header{}
	for _, l := range []*ratelimit.Limiter{other, l} {
		d, err := l.Take(inside)
		if err != nil {
			t.Fatal(err)
		}
		l.SetHeaders(h, inside, d)
	}
	if h.Get("X-RateLimit-Limit") != "1" {
		t.Errorf("SetHeaders of two decisions = %v, want that of the one that binds", h)
	}
}

// In each style of a vendor, the envelope and the header have the same delay, and the fields are
// those of the style.
func TestHandler_inVendorStyles(t *testing.T) {
	for _, c := range []struct {
		style    problem.Style
		want     string
		inBody   string
		withTrio bool
	}{
		{authrim.Style, "Retry-After: 30", `"retry_after":30`, false},
		{enkryptify.Style, "Retry-After: 30", ``, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			errs := problem.New(problem.Config{Style: c.style})
			h := errs.Handler(newLimiter(t, ratelimit.Config{}).Handler(nothing))
			serve(h, "ann")
			serve(h, "ann")
			w := serve(h, "ann")
			if got := fields(w.Header()); w.Code != 429 || !strings.Contains(got, c.want) || strings.Contains(got, "Ratelimit-Reset: 60") != c.withTrio {
				t.Errorf("%s: refusal = %d with\n%s\nwant 429 with %s, and the trio: %t", c.style.Name, w.Code, got, c.want, c.withTrio)
			}
			if !strings.Contains(w.Body.String(), c.inBody) {
				t.Errorf("%s: body = %s, want %s as in the header", c.style.Name, w.Body, c.inBody)
			}
		})
	}
}

// After an early hint of the other service, httputil.ReverseProxy clears the header.
func TestHeaders_surviveAnEarlyHint(t *testing.T) {
	l := newLimiter(t, ratelimit.Config{Rate: ratelimit.PerMinute(30), Key: ratelimit.Global})
	s := httptest.NewServer(l.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		clear(w.Header())
		w.WriteHeader(http.StatusOK)
	})))
	defer s.Close()
	resp, err := http.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("X-RateLimit-Remaining"); got != "29" {
		t.Errorf("after an early hint X-RateLimit-Remaining is %q, want 29", got)
	}
}
