package ratelimit

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// Handler calls next for the requests that the limits admit, and answers the others
// with [problem.Respond]. All handlers of a Limiter share its buckets. Handler
// panics if next is nil.
func (l *Limiter) Handler(next http.Handler) http.Handler {
	if next == nil {
		panic("ratelimit: nil handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, c, w, r2 := exchange.EnterBeside[call](w, r)
		c.limiter = l
		defer exchange.Leave(r, r2)
		err := c.take(r2, x, w.Header())
		if err == nil {
			err = c.err()
		}
		switch {
		case err != nil:
			problem.Respond(exchange.Unwritten(w, r2), r2, err)
		case l.cfg.RefundIf != nil && len(c.limits) > 0 && c.state().Allowed:
			c.serveRefundable(w, r2, x, next)
		default:
			next.ServeHTTP(w, r2)
		}
	})
}

// serveRefundable calls next, and then asks [Config.RefundIf].
func (c *call) serveRefundable(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, next http.Handler) {
	rec, w := x.Record(w)
	done := false
	defer func() { // also after a panic and after runtime.Goexit
		status, refund := rec.Status(), false
		switch {
		case errors.Is(r.Context().Err(), context.Canceled):
			// This case comes first: a client that hangs up may make the handler
			// panic, and must not get a refund that is meant for a 500.
			status = exchange.StatusClientClosed
		case !done:
			status = http.StatusInternalServerError
		}
		contain(r, "RefundIf", func() { refund = c.limiter.cfg.RefundIf(r, status) })
		if !refund {
			return
		}
		ctx := context.WithoutCancel(r.Context())
		if err := c.refund(ctx); err != nil {
			slog.WarnContext(ctx, "rate limit was not refunded", "policy", c.limits[c.binding].Policy, "cause", err)
		}
	}()
	next.ServeHTTP(w, r)
	done = true
}

// contain calls a hook, and logs its panic: a hook only watches, so the request
// goes on.
func contain(r *http.Request, name string, hook func()) {
	defer func() {
		if v := recover(); v != nil {
			slog.ErrorContext(r.Context(), "rate limit hook panicked", "hook", name, "panic", v)
		}
	}()
	hook()
}
