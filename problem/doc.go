// Package problem lets a handler say what went wrong. The error format that the API
// has published decides which status, code and text the client gets.
//
//	errs := problem.New(problem.Config{Style: entryguard.Style})
//	mux.Handle("GET /secrets/{id}", problem.HandlerFunc(getSecret))
//	http.ListenAndServe(addr, errs.Handler(mux))
//
//	func getSecret(w http.ResponseWriter, r *http.Request) error {
//		s, err := find(r.PathValue("id"))
//		if errors.Is(err, sql.ErrNoRows) {
//			return problem.NotFound.Wrap(err, "Secret not found")
//		}
//		…
//	}
//
// # What goes where
//
// A [Kind] says what happened. A [Code] is an entry of a published vocabulary. An
// [Error] is a Kind or a Code with a text, fields, details and a private cause.
// The text is sent to the client and the cause is logged; the client never reads
// the cause. An error that the package does not know becomes a 500 that says
// nothing, and its log record says everything.
//
// A [Style] is a table from kinds to statuses, codes and sentences, together with
// an encoder. [RFC9457] is the default. If a handler returns [Validation], one style
// answers 400 and another 422, and the handler need not know which.
//
// A [Responder] is a style and a policy. [Responder.Respond] is the only code that
// writes an error response. It encodes the body before it writes anything,
// removes headers that describe another body, and answers once. If a success has
// begun already, it cuts the connection, because a client could not tell an
// appended error from the rest of the body.
//
// # What it does not decide
//
//   - Which kind a foreign error is. sql.ErrNoRows may be the client's fault or
//     ours, so the package does not guess: [Config.Map] decides.
//   - Whether a client may know that a resource exists. A handler returns
//     [NotFound] or [Forbidden], unless [Config.HideForbidden] is set.
//   - When a client may come again. A limiter or a handler says it, with
//     [Error.WithRetryAfter].
//
// # Where it stands
//
// Put a Responder outside of everything that may refuse a request: limiters,
// validators and handlers find it in the context of the request when they call
// [Respond]. Put it inside of compressors, access logs and tracing. The innermost
// Responder that a request has reached answers the request, so two APIs in one
// process may have two styles. Package middleware hands panics, and the plain-text
// errors of old handlers, to [Respond] as well.
//
// # Which names are for whom
//
//   - To write a handler: [Kind], [Code], [Error] and [HandlerFunc], and perhaps
//     [Respond] and [Passthrough].
//   - To write main: [New], [Config] and [Event].
//   - To write a style, which is an error format of your own: [Style], [Outcome] and
//     [View]. [FieldText], [StatusText] and [AppendJSON] help to encode. [Remote]
//     and [ParsePath] help to decode. [Advice] and [Retry] tell clients when to
//     repeat a call. These names are in this package because a Style is a part of
//     Config, and a View shows the parts of an Error.
//   - To write a validator: [FieldError] and [Path].
package problem
