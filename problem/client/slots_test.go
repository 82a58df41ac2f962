package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/client"
	"github.com/backstop-go/backstop/ratelimit"
)

// served returns a Base that calls a handler, without a network.
func served(h http.Handler) *base {
	return &base{answer: func(_ int, r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		in := httptest.NewRequest(r.Method, r.URL.String(), nil)
		in.Header = r.Header
		h.ServeHTTP(w, in)
		return w.Result(), nil
	}}
}

// limited returns a service that allows each credential five requests a minute, with a
// burst of one.
func limited(t *testing.T) http.Handler {
	t.Helper()
	limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerMinute(5).WithBurst(1), Key: ratelimit.BearerToken})
	if err != nil {
		t.Fatal(err)
	}
	errs := problem.New(problem.Config{Logger: silent})
	return errs.Handler(limit.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
}

// Callers that share a credential, and are refused at the same time, repeat their requests
// one by one. All succeed, with at most two requests for each.
func TestRefusedCallersComeOneAfterTheOther(t *testing.T) {
	for _, callers := range []int{1, 5, 10} {
		synctest.Test(t, func(t *testing.T) {
			b := served(limited(t))
			api := newTransport(t, client.Config{Base: b})
			var mu sync.Mutex
			succeeded := 0
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					status, _, err := do(t, api, newRequest(t, t.Context(), "GET", "", "Authorization", "Bearer a"))
					mu.Lock()
					defer mu.Unlock()
					if status == 200 && err == nil {
						succeeded++
					}
				})
			}
			wg.Wait()
			if most := 2*callers - 1; succeeded != callers || b.count() > most {
				t.Errorf("of %d callers %d succeed with %d requests, want all with at most %d", callers, succeeded, b.count(), most)
			}
		})
	}
}

// A caller whose slot would be after its deadline gets the 429 at once.
func TestSlotsBeyondTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := served(limited(t))
		api := newTransport(t, client.Config{Base: b})
		var mu sync.Mutex
		succeeded, atOnce := 0, 0
		var wg sync.WaitGroup
		begun := time.Now()
		for range 10 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
				defer cancel()
				status, _, err := do(t, api, newRequest(t, ctx, "GET", "", "Authorization", "Bearer a"))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case status == 200 && err == nil:
					succeeded++
				case status == 429 && err == nil && time.Since(begun) == 0:
					atOnce++
				default:
					t.Errorf("a caller gets %d, %v after %v, want 200, or 429 at once", status, err, time.Since(begun))
				}
			})
		}
		wg.Wait()
		if succeeded != 8 || atOnce != 2 || b.count() != 17 {
			t.Errorf("%d callers succeed, %d get the 429 at once, %d requests were sent; want 8, 2, 17", succeeded, atOnce, b.count())
		}
	})
}

// TestSlots plays refusals, one after the other. Each row says when the request comes again,
// without jitter, which adds up to a second for each request that waits before.
func TestSlots(t *testing.T) {
	type refusal struct {
		at         time.Duration
		credential string
		retryAfter string
		want       time.Duration // when the request comes again, or never
	}
	const never = 0
	for name, script := range map[string][]refusal{
		"one after the other": {
			{0, "a", "10", 10 * time.Second},
			{0, "a", "10", 20 * time.Second},
			{0, "a", "10", 30 * time.Second},
		},
		"credentials do not wait for each other": {
			{0, "a", "10", 10 * time.Second},
			{0, "b", "10", 10 * time.Second},
			{0, "a", "10", 20 * time.Second},
		},
		"a slot that is past is free": {
			{0, "a", "10", 10 * time.Second},
			{15 * time.Second, "a", "10", 25 * time.Second},
		},
		"a later refusal lines up": {
			{0, "a", "30", 30 * time.Second},
			{5 * time.Second, "a", "5", 35 * time.Second},
		},
		"no slot is more than three times MaxWait away": {
			{0, "a", "60", 60 * time.Second},
			{0, "a", "60", 120 * time.Second},
			{0, "a", "60", 180 * time.Second},
			{0, "a", "60", never},
			{20 * time.Second, "a", "1", 181 * time.Second}, // the refusal before has taken no slot
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := &base{answer: func(_ int, r *http.Request) (*http.Response, error) {
				if r.Header.Get("Again") != "" {
					return answer(200, ""), nil
				}
				return answer(429, "", "Retry-After", r.Header.Get("Delay")), nil
			}}
			begun := time.Now()
			api := newTransport(t, client.Config{Base: &repeats{b}})
			var wg sync.WaitGroup
			for i, r := range script {
				time.Sleep(time.Until(begun.Add(r.at)))
				wg.Go(func() {
					ctx := context.WithValue(t.Context(), seenKey{}, new(bool))
					status, _, err := do(t, api, newRequest(t, ctx, "GET", "", "X-API-Key", r.credential, "Delay", r.retryAfter))
					at := time.Since(begun)
					switch {
					case err != nil:
						t.Errorf("%s: step %d fails: %v", name, i, err)
					case r.want == never:
						if status != 429 || at != r.at {
							t.Errorf("%s: step %d gets %d after %v, want the 429 at once", name, i, status, at)
						}
					case status != 200 || at < r.want || at > r.want+3*time.Second:
						t.Errorf("%s: step %d gets %d after %v, want 200 after %v", name, i, status, at, r.want)
					}
				})
				synctest.Wait()
			}
			wg.Wait()
		})
	}
}

// repeats adds a header to the second request with the same context.
type repeats struct{ *base }

type seenKey struct{}

func (b *repeats) RoundTrip(r *http.Request) (*http.Response, error) {
	seen, _ := r.Context().Value(seenKey{}).(*bool)
	if seen != nil && *seen {
		r = r.Clone(r.Context())
		r.Header.Set("Again", "1")
	}
	if seen != nil {
		*seen = true
	}
	return b.base.RoundTrip(r)
}

// The number of slots is bounded, however many credentials are refused. Slots that are past
// are removed first.
func TestSlotsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := always(429, "", "Retry-After", "50")
		api := newTransport(t, client.Config{Base: b, Attempts: 2})
		var wg sync.WaitGroup
		for i := range 2000 {
			wg.Go(func() {
				do(t, api, newRequest(t, t.Context(), "GET", "", "Authorization", fmt.Sprint("Bearer ", i)))
			})
		}
		wg.Wait()
		if got := client.Slots(api); got > 1024 {
			t.Errorf("%d slots are kept, want at most 1024", got)
		}
		if b.count() != 4000 {
			t.Errorf("%d requests, want two for each caller", b.count())
		}
		time.Sleep(time.Hour)
		do(t, api, newRequest(t, t.Context(), "GET", "", "Authorization", "Bearer new"))
		if got := client.Slots(api); got != 1 {
			t.Errorf("after an hour %d slots are kept, want only the new one", got)
		}
	})
}
