// Package ratelimit limits how often a caller may do something.
//
//	limit, err := ratelimit.New(ratelimit.Config{
//		Rate: ratelimit.PerMinute(30), // one unit every 2 s, burst 30
//		Key:  ratelimit.BearerToken,
//	})
//	mux.Handle("GET /v1/items", limit.Handler(items))
//
// A [Rate] is a token bucket, a [KeyFunc] says whose, a [Store] keeps it, a
// [Limiter] puts the three together and speaks HTTP. To limit something that is
// not an HTTP request, call a Store directly.
//
// # What it decides
//
// A refusal is an error of the kind [problem.RateLimited], handed to
// [problem.Respond]: the responder of the request chooses the envelope. A cost
// above the burst is [problem.PayloadTooLarge], because clients repeat a 429; a
// [Blocked] rate is [problem.QuotaExceeded], which no waiting helps. A store that cannot decide is [problem.Unavailable]: never a 429, and never a
// quiet pass.
//
// Every answer from below carries the header fields, because they are set
// before the next handler runs. Limiters may be nested: the fields always show
// the decision that binds most.
//
// # Where it stands
//
// A limit by address stands outside authentication, a limit by token inside:
// a token that nobody has verified is a fresh bucket for every guess. Where one
// limiter has to do both, the address belongs into [Config.Also]. CORS stands
// outside, so that a preflight costs nothing and a 429 can be read.
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
// most Burst + d·Limit/Per units. A greedy client therefore gets 59 requests
// through in the first minute of PerMinute(30): the 30 of the burst, and the
// 29 that come back meanwhile. WithBurst(1) paces strictly instead.
//
// A bucket whose Rate changes keeps its debt, which is a time, and pays it at
// the pace at which it was made: whoever has used up a day's units under one
// rate waits for up to a day under a rate per minute, as RetryAfter says.
//
// The zero Rate allows nothing and is refused by [New]; so is one that gives
// back more than a unit per microsecond, or takes more than 366 days from
// empty to full.
//
// https://en.wikipedia.org/wiki/Token_bucket
type Rate struct {
	Limit int           // units per Per, at least 1
	Per   time.Duration // above 0
	Burst int           // units at once; 0 means Limit
}

// PerSecond returns the rate of n units per second, with a burst of n. Here and
// below, 0 units are [Blocked].
func PerSecond(n int) Rate { return per(n, time.Second) }

// PerMinute returns the rate of n units per minute, with a burst of n.
func PerMinute(n int) Rate { return per(n, time.Minute) }

// PerHour returns the rate of n units per hour, with a burst of n.
func PerHour(n int) Rate { return per(n, time.Hour) }

// PerDay returns the rate of n units per 24 hours, with a burst of n.
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

// Blocked returns the rate that admits nothing, whatever it costs: the plan of a
// tenant who is suspended. A [Limiter] refuses with [problem.QuotaExceeded], which
// has no Retry-After, and does not ask its store. No [Store] accepts it. Every
// other Rate with a Limit of 0 and a Per is blocked, too.
func Blocked() Rate { return Rate{Per: time.Second} }

func (r Rate) blocked() bool { return r.Limit == 0 && r.Per > 0 && r.Burst >= 0 }

// WithBurst returns r with a burst of n units; 0 means Limit.
func (r Rate) WithBurst(n int) Rate {
	r.Burst = n
	return r
}

// ErrRate is what every error is that says that a [Rate] cannot be used, in the
// sense of errors.Is. It is a mistake of the program or of its configuration,
// never an outage.
var ErrRate = errors.New("ratelimit: unusable rate")

// burst is Burst with its default, and 0 if r is blocked.
func (r Rate) burst() int {
	if r.Limit == 0 {
		return 0
	}
	return cmp.Or(r.Burst, r.Limit)
}

// rateError is an [ErrRate] that says why, in words to which somebody adds where.
type rateError string

func (e rateError) Error() string      { return string(e) }
func (rateError) Is(target error) bool { return target == ErrRate }

// plan is r in nanoseconds, with what is wrong with it, which is an [ErrRate]. The
// plan of a blocked one is for its header fields.
func (r Rate) plan() (p bucket.Plan, err error) {
	switch p = bucket.Of(max(r.Limit, 1), r.Per, r.Burst, 1); {
	case r.Limit < 1 || r.Per <= 0:
		err = rateError(fmt.Sprintf("rate of %d per %v allows nothing", r.Limit, r.Per))
	case r.Burst < 0:
		err = rateError(fmt.Sprintf("burst of %d is negative", r.Burst))
	case p.Unit < time.Microsecond: // which Redis could not count
		err = rateError(fmt.Sprintf("rate of %d per %v is more than one unit per %v", r.Limit, r.Per, time.Microsecond))
	case p.Fill > bucket.Most:
		err = rateError(fmt.Sprintf("rate of %d per %v needs more than %v to fill a burst of %d", r.Limit, r.Per, bucket.Most, r.burst()))
	}
	return p, err
}
