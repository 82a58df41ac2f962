package ratelimit

import (
	"net/http"
	"strconv"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// fieldValues is the memory of the header values of one response.
type fieldValues [3]string

// SetHeaders writes the header fields of a decision of this limiter, as
// [Limiter.Handler] does before it calls the next handler: those that
// Config.Headers and Families say, unless a limiter further out has shown a
// decision that binds more. On a refusal of a limiter that keeps its numbers to
// itself it removes what others have shown. Retry-After is not among them: it
// belongs to the error, see [Decision.Err].
func (l *Limiter) SetHeaders(h http.Header, r *http.Request, d Decision) {
	if d.call != nil {
		d.call.setFields(h, time.Now(), new(fieldValues))
	}
}

// families are those in which a call is shown, 0 if it is in none.
func (c *call) families(r *http.Request) problem.RateLimitHeaders {
	cfg := &c.limiter.cfg
	switch {
	case cfg.Headers != HeadersAll || cfg.DryRun || c.state().Unknown:
		return 0
	case cfg.Families != 0:
		return cfg.Families
	}
	return problem.FromContext(r.Context()).RateLimit()
}

// setFields writes the fields of a call that was decided at a time, with values
// for their memory.
func (c *call) setFields(h http.Header, at time.Time, values *fieldValues) {
	if len(c.limits) == 0 {
		return
	}
	cfg := &c.limiter.cfg
	if !c.state().Allowed && !cfg.DryRun && cfg.Headers != HeadersAll {
		for _, name := range exchange.RateFields { // a refusal must not say "57 left"
			delete(h, name)
		}
	}
	if c.rate.Families == 0 {
		return
	}
	binds := true
	for outer := c.outer(); outer != nil; outer = outer.outer() {
		binds = binds && (outer.rate.Families == 0 || c.state().binds(outer.state()))
	}
	families := problem.RateLimitHeaders(c.rate.Shown()) // of outer ones, too, or their numbers would stay
	if families&problem.RateLimitFields != 0 {
		c.setLists(h)
	}
	if binds {
		c.setNumbers(h, families, at, values)
	}
}

// setNumbers writes the fields that show the limit that binds. The digits of all
// values are one string, which saves allocations, and each slice has the
// capacity 1, so that an Add copies.
func (c *call) setNumbers(h http.Header, families problem.RateLimitHeaders, at time.Time, values *fieldValues) {
	var array [80]byte
	digits := strconv.AppendInt(array[:0], int64(c.limits[c.binding].Rate.burst()), 10)
	limit := len(digits)
	digits = strconv.AppendInt(digits, int64(c.state().Remaining), 10)
	remaining := len(digits)
	if families&problem.XRateLimit != 0 {
		digits = strconv.AppendInt(digits, at.Unix()+seconds(c.state().ResetAfter+time.Duration(at.Nanosecond())), 10)
	}
	unix := len(digits)
	if families&problem.RateLimitTrio != 0 {
		digits = strconv.AppendInt(digits, seconds(c.state().ResetAfter), 10)
	}
	all := string(digits)
	*values = fieldValues{all[:limit], all[limit:remaining], all[remaining:unix]}
	if families&problem.XRateLimit != 0 {
		h[exchange.XRateLimitLimit], h[exchange.XRateLimitRemaining], h[exchange.XRateLimitReset] = values[0:1:1], values[1:2:2], values[2:3:3]
	}
	if families&problem.RateLimitTrio != 0 {
		h[exchange.RateLimitLimit], h[exchange.RateLimitRemaining], h[exchange.RateLimitReset] = values[0:1:1], values[1:2:2], []string{all[unix:]}
	}
}

// seconds rounds a delay up to whole seconds.
func seconds(d time.Duration) int64 {
	return int64(d/time.Second) + min(int64(d%time.Second), 1)
}
