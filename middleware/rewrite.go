package middleware

import (
	"fmt"
	"net/http"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// Rewrite replaces the plain-text errors of routers and old handlers by the
// error envelope: those of [http.Error], [http.ServeMux], [http.FileServer],
// [http.TimeoutHandler] and httputil.ReverseProxy, gin's and chi's, bare calls
// of WriteHeader, texts without a declared type.
//
// The status stays, and so do headers such as Allow. The text is logged and
// never shown: http.Error(w, err.Error(), 400) is the commonest leak of all.
// An error with a type that the handler chose, JSON and HTML included, is left
// alone, and successes are never buffered.
//
// JSON without a declared type that begins with a letter, such as a bare true,
// counts as text.
func Rewrite() func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		mustHave(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, r2 := exchange.Enter(r)
			defer exchange.CopyBack(r, r2)
			rec, w := exchange.Record(w, x)
			finishes := rec.Rewrite()
			next.ServeHTTP(w, r2)
			if !finishes {
				return
			}
			if status, text, ok := rec.Finish(); ok {
				problem.Respond(w, r2, rewritten(status, text))
			}
		})
	}
}

// rewritten returns an error that has the status of a plain-text one.
func rewritten(status int, text []byte) error {
	kind := problem.KindOf(status)
	said := ""
	if kind == problem.InvalidRequest {
		// The styles' own sentence speaks of a malformed body.
		said = problem.StatusText(status)
	}
	return problem.Code{Kind: kind, Status: status}.Wrap(&swallowed{status, string(text)}, said)
}

// swallowed is the private cause of a rewritten error.
type swallowed struct {
	status int
	text   string
}

func (s *swallowed) Error() string { return fmt.Sprintf("handler answered %d in plain text", s.status) }

// SwallowedText returns the begin of the text, for the log.
func (s *swallowed) SwallowedText() string { return s.text }
