// Package backstop is the root of a module of Go middleware that sends every
// error of an HTTP service in one format: the error envelope that its API has
// promised. The package itself has no code. This page says how the packages of
// the module work together.
//
//	request
//	  │  requestid            gives the exchange an ID, on every response
//	  │  problem              chooses the envelope for everything below
//	  │  middleware.Recover   panics become errors; a half-sent answer is aborted
//	  │  middleware.Rewrite   plain-text errors of routers become envelopes
//	  │  ratelimit            decides, writes the headers, refuses
//	  ▼  router → validate / problem.HandlerFunc → your code
//	an error is returned
//	  │
//	  ▼  problem.Respond      the only code that writes an error response
//	problem.Style             a vendor's table and encoder: a value
//
// A middleware is a func(http.Handler) http.Handler. It never writes the body of
// an error. A middleware that refuses a request, and a handler that fails, pass an
// error to problem.Respond, which is a func(w, r, error).
//
// # Where to go
//
//   - problem: kinds, codes, errors, styles, and the responder. Start here.
//   - problem/entryguard, enpass, enkryptify, authrim, scaivault: one published
//     error format each.
//   - problem/openapi: the errors of an API, added to its OpenAPI document.
//   - problem/client: for programs that call such an API. It makes the typed error
//     of an answer, and repeats a call exactly when the vendor says so.
//   - validate: a body or parameters become a checked struct, or an error with
//     everything that is wrong with them.
//   - ratelimit: limits, keys, headers. ratelimit/redisstore shares limits
//     between processes.
//   - requestid, middleware: what stands around a router. middleware/ginadapter
//     and middleware/echoadapter are modules of their own, for gin and echo.
//
// The example below is a whole service.
package backstop
