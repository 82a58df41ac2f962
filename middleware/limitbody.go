package middleware

import (
	"net/http"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// LimitBody bounds request bodies to n bytes. A body of exactly n bytes passes.
// With an n of 0 or less, no body passes.
//
// A body that declares more is refused unread, with the kind
// [problem.PayloadTooLarge]. A body without a declared length is cut when it turns
// out to be longer: reading it fails with an [http.MaxBytesError], and
// [problem.Respond] answers that error with the same kind. Over HTTP/1 both close
// the connection.
func LimitBody(n int64) func(http.Handler) http.Handler {
	n = max(n, 0)
	return func(next http.Handler) http.Handler {
		mustHave(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, w, r2 := exchange.Enter(w, r)
			defer exchange.Leave(r, r2)
			if r2.ContentLength > n {
				problem.Respond(exchange.Unwritten(w, r2), r2, problem.PayloadTooLarge.Wrap(&http.MaxBytesError{Limit: n}, ""))
				return
			}
			if r2.Body != nil && r2.Body != http.NoBody {
				// The innermost writer, because only net/http's own takes notice
				// that the connection cannot be used again.
				r2.Body = http.MaxBytesReader(exchange.Innermost(w), r2.Body, n)
			}
			next.ServeHTTP(w, r2)
		})
	}
}
