package client_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/backstop-go/backstop/problem/client"
)

// In an outage each call sends one request, and all calls together repeat no more than the
// budget allows.
func TestBudgetInAnOutage(t *testing.T) {
	for _, atOnce := range []int{1, 50} {
		synctest.Test(t, func(t *testing.T) {
			var h hook
			b := always(503, "")
			api := newTransport(t, client.Config{Base: b, OnAttempt: h.on})
			for range 1000 / atOnce {
				var wg sync.WaitGroup
				for range atOnce {
					wg.Go(func() { get(t, api, t.Context()) })
				}
				wg.Wait()
			}
			if b.count() != 1010 {
				t.Errorf("1000 GETs, %d at a time, sent %d requests, want 1010", atOnce, b.count())
			}
			if h.last().Stop != "budget" || h.last().Status != 503 {
				t.Errorf("the last attempt stops for %q with a %d, want budget with what came", h.last().Stop, h.last().Status)
			}
		})
	}
}

// TestBudgetIsEarned empties the budget, gets some answers, and counts the repetitions that
// are then possible.
func TestBudgetIsEarned(t *testing.T) {
	for _, c := range []struct {
		rule    string
		answers int
		status  int
		want    int
	}{
		{"no answer earns nothing", 0, 200, 0},
		{"nine successes do not earn a repetition", 9, 200, 0},
		{"ten successes earn one repetition", 10, 200, 1},
		{"a hundred successes earn the whole budget", 100, 200, 10},
		{"a thousand successes earn no more than the budget", 1000, 200, 10},
		{"redirects earn", 100, 302, 10},
		{"404s earn", 100, 404, 10},
		{"401s earn", 100, 401, 10},
		{"500s do not earn", 100, 500, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			status := 503
			b := &base{answer: func(int, *http.Request) (*http.Response, error) { return answer(status, ""), nil }}
			api := newTransport(t, client.Config{Base: b})
			for range 20 {
				get(t, api, t.Context())
			}
			status = c.status
			for range c.answers {
				get(t, api, t.Context())
			}
			status = 503
			before := b.count()
			for range 20 {
				get(t, api, t.Context())
			}
			if got := b.count() - before - 20; got != c.want {
				t.Errorf("%s: %d repetitions are possible, want %d", c.rule, got, c.want)
			}
		})
	}
}

// A 429 counts calls and is not a sign of an outage. So its repetition takes nothing from
// the budget.
func TestRepeatingA429IsFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		status := 429
		b := &base{answer: func(int, *http.Request) (*http.Response, error) { return answer(status, ""), nil }}
		api := newTransport(t, client.Config{Base: b})
		for range 20 {
			get(t, api, t.Context())
		}
		if b.count() != 80 {
			t.Errorf("20 calls that are answered 429 sent %d requests, want 80", b.count())
		}
		status = 503
		for range 20 {
			get(t, api, t.Context())
		}
		if got := b.count() - 80; got != 30 {
			t.Errorf("then 20 calls that are answered 503 sent %d requests, want 30", got)
		}
	})
}

// Repeating a request after a connection has failed takes from the budget, as after a 5xx.
func TestFailedConnectionsTakeFromTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &base{answer: func(int, *http.Request) (*http.Response, error) { return nil, errReset }}
		api := newTransport(t, client.Config{Base: b, Budget: 3})
		for range 20 {
			get(t, api, t.Context())
		}
		if b.count() != 23 {
			t.Errorf("with a budget of 3, 20 calls sent %d requests, want 23", b.count())
		}
	})
}

// Each Transport has its own budget.
func TestBudgetsAreSeparate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := always(503, "")
		for range 3 {
			api := newTransport(t, client.Config{Base: b, Budget: 2})
			for range 5 {
				get(t, api, t.Context())
			}
		}
		if b.count() != 3*7 {
			t.Errorf("three Transports with a budget of 2 sent %d requests for 15 calls, want 21", b.count())
		}
	})
}

// A request that is not repeated for another reason takes nothing from the budget.
func TestWhatIsNotRepeatedTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		retryAfter := "3600"
		b := &base{answer: func(int, *http.Request) (*http.Response, error) {
			return answer(503, "", "Retry-After", retryAfter), nil
		}}
		api := newTransport(t, client.Config{Base: b, Budget: 2})
		for range 50 {
			get(t, api, t.Context())
		}
		retryAfter = "1"
		get(t, api, t.Context())
		if b.count() != 50+3 {
			t.Errorf("%d requests were sent, want that two repetitions were still possible", b.count())
		}
	})
}
