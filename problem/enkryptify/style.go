// Package enkryptify is the error format of the Enkryptify API, as a
// [problem.Style]:
//
//	errs := problem.New(problem.Config{Style: enkryptify.Style})
//
// A body has a message and nothing else, so clients look at the status. The
// message of a validation error lists its fields in the words of Zod 3. The format
// has no place for codes: a [problem.Code] sends its status and its text only.
//
// The vendor also answers "not found" for a resource that the caller may not see. A
// handler decides that, by returning [problem.NotFound] instead of
// [problem.Forbidden].
//
// https://docs.enkryptify.com/api-reference/errors
package enkryptify

import (
	"github.com/backstop-go/backstop/internal/jsonappend"
	"github.com/backstop-go/backstop/problem"
)

// Style is the error format of Enkryptify.
var Style = style()

const badToken = "Invalid or expired token"

// style makes the Style. The mark behind a row says who decides it: D means that the
// vendor documents it, d that the vendor documents a part of it, o that it is our
// choice. A row without a Message has that of [problem.RFC9457].
//
// The vendor documents the RateLimit headers. The X-RateLimit headers are sent as well,
// for clients that know the other formats.
func style() problem.Style {
	return problem.Style{
		Name:        "enkryptify",
		ContentType: "application/json",
		Outcomes: [...]problem.Outcome{
			problem.Internal:             {Status: 500, Message: "Something went wrong on our side. Please retry, then contact support if it persists", Retry: problem.Backoff}, // d
			problem.InvalidRequest:       {Status: 400},                                                                                                                         // d
			problem.Validation:           {Status: 400},                                                                                                                         // D
			problem.Unauthenticated:      {Status: 401, Message: badToken},                                                                                                      // D
			problem.TokenExpired:         {Status: 401, Message: badToken},                                                                                                      // D
			problem.TokenInvalid:         {Status: 401, Message: badToken},                                                                                                      // D
			problem.TokenRevoked:         {Status: 401, Message: badToken},                                                                                                      // D
			problem.Forbidden:            {Status: 403, Message: "Insufficient permissions"},                                                                                    // D
			problem.InsufficientScope:    {Status: 403, Message: "Insufficient permissions"},                                                                                    // D
			problem.NotFound:             {Status: 404},                                                                                                                         // d
			problem.MethodNotAllowed:     {Status: 405},                                                                                                                         // o
			problem.NotAcceptable:        {Status: 406},                                                                                                                         // o
			problem.Conflict:             {Status: 409},                                                                                                                         // d
			problem.Gone:                 {Status: 410},                                                                                                                         // o
			problem.PayloadTooLarge:      {Status: 413},                                                                                                                         // o
			problem.UnsupportedMediaType: {Status: 415},                                                                                                                         // o
			problem.RequestTimeout:       {Status: 408},                                                                                                                         // o
			problem.RateLimited:          {Status: 429, Message: "Rate limit exceeded", Retry: problem.AfterDelay},                                                              // D
			problem.QuotaExceeded:        {Status: 429},                                                                                                                         // o
			problem.Unavailable:          {Status: 503, Retry: problem.Backoff},                                                                                                 // o
			problem.Timeout:              {Status: 504, Retry: problem.Backoff},                                                                                                 // o
			problem.UpstreamFailed:       {Status: 502, Retry: problem.Backoff},                                                                                                 // o
			problem.UpstreamTimeout:      {Status: 504, Retry: problem.Backoff},                                                                                                 // o
		},
		FieldText: FieldText,
		RateLimit: problem.XRateLimit | problem.RateLimitTrio,
		Append:    appendBody,
		Decode:    decode,
		Schema:    schema,
		Advice:    problem.Advice{Jitter: true},
	}
}

func appendBody(dst []byte, v *problem.View) ([]byte, error) {
	dst = append(dst, `{"message":`...)
	if v.Kind == problem.Validation && len(v.Fields) > 0 {
		dst = appendIssues(dst, v)
	} else {
		dst = jsonappend.String(dst, v.Message)
	}
	return append(dst, '}'), nil
}
