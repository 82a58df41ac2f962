package ratelimit

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// SetHeaders writes the header fields of a decision of this limiter, as
// [Limiter.Handler] does before it calls the next handler: those that
// Config.Headers and Families say, unless a limiter further out has shown a
// decision that binds more. On a refusal of a limiter that keeps its numbers to
// itself it removes what others have shown. Retry-After is not among them: it
// belongs to the error, see [Decision.Err].
func (l *Limiter) SetHeaders(h http.Header, r *http.Request, d Decision) {
	if d.call != nil {
		d.call.setFields(h, time.Now(), new([3]string))
	}
}

// families are those in which a call is shown, 0 if it is in none.
func (c *call) families(r *http.Request) problem.RateLimitHeaders {
	cfg := &c.limiter.cfg
	if cfg.Headers != HeadersAll || cfg.DryRun || c.state().Unknown {
		return 0
	}
	return cmp.Or(cfg.Families, problem.FromContext(r.Context()).RateLimit())
}

// setFields writes the fields of a call that was decided at a time, with values
// for their memory.
func (c *call) setFields(h http.Header, at time.Time, values *[3]string) {
	cfg, s := &c.limiter.cfg, c.state()
	if !s.Allowed && !cfg.DryRun && cfg.Headers != HeadersAll {
		for _, name := range exchange.RateFields() { // a refusal must not say "57 left"
			delete(h, name)
		}
	}
	if c.rate.Families == 0 {
		return
	}
	families := problem.RateLimitHeaders(c.rate.Shown()) // of outer ones, too, or their numbers would stay
	if families&problem.RateLimitFields != 0 {
		c.setLists(h)
	}
	for outer := c.outer(); outer != nil; outer = outer.outer() {
		if outer.rate.Families != 0 && !s.binds(outer.state()) {
			return
		}
	}
	if families&problem.RateLimitTrio != 0 {
		c.setNumbers(h, &exchange.Families[1], seconds(s.ResetAfter), new([3]string))
	}
	if families&problem.XRateLimit != 0 {
		c.setNumbers(h, &exchange.Families[0], at.Unix()+seconds(s.ResetAfter+time.Duration(at.Nanosecond())), values)
	}
}

// setNumbers writes the fields that show the limit that binds. The digits of all
// values are one string, which saves allocations, and each slice has the
// capacity 1, so that an Add copies.
func (c *call) setNumbers(h http.Header, f *exchange.Family, reset int64, values *[3]string) {
	var array [80]byte
	digits := strconv.AppendInt(array[:0], int64(c.limits[c.binding].Rate.burst()), 10)
	limit := len(digits)
	digits = strconv.AppendInt(digits, int64(c.state().Remaining), 10)
	remaining := len(digits)
	all := string(strconv.AppendInt(digits, reset, 10))
	*values = [...]string{all[:limit], all[limit:remaining], all[remaining:]}
	h[f.Limit], h[f.Remaining], h[f.Reset] = values[0:1:1], values[1:2:2], values[2:3:3]
}

// seconds rounds a delay up to whole seconds.
func seconds(d time.Duration) int64 {
	return int64(d/time.Second) + min(int64(d%time.Second), 1)
}
