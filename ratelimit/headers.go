package ratelimit

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// SetHeaders writes the header fields that show a decision of this limiter, as
// [Limiter.Handler] does before it calls the next handler. [Config.Headers] and
// [Config.Families] say which. Fields with one number keep what a limiter further
// out has written if its decision binds more; fields with a list get one item more
// per limit. If d is a refusal and Headers is not [HeadersAll], SetHeaders removes
// the fields of all limiters. It does not write Retry-After: [Decision.Err] carries
// the delay.
func (l *Limiter) SetHeaders(h http.Header, r *http.Request, d Decision) {
	if d.call != nil {
		d.call.setFields(h, time.Now(), new([3]string))
	}
}

// families returns the families of header fields that show a call, 0 for none.
func (c *call) families(r *http.Request) problem.RateLimitHeaders {
	cfg := &c.limiter.cfg
	if cfg.Headers != HeadersAll || cfg.DryRun || c.state().Unknown {
		return 0
	}
	return cmp.Or(cfg.Families, problem.FromContext(r.Context()).RateLimit())
}

// setFields writes the fields of a call that was decided at a time. Their text is
// kept in values, which saves allocations.
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
	families := problem.RateLimitHeaders(c.rate.Shown()) // also those of outer limiters, whose numbers may be out of date
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
// values are one string, which saves allocations. Each slice has the capacity 1,
// so that [http.Header.Add] copies it.
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
