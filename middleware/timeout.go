package middleware

import (
	"context"
	"net/http"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// Timeout gives the context of the request a deadline, d from now, with the cause
// [problem.Timeout]. With d ≤ 0 there is no deadline.
//
// After the deadline, a handler that returns the error of the context, or returns
// without an answer, is answered with the kind [problem.Timeout]. An answer that the
// handler has finished late is left alone. An answer that the handler has begun is
// cut, if the handler then returns the error.
//
// The handler runs on the same goroutine, so it has to watch its context; database
// drivers and HTTP clients do. A request for which one of the skip functions
// reports true has no deadline. Streams and WebSockets need that.
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
			defer exchange.Leave(r, r2)
			rec, w := x.Record(w)
			next.ServeHTTP(w, r2)
			// Cause, because a client that left is not a timeout.
			if context.Cause(ctx) == problem.Timeout && rec.Silent() {
				problem.Respond(w, r2, problem.Timeout)
			}
		})
	}
}
