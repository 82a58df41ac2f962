package middleware

import (
	"context"
	"net/http"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// Timeout gives the request's context a deadline, d from now, with the cause
// problem.Timeout. A handler that returns because of it, with the context's
// error or without a word, is answered with that kind; one that finished its
// answer late is left alone; and one that returns the error after it has begun
// an answer is cut. d ≤ 0 means no deadline, as in net/http.
//
// The handler is not run on another goroutine, so it must watch its context:
// database drivers and HTTP clients do. Requests for which any skip reports true have
// no deadline; streams and WebSockets need that.
func Timeout(d time.Duration, skip ...func(*http.Request) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		mustHave(next)
		if d <= 0 {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if skipped(skip, r) {
				next.ServeHTTP(w, r)
				return
			}
			ctx, cancel := context.WithTimeoutCause(r.Context(), d, problem.Timeout)
			defer cancel()
			x, w, r2 := exchange.EnterWith(ctx, w, r)
			defer exchange.CopyBack(r, r2)
			rec, w := x.Record(w)
			next.ServeHTTP(w, r2)
			// Cause, because a client that left is not a timeout.
			if context.Cause(ctx) == problem.Timeout && rec.Silent() {
				problem.Respond(w, r2, problem.Timeout)
			}
		})
	}
}
