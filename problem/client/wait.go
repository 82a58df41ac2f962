package client

import (
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/backstop-go/backstop/problem"
)

const (
	defaultBaseDelay = time.Second // of the backoff
	maxJitter        = time.Second // of a wait that was asked for
)

// hint returns the delay that an answer asks for: Retry-After or its like; else, after
// a 429, the time until the limit is full again; else the vendor's default delay. A
// limit usually admits one request long before it is full, so Retry-After comes first.
func (t *Transport) hint(resp *http.Response, e *problem.Error) time.Duration {
	if d := e.RetryAfter(); d > 0 {
		return d
	}
	if resp.StatusCode != http.StatusTooManyRequests {
		return 0
	}
	if d := untilReset(resp.Header); d > 0 {
		return d
	}
	return t.cfg.Style.Advice.DefaultDelay
}

// untilReset returns the time until a limit that is used up is full again, or 0 if the
// header does not say. Of two limits the longer time counts.
func untilReset(h http.Header) time.Duration {
	var longest time.Duration
	for _, family := range []string{"X-Ratelimit-", "Ratelimit-"} {
		if h.Get(family+"Remaining") == "0" {
			longest = max(longest, resetIn(h.Get(family+"Reset"), answeredAt(h)))
		}
	}
	return longest
}

// resetIn reads the value of a Reset field. Vendors send Unix seconds, Unix
// milliseconds, or seconds from now; the size of the number tells which.
func resetIn(text string, now time.Time) time.Duration {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || n <= 0:
		return 0
	case n < 1e9:
		return time.Duration(n) * time.Second
	case n <= 1e12:
		return max(0, time.Unix(n, 0).Sub(now))
	}
	return max(0, time.UnixMilli(n).Sub(now))
}

// answeredAt returns the Date of an answer, so that both times are of the same clock,
// or the time now.
func answeredAt(h http.Header) time.Time {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		return at
	}
	return time.Now()
}

// reserve returns the wait until the next attempt, and takes budget and slot for it. If
// there must be no next attempt, it takes nothing and returns the reason.
func (t *Transport) reserve(a *attempt, number int) (wait time.Duration, reason string) {
	now, left := time.Now(), time.Duration(math.MaxInt64)
	if deadline, ok := a.sent.Context().Deadline(); ok {
		left = deadline.Sub(now)
	}
	f := &a.failed
	wait = f.hint
	if wait == 0 {
		wait = t.backoff(number)
	}
	switch {
	case f.hint > t.cfg.MaxWait:
		return 0, stopWait
	case wait >= left:
		return 0, stopDeadline
	case !f.limited && !t.budget.take():
		return 0, stopBudget
	case f.hint == 0:
		return wait, ""
	case f.limited:
		return t.slots.take(keyOf(a.sent), now, f.hint, t.longest(), left)
	}
	return wait + jitterOf(f.hint, left-wait), ""
}

// jitterOf returns a random addition to a wait of hint: up to a tenth of hint, at most
// a second. It returns 0 if left is too short for the addition.
func jitterOf(hint, left time.Duration) time.Duration {
	jitter := upTo(min(hint/10, maxJitter))
	if jitter >= left {
		return 0
	}
	return jitter
}

// backoff returns the n-th wait of a call without a hint: a random part, at least half,
// of 2ⁿ⁻¹ times the base delay. So it is never near zero.
func (t *Transport) backoff(n int) time.Duration {
	d := t.cfg.Style.Advice.BaseDelay
	if d == 0 {
		d = defaultBaseDelay
	}
	for range n - 1 {
		if d > t.cfg.MaxWait/2 {
			d = t.cfg.MaxWait
			break
		}
		d *= 2
	}
	d = min(d, t.cfg.MaxWait)
	return d - upTo(d/2)
}

// longest returns how far away a slot may be: the time that all waits of a call may
// take, with their jitter.
func (t *Transport) longest() time.Duration {
	if t.cfg.MaxWait > math.MaxInt64/maxAttempts-maxJitter {
		return math.MaxInt64
	}
	return time.Duration(t.cfg.Attempts-1) * (t.cfg.MaxWait + maxJitter)
}

// upTo returns a random duration from 0 to d.
func upTo(d time.Duration) time.Duration { return rand.N(d + 1) }
