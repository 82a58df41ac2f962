package ratelimit

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// Handler lets through to next what the limits admit, and answers the rest with
// [problem.Respond]. However often it is called, there is one set of buckets.
// It panics if next is nil.
func (l *Limiter) Handler(next http.Handler) http.Handler {
	if next == nil {
		panic("ratelimit: nil handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, w, r2 := exchange.Enter(w, r)
		defer exchange.Leave(r, r2)
		c, err := l.take(r2, x)
		if c != nil {
			l.set(w.Header(), c, problem.RateLimitHeaders(c.rate.Families), &c.values)
			err = c.err()
		}
		switch {
		case err != nil:
			problem.Respond(w, r2, err)
		case l.cfg.RefundIf != nil && c != nil && c.rate.Allowed:
			l.serveRefundable(w, r2, x, c, next)
		default:
			next.ServeHTTP(w, r2)
		}
	})
}

// statusClientLeft is what nginx logs for a client that did not wait.
const statusClientLeft = 499

// serveRefundable calls next, and then asks whether the charge is to be given
// back.
func (l *Limiter) serveRefundable(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, c *call, next http.Handler) {
	rec, w := x.Record(w)
	done := false
	defer func() { // also after a panic and after runtime.Goexit
		status := rec.Status()
		switch {
		case errors.Is(r.Context().Err(), context.Canceled):
			// First, so that nobody gets his money back for hanging up in
			// the middle and making the handler panic.
			status = statusClientLeft
		case !done:
			status = http.StatusInternalServerError
		}
		if !l.refundable(r, status) {
			return
		}
		ctx := context.WithoutCancel(r.Context())
		if err := l.refund(ctx, c); err != nil {
			slog.WarnContext(ctx, "rate limit was not refunded", "policy", c.limits[c.binding].Policy, "cause", err)
		}
	}()
	next.ServeHTTP(w, r)
	done = true
}

// refundable asks RefundIf.
func (l *Limiter) refundable(r *http.Request, status int) bool {
	defer contain(r, "RefundIf")
	return l.cfg.RefundIf(r, status)
}

// observe calls OnDecision.
func (l *Limiter) observe(r *http.Request, d Decision) {
	defer contain(r, "OnDecision")
	l.cfg.OnDecision(r, d)
}

// contain is deferred around a hook. Hooks watch; their panic is no reason to
// fail.
func contain(r *http.Request, hook string) {
	if v := recover(); v != nil {
		slog.ErrorContext(r.Context(), "rate limit hook panicked", "hook", hook, "panic", v)
	}
}
