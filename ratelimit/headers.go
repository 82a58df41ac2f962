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
		l.set(h, d.call, l.shown(r, d.call), new(fieldValues))
	}
}

// set writes the fields of a call in some families, with values for their
// memory.
func (l *Limiter) set(h http.Header, c *call, families problem.RateLimitHeaders, values *fieldValues) {
	if !c.rate.Allowed && !l.cfg.DryRun && l.cfg.Headers != HeadersAll {
		removeFields(h) // a refusal must not say "57 left"
	}
	if families == 0 {
		return
	}
	binds := true
	for outer := c.rate.Outer(); outer != nil; outer = outer.Outer() {
		binds = binds && (outer.Families == 0 || c.rate.Binds(outer))
		families |= problem.RateLimitHeaders(outer.Families) // or their numbers would stay
	}
	if families&problem.RateLimitFields != 0 {
		c.setLists(h)
	}
	if binds {
		c.setNumbers(h, families, values)
	}
}

// setNumbers writes the fields that show the limit that binds. The digits of all
// values are one string, which saves allocations, and each slice has the
// capacity 1, so that an Add copies.
func (c *call) setNumbers(h http.Header, families problem.RateLimitHeaders, values *fieldValues) {
	var array [80]byte
	digits := strconv.AppendInt(array[:0], int64(c.limits[c.binding].Rate.burst()), 10)
	limit := len(digits)
	digits = strconv.AppendInt(digits, int64(c.rate.Remaining), 10)
	remaining := len(digits)
	if families&problem.XRateLimit != 0 {
		digits = strconv.AppendInt(digits, time.Now().Add(c.rate.ResetAfter+time.Second-1).Unix(), 10)
	}
	unix := len(digits)
	if families&problem.RateLimitTrio != 0 {
		digits = strconv.AppendInt(digits, seconds(c.rate.ResetAfter), 10)
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

// shown returns the families in which a call is shown, 0 if in none.
func (l *Limiter) shown(r *http.Request, c *call) problem.RateLimitHeaders {
	switch {
	case l.cfg.Headers != HeadersAll || l.cfg.DryRun || c.rate.Unknown:
		return 0
	case l.cfg.Families != 0:
		return l.cfg.Families
	}
	return problem.FromContext(r.Context()).RateLimit()
}

func removeFields(h http.Header) {
	for _, name := range [...]string{exchange.XRateLimitLimit, exchange.XRateLimitRemaining, exchange.XRateLimitReset, exchange.RateLimitLimit, exchange.RateLimitRemaining, exchange.RateLimitReset, exchange.RateLimitPolicy, exchange.RateLimit} {
		delete(h, name)
	}
}

// seconds rounds a delay up to whole seconds.
func seconds(d time.Duration) int64 {
	return int64(d/time.Second) + min(int64(d%time.Second), 1)
}
