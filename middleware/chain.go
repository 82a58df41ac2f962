// Package middleware answers the failures of handlers in the error envelope:
// panics, plain-text errors of routers and old handlers, timeouts, bodies that are
// too large.
//
//	app := middleware.Chain(middleware.Standard(errs), limit.Handler)(mux)
//
// Each function returns an ordinary middleware, a func(http.Handler) http.Handler. State is made
// by the function, never when a handler is wrapped, because some routers wrap a
// handler for each request. A nil handler panics.
//
// # Order
//
// From the outside in:
//
//  1. compressors, tracing, other access logs, [Observe]: a compressor further
//     in would send its header while a panic unwinds, and an observer further in
//     would not see the final status
//  2. request ID, responder, [Recover], [Rewrite]: [Standard] is these four
//  3. CORS and security headers: without them a browser cannot read a refusal
//  4. [LimitInFlight], the cheapest refusal
//  5. [Timeout], which covers all work below
//  6. rate limits by address, then authentication, then rate limits by account
//  7. [LimitBody], validation: only known callers make us parse a body
//
// Backstop sets no CORS headers. [ExposeHeaders] returns what your CORS middleware
// should list in Access-Control-Expose-Headers. The deny handler of
// [http.CrossOriginProtection] can respond with [problem.Forbidden].
//
// # Writers in between
//
// A middleware of another library may wrap the [http.ResponseWriter], with or
// without an Unwrap method. It may stand anywhere: the outermost middleware of
// this package knows how far an answer has come, and an error envelope reaches the
// client whole or not at all. Such a writer may still do harm:
//
//   - Outside of all middlewares of this package, a writer without Unwrap hides
//     Flush, Hijack and the deadlines of the connection. An answer is then cut
//     only by the panic with [http.ErrAbortHandler], and a recoverer further out
//     must let that panic pass.
//   - Inside, a writer that buffers, as a compressor does, may send its buffer in
//     a deferred call while a panic unwinds. That begins an answer, and [Recover]
//     has to cut it. Put compressors outside. Inside of a compressor, a handler
//     of [problem.HandlerFunc] is safe as long as it returns errors and does not
//     panic.
//   - Inside, a writer that does not pass on a second status, as those of chi's
//     Logger, gzhttp and [http.TimeoutHandler], hides from [Recover] that a handler
//     has failed half-way. Put such a writer outside; [Observe] can be the logger.
//   - Inside, a timeout or a batch that runs handlers on other goroutines has to give
//     each of them a copy of the request, as [http.TimeoutHandler] does, because a
//     router notes the pattern in the request, which is read when the handler has
//     returned. It also has to give each a buffer with a header of its own, and to
//     recover: a handler that fails half-way in its buffer panics with
//     [http.ErrAbortHandler]. [Recover], [problem.HandlerFunc] and the layers that
//     refuse requests know what is in their buffer. [problem.Respond] alone does not: it
//     cuts an answer to the client that has begun, or closes the hijacked connection.
//   - Inside, a recoverer between such a buffer and its handler must let a panic with
//     [http.ErrAbortHandler] pass, or half an answer becomes a whole one.
//   - Inside, an envelope in a buffer is known by its header. Do not give the header
//     of a part that has failed to another answer, or the client gets the envelope of
//     the part. Once a part has failed in a buffer, an answer with the Content-Type
//     of its envelope is held until the handler returns or flushes, up to 64 KiB. If
//     the handler writes nothing, the client gets the envelope of the last such part.
//
// # The server around it
//
// A handler cannot bound what happens before it is called. Set ReadHeaderTimeout
// and MaxHeaderBytes of [http.Server]. Set its ErrorLog as well, for the messages
// of net/http itself; [slog.NewLogLogger] makes one.
//
// The modules middleware/ginadapter and middleware/echoadapter are for gin and
// echo. Bridges to fasthttp are not supported, because they do not know
// [http.ErrAbortHandler], and an answer cannot be cut without it.
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
		var seen *guard
		for _, mw := range slices.Backward(mws) {
			next = mw(next)
			g := standardOf(next)
			if g == nil || g == seen { // the same, if mw does nothing
				continue
			}
			if seen != nil {
				panic(standardTwice)
			}
			seen = g
		}
		return next
	}
}

func mustHave(next http.Handler) {
	if next == nil {
		panic("middleware: nil handler")
	}
}
