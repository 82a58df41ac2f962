package middleware

import (
	"net/http"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
)

// Config changes what [Standard] does. Its zero value is right for most services.
type Config struct {
	// IDs gives the request IDs. Default: an issuer of the zero
	// [requestid.Config].
	IDs *requestid.Issuer

	// Skip reports whether the errors of a request are left as the handler wrote
	// them, see [Rewrite]. Default: of none.
	Skip func(*http.Request) bool
}

// Standard returns a middleware that every service wants: a request ID, errs as the
// responder, [Recover] and [Rewrite], in this order, as one handler. At most one
// Config may follow errs. Standard panics if errs is nil. The middleware panics if
// it is to wrap a handler of another Standard: one is enough.
func Standard(errs *problem.Responder, options ...Config) func(http.Handler) http.Handler {
	if errs == nil {
		panic("middleware: nil responder")
	}
	if len(options) > 1 {
		panic("middleware: more than one Config for Standard")
	}
	var cfg Config
	if len(options) == 1 {
		cfg = options[0]
	}
	if cfg.IDs == nil {
		ids, err := requestid.New(requestid.Config{})
		if err != nil {
			panic(err) // the zero Config is valid
		}
		cfg.IDs = ids
	}
	var skip []func(*http.Request) bool
	if cfg.Skip != nil {
		skip = append(skip, cfg.Skip)
	}
	stacks := newStacks()
	return func(next http.Handler) http.Handler {
		mustHave(next)
		mustBeFirst(next)
		inner := &guard{stacks: stacks, rewrites: true, skip: skip, next: next}
		return flatten(cfg.IDs.Handler(errs.Handler(inner)), inner)
	}
}

const standardTwice = "middleware: Standard stands around another Standard: use it once, as the outermost of the middlewares"

// mustBeFirst panics if next is a Standard already: the outer one would do all
// the work, and the inner responder would speak.
func mustBeFirst(next http.Handler) {
	for {
		if standardOf(next) != nil {
			panic(standardTwice)
		}
		switch h := next.(type) {
		case *guard:
			next = h.next
		case *exchange.Layer:
			next = h.Next
		default:
			return
		}
	}
}

// standardOf returns h if Standard has made it, and nil otherwise.
func standardOf(h http.Handler) *guard {
	if g, ok := h.(*guard); ok && len(g.begin) > 0 {
		return g
	}
	return nil
}

// ExposeHeaders returns the fields of an answer that a script in a browser may
// want to read, for the Access-Control-Expose-Headers of a CORS middleware: the
// request ID under its default name, Retry-After, and the numbers of limiters.
func ExposeHeaders() []string {
	return append([]string{requestid.DefaultHeader, "Retry-After"}, exchange.RateFields()...)
}
