package openapi_test

import (
	"fmt"
	"testing"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/enkryptify"
)

func TestHeaders(t *testing.T) {
	limited := op("GET /", problem.RateLimited, problem.Unavailable, problem.Unauthenticated, problem.Forbidden,
		problem.InsufficientScope, problem.Conflict, problem.Gone.New("").WithRetryAfter(1))
	fields := problem.RFC9457
	fields.RateLimit = problem.RateLimitFields
	for _, tt := range []struct {
		style  problem.Style
		status string
		want   string
	}{
		{problem.RFC9457, "409", "[X-Request-ID]"},
		{problem.RFC9457, "410", "[X-Request-ID Retry-After]"},
		{problem.RFC9457, "401", "[X-Request-ID WWW-Authenticate]"},
		{problem.RFC9457, "403", "[X-Request-ID WWW-Authenticate]"},
		{problem.RFC9457, "503", "[X-Request-ID Retry-After]"},
		{problem.RFC9457, "429", "[X-Request-ID Retry-After X-RateLimit-Limit X-RateLimit-Remaining X-RateLimit-Reset]"},
		{fields, "429", "[X-Request-ID Retry-After RateLimit-Policy RateLimit]"},
		{enkryptify.Style, "429", "[X-Request-ID Retry-After X-RateLimit-Limit X-RateLimit-Remaining X-RateLimit-Reset RateLimit-Limit RateLimit-Remaining RateLimit-Reset]"},
	} {
		doc := document(t, config(tt.style, limited))
		expect(t, tt.style.Name+" "+tt.status, fmt.Sprint(names(t, doc, "components responses Error"+tt.status+" headers")), tt.want)
	}
	// InsufficientScope has a challenge. Forbidden has none, although its body is the same
	// in this style.
	for _, errs := range [][]error{{problem.Forbidden, problem.InsufficientScope}, {problem.InsufficientScope, problem.Forbidden}} {
		doc := document(t, config(enkryptify.Style, op("GET /", errs...)))
		expect(t, "required", at(t, doc, "components responses Error403 headers WWW-Authenticate required"), "")
	}
	doc := document(t, config(enkryptify.Style, limited))
	expect(t, "required", at(t, doc, "components responses Error401 headers WWW-Authenticate required"), "true")
	expect(t, "the ID", at(t, doc, "components responses Error401 headers X-Request-ID required"), "true")
	expect(t, "the delay", at(t, doc, "components responses Error429 headers Retry-After required"), "")

	cfg := config(problem.RFC9457, limited)
	cfg.RequestID = "X-Trace"
	expect(t, "another header", fmt.Sprint(names(t, document(t, cfg), "components responses Error409 headers")), "[X-Trace]")
	quota := document(t, config(problem.RFC9457, op("GET /", problem.QuotaExceeded)))
	expect(t, "429 without a limiter", fmt.Sprint(names(t, quota, "components responses Error429 headers")), "[X-Request-ID Retry-After]")
}
