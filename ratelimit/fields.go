package ratelimit

import (
	"fmt"
	"net/http"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// The fields RateLimit and RateLimit-Policy are those of an Internet-Draft, which is
// work in progress and not a standard. Only this file knows their syntax.
//
// https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11

// setLists adds an item for each limit of the call to the lists that limiters
// further out have begun. Policy names need no escaping, see [Config.Name].
func (c *call) setLists(h http.Header) {
	var policies, limits []byte
	if problem.RateLimitHeaders(c.rate.Outer().Shown())&problem.RateLimitFields != 0 {
		policies, limits = []byte(h.Get(exchange.RateLimitPolicy)), []byte(h.Get(exchange.RateLimit))
	}
	for i := range c.limits {
		limit, state := &c.limits[i], &c.states[i]
		if state.Unknown {
			continue
		}
		// t is the time for which Remaining is meant, so that r/t never promises
		// more than the rate. On a refusal t is the delay; if nothing is left, t is
		// the time until the next unit.
		p, _ := limit.Rate.plan()
		after := p.Charge(state.Remaining)
		if !state.Allowed && state.RetryAfter != Never {
			after = state.RetryAfter
		} else if state.Remaining == 0 {
			after = p.RetryAfter(state.ResetAfter, 1)
		}
		policies = item(policies, limit.Policy, 'q', int64(limit.Rate.burst()), 'w', p.Fill)
		limits = item(limits, limit.Policy, 'r', int64(state.Remaining), 't', after)
	}
	h[exchange.RateLimitPolicy], h[exchange.RateLimit] = []string{string(policies)}, []string{string(limits)}
}

// item adds a name with a number and a time to a list. RFC 9651 allows integers of
// at most 15 digits.
func item(list []byte, name string, number rune, n int64, delay rune, d time.Duration) []byte {
	if len(list) > 0 {
		list = append(list, ", "...)
	}
	return fmt.Appendf(list, `"%s";%c=%d;%c=%d`, name, number, min(n, 999_999_999_999_999), delay, max(1, seconds(d)))
}
