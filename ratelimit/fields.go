package ratelimit

import (
	"net/http"
	"strconv"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit/internal/bucket"
)

// The fields of an Internet-Draft, which is work in progress and no standard.
// All that is known about them is in this file.
//
// https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11

// maxFieldInteger is the bound of RFC 9651 on integers.
const maxFieldInteger = 999_999_999_999_999

// setLists adds an item for each limit of the call to the lists that limiters
// further out have begun. Names need no escaping, see [New].
func (c *call) setLists(h http.Header) {
	var policies, limits []byte
	if c.listed() {
		policies, limits = list(h[fieldPolicies]), list(h[fieldRateLimit])
	}
	for i := range c.limits {
		limit, state := &c.limits[i], &c.states[i]
		if state.Unknown {
			continue
		}
		policies = item(policies, limit.Policy)
		policies = parameter(policies, ";q=", int64(limit.Rate.burst()))
		policies = parameter(policies, ";w=", max(1, seconds(limit.Rate.plan().Fill)))
		limits = item(limits, limit.Policy)
		limits = parameter(limits, ";r=", int64(state.Remaining))
		limits = parameter(limits, ";t=", max(1, seconds(available(limit.Rate.plan(), state))))
	}
	h[fieldPolicies], h[fieldRateLimit] = []string{string(policies)}, []string{string(limits)}
}

// available is the time for which Remaining is meant, so that r/t never
// promises more than the rate: on a refusal the delay, with nothing left the
// time to the next unit.
func available(p bucket.Plan, s *State) time.Duration {
	switch {
	case !s.Allowed && s.RetryAfter != Never:
		return s.RetryAfter
	case s.Remaining == 0:
		return s.ResetAfter + p.Unit - p.Fill
	}
	return p.Charge(s.Remaining)
}

// listed reports whether a limiter further out has written the lists.
func (c *call) listed() bool {
	for outer := c.rate.Outer(); outer != nil; outer = outer.Outer() {
		if problem.RateLimitHeaders(outer.Families)&problem.RateLimitFields != 0 {
			return true
		}
	}
	return false
}

func list(lines []string) []byte {
	if len(lines) == 0 {
		return nil
	}
	return []byte(lines[0])
}

func item(dst []byte, name string) []byte {
	if len(dst) > 0 {
		dst = append(dst, ", "...)
	}
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, '"')
}

func parameter(dst []byte, name string, n int64) []byte {
	return strconv.AppendInt(append(dst, name...), min(n, maxFieldInteger), 10)
}
