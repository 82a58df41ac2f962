// Package ratelimit limits how often a caller may do something.
//
//	limit, err := ratelimit.New(ratelimit.Config{
//		Rate: ratelimit.PerMinute(30), // one unit every 2 s, burst 30
//		Key:  ratelimit.BearerToken,
//	})
//	mux.Handle("GET /v1/items", limit.Handler(items))
//
// A [Rate] is a token bucket. A [KeyFunc] says whose bucket a request uses. A
// [Store] keeps the buckets. A [Limiter] puts the three together and speaks HTTP.
// To limit something that is not an HTTP request, call a Store directly.
//
// # What it decides
//
// A refusal is an error. The Limiter hands it to [problem.Respond], and the
// responder of the request chooses the envelope. The kind of the error is:
//
//   - [problem.RateLimited] as a rule
//   - [problem.PayloadTooLarge] if the cost exceeds the burst, because clients
//     repeat a 429
//   - [problem.QuotaExceeded] if the rate is [Blocked], because waiting does not
//     help
//   - [problem.Unavailable] if the store fails: such a request is neither
//     answered 429 nor let through
//
// The header fields are set before the next handler runs, so every answer of
// that handler carries them. Limiters may be nested: X-RateLimit-Remaining and its
// siblings then show the limit that leaves the least room.
//
// # Where it stands
//
// Put a limit by address outside of authentication, and a limit by token inside:
// while nobody has verified a token, every guess has a full bucket of its own. If
// one limiter has to do both, put the address into [Config.Also]. Put CORS outside
// of the limiter, so that a preflight costs nothing and a script can read a 429.
//
// # Which names are for whom
//
//   - To write main: [New], [Config] and [Policy], a rate such as [PerMinute], and
//     a key such as [BearerToken] or [NewClientIP].
//   - To write a handler: [Limiter.Charge], [FromContext] and [Decision].
//   - To write a store: [Store], [Limit], [State], [Check], [ErrRate] and [Never].
package ratelimit

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/backstop-go/backstop/ratelimit/internal/bucket"
)

// Rate is a token bucket: Burst units at once, and Limit units per Per in the
// long run. One unit comes back every Per/Limit, so any interval d admits at
// most Burst + d·Limit/Per units. For example, a greedy client gets 59 requests
// through in the first minute of PerMinute(30): the 30 of the burst, and 29 that
// come back meanwhile. PerMinute(30).WithBurst(1) admits one every two seconds.
//
// A bucket keeps its debt, the time until it is full, when its Rate changes. For
// example, a caller who has used up all units of PerDay(5) and is then moved to
// PerMinute(5) still waits for most of a day, and RetryAfter says so.
//
// [New] refuses the zero Rate, a Rate that gives back more than one unit per
// microsecond, and a Rate that takes more than 366 days from empty to full.
//
// https://en.wikipedia.org/wiki/Token_bucket
type Rate struct {
	Limit int           // units per Per, at least 1
	Per   time.Duration // above 0
	Burst int           // units at once; 0 means Limit
}

// PerSecond returns the rate of n units per second, with a burst of n.
// PerSecond(0) is [Blocked].
func PerSecond(n int) Rate { return per(n, time.Second) }

// PerMinute returns the rate of n units per minute, with a burst of n.
// PerMinute(0) is [Blocked].
func PerMinute(n int) Rate { return per(n, time.Minute) }

// PerHour returns the rate of n units per hour, with a burst of n. PerHour(0) is
// [Blocked].
func PerHour(n int) Rate { return per(n, time.Hour) }

// PerDay returns the rate of n units per 24 hours, with a burst of n. PerDay(0) is
// [Blocked].
func PerDay(n int) Rate { return per(n, 24*time.Hour) }

func per(n int, d time.Duration) Rate {
	if n == 0 {
		return Blocked()
	}
	return Rate{Limit: n, Per: d}
}

// Unlimited returns the rate that admits everything. A [Limiter] neither asks
// its store about it nor writes header fields for it. No [Store] accepts it.
func Unlimited() Rate { return Rate{Limit: math.MaxInt} }

// Blocked returns the rate that admits nothing, not even a request that costs
// nothing: the plan of a suspended tenant. A [Limiter] refuses with
// [problem.QuotaExceeded], without a Retry-After and without asking its store. No
// [Store] accepts it. Every other Rate with a Limit of 0 and a Per is blocked, too.
func Blocked() Rate { return Rate{Per: time.Second} }

func (r Rate) blocked() bool { return r.Limit == 0 && r.Per > 0 && r.Burst >= 0 }

// WithBurst returns r with a burst of n units; 0 means Limit.
func (r Rate) WithBurst(n int) Rate {
	r.Burst = n
	return r
}

// ErrRate matches, by [errors.Is], every error about a [Rate] that cannot be used.
// Such an error is a mistake of the program or of its configuration, never an
// outage.
var ErrRate = errors.New("ratelimit: unusable rate")

// burst is Burst with its default, and 0 if r is blocked.
func (r Rate) burst() int {
	if r.Limit == 0 {
		return 0
	}
	return cmp.Or(r.Burst, r.Limit)
}

// rateError is an [ErrRate] that says why. The caller adds in which policy.
type rateError string

func (e rateError) Error() string      { return string(e) }
func (rateError) Is(target error) bool { return target == ErrRate }

// plan returns r in nanoseconds, and an [ErrRate] if r cannot be used. The plan of
// a blocked rate is valid all the same: its header fields show it.
func (r Rate) plan() (p bucket.Plan, err error) {
	switch p = bucket.Of(max(r.Limit, 1), r.Per, r.Burst, 1); {
	case r.Limit < 1 || r.Per <= 0:
		err = rateError(fmt.Sprintf("rate of %d per %v allows nothing", r.Limit, r.Per))
	case r.Burst < 0:
		err = rateError(fmt.Sprintf("burst of %d is negative", r.Burst))
	case p.Unit < time.Microsecond: // the Redis script counts microseconds
		err = rateError(fmt.Sprintf("rate of %d per %v is more than one unit per %v", r.Limit, r.Per, time.Microsecond))
	case p.Fill > bucket.Most:
		err = rateError(fmt.Sprintf("rate of %d per %v needs more than %v to fill a burst of %d", r.Limit, r.Per, bucket.Most, r.burst()))
	}
	return p, err
}
