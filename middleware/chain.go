// Package middleware keeps the promise that no failure of a handler escapes the
// envelope: panics, plain-text errors of routers and old handlers, timeouts,
// bodies that are too large.
//
//	app := middleware.Chain(middleware.Standard(errs), limit.Handler)(mux)
//
// Each function returns an ordinary func(http.Handler) http.Handler. State is
// made by the function, never when a handler is wrapped, because some routers
// wrap per request. A nil handler panics.
//
// # Order
//
// From the outside in:
//
//  1. compressors, tracing, foreign access logs, [Observe]: a compressor further
//     in sends its header while a panic unwinds, and observers must see the
//     final status
//  2. request ID, responder, [Recover], [Rewrite]: [Standard] is these four
//  3. CORS and security headers: a refusal without them is opaque to a browser
//  4. [LimitInFlight], the cheapest refusal
//  5. [Timeout], which covers all work below
//  6. rate limits by address, authentication, rate limits by principal
//  7. [LimitBody], validation: strangers must not make us parse
//
// CORS stays the program's own. [ExposeHeaders] is what it should list among the
// Access-Control-Expose-Headers; and [http.CrossOriginProtection] takes a deny
// handler that responds with problem.Forbidden.
//
// # Writers in between
//
// A middleware of others that wraps the [http.ResponseWriter] may stand anywhere,
// with or without an Unwrap method: how far an answer has come is known at the
// outermost of our layers, and an error envelope arrives there whole, or not at
// all. What such a writer may cost:
//
//   - One further out than all of ours, without Unwrap, hides Flush, Hijack and
//     the deadlines of the connection. A cut then depends on the panic with
//     [http.ErrAbortHandler] alone, which a recoverer further out must let pass.
//   - One further in that holds back what it is given, as a compressor does, and
//     sends it in a deferred call while a panic unwinds, begins an answer that
//     Recover then has to cut. problem.HandlerFunc within it returns errors
//     instead of panicking, and looks at what the handler wrote before that
//     writer does. Compressors belong outside.
//   - One further in that keeps a second status to itself, as that of chi's
//     Logger does, hides from Recover that a handler or a recoverer within it
//     failed half-way. Such a logger belongs outside too, or gives way to
//     [Observe].
//
// # The server around it
//
// A handler cannot bound what happens before it is called. Set
// ReadHeaderTimeout and MaxHeaderBytes of [http.Server], and its ErrorLog, for
// what net/http has to say for itself; slog.NewLogLogger makes one.
//
// For gin and echo there are adapters, middleware/ginadapter and
// middleware/echoadapter. Bridges to fasthttp are not supported: they do not know
// [http.ErrAbortHandler], and there is no other way to say that an answer was
// cut off.
package middleware

import (
	"net/http"
	"slices"
)

// Chain returns a middleware that is all of mws, the first one outermost:
// Chain(a, b, c)(h) is a(b(c(h))). An empty chain returns the handler itself. A
// chain with two [Standard] in it panics.
func Chain(mws ...func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	mws = slices.Clone(mws)
	return func(next http.Handler) http.Handler {
		mustHave(next)
		standards := 0
		for _, mw := range slices.Backward(mws) {
			next = mw(next)
			if !isStandard(next) {
				continue
			}
			if standards++; standards > 1 {
				panic(standardTwice)
			}
		}
		return next
	}
}

func mustHave(next http.Handler) {
	if next == nil {
		panic("middleware: nil handler")
	}
}
