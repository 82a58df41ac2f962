// Package entryguard is the error format of the EntryGuard API, as a
// [problem.Style]:
//
//	errs := problem.New(problem.Config{Style: entryguard.Style})
//
// A body has a timestamp, the status and its phrase, a message and the path of the
// request. If fields are wrong, it also has validationErrors, a map from paths to
// the sentences of Bean Validation. The format has no place for codes, details and
// request IDs: a [problem.Code] sends its status and its text only.
//
// The vendor answers "not found" for a resource of another organisation. A handler
// decides that, by returning [problem.NotFound] instead of [problem.Forbidden].
//
// https://docs.entryguard.io/api-reference/errors
package entryguard

import (
	"strconv"
	"time"

	"github.com/backstop-go/backstop/internal/jsonappend"
	"github.com/backstop-go/backstop/problem"
)

// Style is the error format of EntryGuard.
var Style = style()

// style makes the Style. The mark behind a row says who decides it: D means that the
// vendor documents it, d that the vendor documents a part of it, o that it is our
// choice. A row without a Message has that of [problem.RFC9457].
func style() problem.Style {
	return problem.Style{
		Name:        "entryguard",
		ContentType: "application/json",
		Outcomes: [...]problem.Outcome{
			problem.Internal:             {Status: 500, Message: "An unexpected error occurred. Please try again later.", Retry: problem.Backoff}, // D
			problem.InvalidRequest:       {Status: 400, Message: "Malformed JSON request"},                                                        // d
			problem.Validation:           {Status: 400, Message: "Validation failed"},                                                             // D
			problem.Unauthenticated:      {Status: 401, Message: "Full authentication is required to access this resource"},                       // D
			problem.TokenExpired:         {Status: 401, Message: "Token has expired"},                                                             // D
			problem.TokenInvalid:         {Status: 401},                                                                                           // d
			problem.TokenRevoked:         {Status: 401},                                                                                           // d
			problem.Forbidden:            {Status: 403},                                                                                           // d
			problem.InsufficientScope:    {Status: 403, Message: "API key does not have access to this resource"},                                 // D
			problem.NotFound:             {Status: 404, Message: "Resource not found"},                                                            // D
			problem.MethodNotAllowed:     {Status: 405},                                                                                           // o
			problem.NotAcceptable:        {Status: 406},                                                                                           // o
			problem.Conflict:             {Status: 409},                                                                                           // o
			problem.Gone:                 {Status: 410},                                                                                           // o
			problem.PayloadTooLarge:      {Status: 413},                                                                                           // o
			problem.UnsupportedMediaType: {Status: 415},                                                                                           // o
			problem.RequestTimeout:       {Status: 408},                                                                                           // o
			problem.RateLimited:          {Status: 429, Message: "Rate limit exceeded. Please try again later.", Retry: problem.AfterDelay},       // D
			problem.QuotaExceeded:        {Status: 429},                                                                                           // o
			problem.Unavailable:          {Status: 503, Retry: problem.Backoff},                                                                   // d
			problem.Timeout:              {Status: 504, Retry: problem.Backoff},                                                                   // o
			problem.UpstreamFailed:       {Status: 502, Retry: problem.Backoff},                                                                   // o
			problem.UpstreamTimeout:      {Status: 504, Retry: problem.Backoff},                                                                   // o
		},
		FieldText: FieldText,
		RateLimit: problem.XRateLimit,
		Append:    appendBody,
		Decode:    decode,
		Schema:    schema,
		Advice:    problem.Advice{BaseDelay: time.Second, Refresh: true},
	}
}

func appendBody(dst []byte, v *problem.View) ([]byte, error) {
	dst = append(dst, `{"timestamp":"`...)
	dst = v.Time.UTC().AppendFormat(dst, time.RFC3339)
	dst = append(dst, `","status":`...)
	dst = strconv.AppendInt(dst, int64(v.Status), 10)
	dst = append(dst, `,"error":`...)
	dst = jsonappend.String(dst, problem.StatusText(v.Status))
	dst = append(dst, `,"message":`...)
	dst = jsonappend.String(dst, v.Message)
	dst = append(dst, `,"path":`...)
	dst = jsonappend.String(dst, v.Path)
	if len(v.Fields) > 0 {
		dst = append(dst, `,"validationErrors":`...)
		dst = v.AppendFieldMap(dst)
	}
	return append(dst, '}'), nil
}
