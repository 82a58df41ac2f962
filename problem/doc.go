// Package problem lets a handler say what went wrong, and lets the API's
// published error format decide how that looks.
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
// A [Kind] says what happened, a [Code] is an entry of a published vocabulary,
// and an [Error] is one of them with a text, fields, details and a private
// cause. The client reads the text, the log reads the cause, and neither ever
// reads the other's: what the package does not know becomes a 500 that says
// nothing and a log record that says everything.
//
// A [Style] is a table from kinds to statuses, codes and sentences, and an
// encoder. [RFC9457] is the default. A handler that returns Validation is
// answered 400 in one style and 422 in another, without knowing either.
//
// A [Responder] is a style and a policy. Its Respond is the only code that
// writes an error response: it encodes before it writes, removes the headers of
// the answer that was not given, answers once, and cuts the connection when
// another answer has begun, because an error that is appended to a success
// cannot be told from it.
//
// # What it does not decide
//
// Which error a failure is: sql.ErrNoRows may be the client's fault or ours, so
// it is not guessed; Config.Map is the place to say it. Whether a forbidden
// resource exists: a handler returns NotFound or Forbidden, unless
// Config.HideForbidden settles it for all. When a client may come again: that is
// for the limiter, or whoever knows, to say with WithRetryAfter.
//
// # Where it stands
//
// Outside of everything that may refuse a request: limiters, validators and
// handlers find the responder in the request's context, by [Respond], and need
// no wiring. Inside of compressors, access logs and tracing. The innermost
// responder that a request has reached answers it, so two APIs in one process
// may differ. What panics, and what old handlers write with http.Error, is
// caught by package middleware and comes through the same door.
//
// # Which names are for whom
//
// Who writes a handler needs [Kind], [Code], [Error] and [HandlerFunc], and
// perhaps [Respond] and [Passthrough].
//
// Who writes main needs [New], [Config] and [Event].
//
// Who writes a style, an own error format, needs [Style], [Outcome] and [View];
// [FieldText], [StatusText] and [AppendJSON] help to encode, [Remote] and
// [ParsePath] to decode, and [Advice] and [Retry] tell clients when to repeat. They
// are in this package because a Style is a part of Config, and a View shows the
// parts of an Error.
//
// Who writes a validator makes a [FieldError] with a [Path].
package problem
