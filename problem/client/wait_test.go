package client_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/client"
	"golang.org/x/time/rate"
)

// answered is the Date of the answers below. It differs from the time at which a bubble of
// testing/synctest begins, and from today.
var answered = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

func unix(d time.Duration) string   { return strconv.FormatInt(answered.Add(d).Unix(), 10) }
func millis(d time.Duration) string { return strconv.FormatInt(answered.Add(d).UnixMilli(), 10) }

// The wait is the delay that the answer asks for, and up to a tenth of it more, but at most
// one second more. Without a delay the first wait is half a second to one second.
func TestTheDelayThatIsNamed(t *testing.T) {
	date := answered.Format(http.TimeFormat)
	const none = 0
	for _, c := range []struct {
		rule   string
		status int
		header []string
		want   time.Duration
	}{
		{"seconds", 429, []string{"Retry-After", "12"}, 12 * time.Second},
		{"seconds on a 503", 503, []string{"Retry-After", "12"}, 12 * time.Second},
		{"seconds on another failure", 502, []string{"Retry-After", "12"}, 12 * time.Second},
		{"a date", 429, []string{"Retry-After", answered.Add(30 * time.Second).Format(http.TimeFormat), "Date", date}, 30 * time.Second},
		{"a past date", 429, []string{"Retry-After", date, "Date", date}, none},
		{"zero", 429, []string{"Retry-After", "0"}, none},
		{"negative", 429, []string{"Retry-After", "-5"}, none},
		{"a fraction", 429, []string{"Retry-After", "1.5"}, none},
		{"grouped digits", 429, []string{"Retry-After", "31,120"}, none},
		{"more than any number", 429, []string{"Retry-After", "99999999999999999999"}, none},
		{"nothing", 429, nil, none},

		{"a reset in seconds", 429, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unix(20 * time.Second), "Date", date}, 20 * time.Second},
		{"a reset in milliseconds", 429, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", millis(20 * time.Second), "Date", date}, 20 * time.Second},
		{"a reset in seconds from now", 429, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "20", "Date", date}, 20 * time.Second},
		{"a reset without X-, which is in seconds from now", 429, []string{"RateLimit-Remaining", "0", "RateLimit-Reset", "20"}, 20 * time.Second},
		{"the longer of two resets", 429, []string{"RateLimit-Remaining", "0", "RateLimit-Reset", "20", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unix(30 * time.Second), "Date", date}, 30 * time.Second},
		{"the reset of the limit that is used up", 429, []string{"RateLimit-Remaining", "0", "RateLimit-Reset", "20", "X-RateLimit-Remaining", "3", "X-RateLimit-Reset", unix(30 * time.Second), "Date", date}, 20 * time.Second},
		{"a past reset", 429, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unix(-time.Second), "Date", date}, none},
		{"a reset that is no number", 429, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "soon", "Date", date}, none},
		{"a reset of zero", 429, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "0"}, none},
		{"a negative reset", 429, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "-20"}, none},
		{"a reset with some left", 429, []string{"X-RateLimit-Remaining", "1", "X-RateLimit-Reset", unix(20 * time.Second), "Date", date}, none},
		{"a reset without Remaining", 429, []string{"X-RateLimit-Reset", unix(20 * time.Second), "Date", date}, none},
		{"a reset on another failure", 503, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unix(20 * time.Second), "Date", date}, none},
		{"a delay and a longer reset", 429, []string{"Retry-After", "12", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unix(50 * time.Second), "Date", date}, 12 * time.Second},
		{"a delay and a shorter reset", 429, []string{"Retry-After", "12", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unix(2 * time.Second), "Date", date}, 12 * time.Second},
	} {
		for _, skew := range []time.Duration{-time.Hour, 0, time.Hour} {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(answered.Add(skew)))
				b := always(c.status, "", c.header...)
				get(t, newTransport(t, client.Config{Base: b, Attempts: 2}), t.Context())
				least, most := c.want, c.want+min(c.want/10, time.Second)
				if c.want == none {
					least, most = time.Second/2, time.Second
				}
				if waits := b.waits(); len(waits) != 1 || waits[0] < least || waits[0] > most {
					t.Errorf("%s (our clock is off by %v): waits %v, want one of %v to %v", c.rule, skew, waits, least, most)
				}
			})
		}
	}
}

// Without a Date in the answer, the reset is compared with the clock of the client.
func TestResetWithoutDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(answered))
		b := always(429, "", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unix(20*time.Second))
		get(t, newTransport(t, client.Config{Base: b, Attempts: 2}), t.Context())
		if waits := b.waits(); len(waits) != 1 || waits[0] < 20*time.Second || waits[0] > 21*time.Second {
			t.Errorf("waits %v, want 20 to 21 seconds", waits)
		}
	})
}

// The larger delay of header and body counts.
func TestDelayOfTheBody(t *testing.T) {
	for _, c := range []struct{ header, body, want int }{{60, 2, 60}, {2, 60, 60}, {0, 30, 30}} {
		synctest.Test(t, func(t *testing.T) {
			b := always(429, `{"error":"rate_limit_exceeded","error_description":"x","retry_after":`+strconv.Itoa(c.body)+`}`,
				"Retry-After", strconv.Itoa(c.header))
			get(t, newTransport(t, client.Config{Style: authrim.Style, Base: b, Attempts: 2}), t.Context())
			want := time.Duration(c.want) * time.Second
			if waits := b.waits(); len(waits) != 1 || waits[0] < want || waits[0] > want+time.Second {
				t.Errorf("Retry-After %d and retry_after %d: waits %v, want %v", c.header, c.body, waits, want)
			}
		})
	}
}

// A vendor may advise a delay after a 429 without Retry-After.
func TestDefaultDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := always(429, `{"error":"rate_limit_exceeded","error_description":"x"}`)
		get(t, newTransport(t, client.Config{Style: authrim.Style, Base: b, Attempts: 2}), t.Context())
		if waits := b.waits(); len(waits) != 1 || waits[0] < time.Minute || waits[0] > time.Minute+time.Second {
			t.Errorf("waits %v, want a minute", waits)
		}
	})
}

// Jitter is random and makes a wait only longer.
func TestJitter(t *testing.T) {
	for _, c := range []struct {
		retryAfter  string
		least, most time.Duration
	}{
		{"1", time.Second, 1100 * time.Millisecond},
		{"5", 5 * time.Second, 5500 * time.Millisecond},
		{"40", 40 * time.Second, 41 * time.Second},
		{"", time.Second / 2, time.Second},
	} {
		seen := map[time.Duration]bool{}
		var low, high time.Duration = time.Hour, 0
		for range 300 {
			synctest.Test(t, func(t *testing.T) {
				b := always(503, "", "Retry-After", c.retryAfter)
				get(t, newTransport(t, client.Config{Base: b, Attempts: 2}), t.Context())
				w := b.waits()[0]
				seen[w], low, high = true, min(low, w), max(high, w)
			})
		}
		if low < c.least || high > c.most || len(seen) < 200 || high-low < (c.most-c.least)*8/10 {
			t.Errorf("Retry-After %q: 300 waits from %v to %v, %d different; want %v to %v", c.retryAfter, low, high, len(seen), c.least, c.most)
		}
	}
}

// The backoff doubles from the vendor's BaseDelay up to MaxWait. Each wait is between half
// of that time and all of it.
func TestBackoff(t *testing.T) {
	for _, c := range []struct {
		base, most time.Duration
		want       []time.Duration
	}{
		{0, 0, []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60}},
		{2 * time.Second, 10 * time.Second, []time.Duration{2, 4, 8, 10, 10, 10, 10, 10, 10}},
		{time.Minute, 10 * time.Second, []time.Duration{10, 10, 10, 10, 10, 10, 10, 10, 10}},
		{time.Second, 1<<63 - 1, []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256}},
		{1<<62 + 1, 1<<63 - 1, []time.Duration{(1<<62 + 1) / time.Second}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := problem.RFC9457
			s.Advice.BaseDelay = c.base
			b := always(503, "")
			get(t, newTransport(t, client.Config{Style: s, Base: b, Attempts: len(c.want) + 1, MaxWait: c.most}), t.Context())
			waits := b.waits()
			if len(waits) != len(c.want) {
				t.Fatalf("base %v: %d waits, want %d", c.base, len(waits), len(c.want))
			}
			for i, wait := range waits {
				most := c.want[i] * time.Second
				if wait < most/2 || wait > most+time.Second {
					t.Errorf("base %v, MaxWait %v: wait %d is %v, want half to all of %v", c.base, c.most, i+1, wait, most)
				}
			}
		})
	}
}

// The backoff counts all waits of the call, also those for a delay.
func TestBackoffCountsAllWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := script(answer(429, "", "Retry-After", "5"), answer(503, ""), answer(200, ""))
		get(t, newTransport(t, client.Config{Base: b}), t.Context())
		if waits := b.waits(); len(waits) != 2 || waits[1] < time.Second || waits[1] > 2*time.Second {
			t.Errorf("waits %v, want the second to be 1 to 2 seconds", waits)
		}
	})
}

// If a wait would be too long, it is neither begun nor shortened. The caller gets the answer
// at once, with its whole body.
func TestWaitsThatAreTooLong(t *testing.T) {
	for _, c := range []struct {
		rule       string
		left       time.Duration // 0: no deadline
		status     int
		retryAfter string
		stop       string
	}{
		{"longer than MaxWait", 0, 429, "61", "wait"},
		{"longer than MaxWait on a 503", 0, 503, "61", "wait"},
		{"much longer", 0, 429, "2147483648", "wait"},
		{"exactly MaxWait", 0, 429, "60", ""},
		{"beyond the deadline", 10 * time.Second, 429, "11", "deadline"},
		{"at the deadline", 10 * time.Second, 429, "10", "deadline"},
		{"beyond the deadline on a 503", 10 * time.Second, 503, "11", "deadline"},
		{"at the deadline on a 503", 10 * time.Second, 503, "10", "deadline"},
		{"before the deadline", 10 * time.Second, 429, "9", ""},
		{"before the deadline, with less than a tenth left", 9100 * time.Millisecond, 503, "9", ""},
		{"without a delay, beyond the deadline", 400 * time.Millisecond, 503, "", "deadline"},
		{"without a delay, beyond the deadline on a 429", 400 * time.Millisecond, 429, "", "deadline"},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx := t.Context()
			if c.left > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, c.left)
				defer cancel()
			}
			var h hook
			b := always(c.status, "told", "Retry-After", c.retryAfter)
			begun := time.Now()
			status, body, err := get(t, newTransport(t, client.Config{Base: b, Attempts: 2, OnAttempt: h.on}), ctx)
			if status != c.status || body != "told" || err != nil {
				t.Errorf("%s: the call returns %d %q, %v", c.rule, status, body, err)
			}
			if c.stop != "" {
				if b.count() != 1 || time.Since(begun) != 0 || h.last().Stop != c.stop || h.last().Wait != 0 {
					t.Errorf("%s: %d requests in %v, stop %q; want one at once and %q", c.rule, b.count(), time.Since(begun), h.last().Stop, c.stop)
				}
			} else if b.count() != 2 {
				t.Errorf("%s: %d requests, stop %q, want two", c.rule, b.count(), h.last().Stop)
			}
		})
	}
}

// http.Client sets its Timeout as the deadline of the request, so the Transport knows it.
func TestClientTimeoutIsADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := always(429, "told", "Retry-After", "30")
		c := http.Client{Transport: newTransport(t, client.Config{Base: b}), Timeout: 20 * time.Second}
		begun := time.Now()
		resp, err := c.Get("http://api.example/")
		if err != nil || resp.StatusCode != 429 || time.Since(begun) != 0 {
			t.Fatalf("Get = %v, %v after %v, want the 429 at once", resp, err, time.Since(begun))
		}
		resp.Body.Close()
	})
}

// If the caller leaves, the wait ends, and the error is context.Canceled without anything
// around it.
func TestCallerLeaves(t *testing.T) {
	for _, status := range []int{429, 503} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(3*time.Second, cancel)
			b := always(status, "", "Retry-After", "10")
			begun := time.Now()
			_, _, err := get(t, newTransport(t, client.Config{Base: b}), ctx)
			if err != context.Canceled || time.Since(begun) != 3*time.Second || b.count() != 1 {
				t.Errorf("after a %d the error is %v after %v and %d requests, want the bare context.Canceled after 3s", status, err, time.Since(begun), b.count())
			}
		})
	}
}

// If the caller leaves before the answer comes, the error is context.Canceled, unless the
// answer would not be repeated.
func TestCallerHasLeft(t *testing.T) {
	for status, final := range map[int]bool{503: false, 404: true} {
		var h hook
		ctx, cancel := context.WithCancel(t.Context())
		b := &base{answer: func(int, *http.Request) (*http.Response, error) {
			cancel()
			return answer(status, "told"), nil
		}}
		got, _, err := get(t, newTransport(t, client.Config{Base: b, OnAttempt: h.on}), ctx)
		if final && (got != status || err != nil) || !final && (err != context.Canceled || h.last().Stop != "canceled") {
			t.Errorf("a %d after the caller has left = %d, %v, stop %q", status, got, err, h.last().Stop)
		}
	}
}

// If the context of the caller ends during an attempt, the caller gets the error of Base.
func TestErrorsAfterTheCallersEnd(t *testing.T) {
	for _, c := range []struct {
		end  error
		stop string
	}{{context.Canceled, "canceled"}, {context.DeadlineExceeded, "deadline"}} {
		synctest.Test(t, func(t *testing.T) {
			var h hook
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			b := &base{answer: func(_ int, r *http.Request) (*http.Response, error) {
				if c.end == context.Canceled {
					cancel()
				}
				<-r.Context().Done()
				return nil, &http.MaxBytesError{Limit: 7} // any error
			}}
			_, _, err := get(t, newTransport(t, client.Config{Base: b, OnAttempt: h.on}), ctx)
			if tooLarge, ok := err.(*http.MaxBytesError); !ok || tooLarge.Limit != 7 || b.count() != 1 || h.last().Stop != c.stop {
				t.Errorf("the error is %v after %d requests, stop %q; want that of Base after one, stop %q", err, b.count(), h.last().Stop, c.stop)
			}
		})
	}
}

// After the last attempt there is no wait.
func TestNoWaitAfterTheLastAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := always(429, "", "Retry-After", "10")
		begun := time.Now()
		get(t, newTransport(t, client.Config{Base: b, Attempts: 2}), t.Context())
		if took := time.Since(begun); took > 11*time.Second {
			t.Errorf("two attempts took %v, want one wait of 10 to 11 seconds", took)
		}
	})
}

// Every attempt waits for Pace, also the first one and a repetition.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := script(answer(200, ""), answer(503, ""), answer(200, ""))
		api := newTransport(t, client.Config{Base: b, Pace: rate.NewLimiter(rate.Every(2*time.Second), 1)})
		for range 2 {
			get(t, api, t.Context())
		}
		waits := b.waits()
		if len(waits) != 2 || waits[0].Round(time.Microsecond) != 2*time.Second || waits[1].Round(time.Microsecond) != 2*time.Second {
			t.Errorf("waits %v, want 2s before the second call and 2s before its repetition", waits)
		}
	})
}

// Thirty callers at the same time, and other code that uses the same Pace, stay within its
// limit.
func TestPaceIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := always(200, "")
		pace := rate.NewLimiter(rate.Every(2*time.Second), 1)
		api := newTransport(t, client.Config{Base: b, Pace: pace})
		pace.Wait(t.Context())
		for range 30 {
			go get(t, api, t.Context())
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if b.count() != 30 {
			t.Errorf("%d requests in a minute, want 30", b.count())
		}
		for _, wait := range b.waits() {
			if wait.Round(time.Microsecond) != 2*time.Second {
				t.Errorf("waits %v, want 2s each", b.waits())
				break
			}
		}
	})
}

// If the wait for Pace would exceed the deadline, the call fails at once, and nothing is
// sent.
func TestPacePastTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := rate.NewLimiter(rate.Every(time.Minute), 1)
		b := always(200, "")
		api := newTransport(t, client.Config{Base: b, Pace: pace})
		get(t, api, t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		body := &closeCounter{Reader: strings.NewReader("x")}
		req := newRequest(t, ctx, "POST", "")
		req.Body = body
		begun := time.Now()
		_, _, err := do(t, api, req)
		if err == nil || errors.Is(err, context.DeadlineExceeded) && time.Since(begun) > 0 || !strings.HasPrefix(err.Error(), "rate: ") {
			t.Errorf("beyond the deadline the error is %v, want that of package rate", err)
		}
		if b.count() != 1 || time.Since(begun) != 0 || body.closed != 1 {
			t.Errorf("%d requests were sent, the call took %v, the body was closed %d times; want 1, 0s, 1", b.count(), time.Since(begun), body.closed)
		}
	})
}
