// Package backstop is the root of a module of Go middleware that lets every
// failure of an HTTP service leave through one door, in the error envelope that
// its API promised. It has no code of its own; this page is the plan of the
// house.
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
// Two function types carry it: func(http.Handler) http.Handler is how things
// compose, func(w, r, error) is how they fail. Whatever refuses a request
// returns an error, and never writes a body.
//
// # Where to go
//
//   - problem: kinds, codes, errors, styles, and the responder. Start here.
//   - problem/entryguard, enpass, enkryptify, authrim, scaivault: one published
//     error format each.
//   - problem/openapi: the errors of an API, merged into its OpenAPI document.
//   - problem/client: the other side of the wire, the same error where it is
//     received, and calls repeated exactly when the vendor says so.
//   - validate: a body or parameters into a checked struct, or all that is wrong
//     with them.
//   - ratelimit: limits, keys, headers; ratelimit/redisstore shares them.
//   - requestid, middleware: what stands around a router. middleware/ginadapter
//     and middleware/echoadapter are modules of their own, for gin and echo.
//
// The example below is the whole house.
package backstop
