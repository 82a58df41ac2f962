// Package enpass is the error format of the Enpass Business API, as a
// [problem.Style]:
//
//	errs := problem.New(problem.Config{Style: enpass.Style})
//
// A body has a member error with the value true, a code and a description. The
// vendor publishes one code, unknown_error; the others are ours. A token without
// the needed scope is answered 401, and not 403 as in the other formats. There is
// no place for fields, so the description of a validation error lists them.
//
// https://help.enpass.io/business/latest/google-workspace/error-handling-troubleshooting
package enpass

import (
	"github.com/backstop-go/backstop/internal/jsonappend"
	"github.com/backstop-go/backstop/problem"
)

// Style is the error format of Enpass.
var Style = style()

// style makes the Style. The mark behind a row says who decides it: D means that the
// vendor documents it, d that the vendor documents a part of it, o that it is our
// choice. A row without a Message has that of [problem.RFC9457].
func style() problem.Style {
	return problem.Style{
		Name:        "enpass",
		ContentType: "application/json",
		Outcomes: [...]problem.Outcome{
			problem.Internal:             {Status: 500, Code: "unknown_error", Message: "Something went wrong", Retry: problem.Once},         // D
			problem.InvalidRequest:       {Status: 400, Code: "invalid_request"},                                                             // o
			problem.Validation:           {Status: 400, Code: "validation_error"},                                                            // o
			problem.Unauthenticated:      {Status: 401, Code: "unauthorized", Message: "Missing or invalid Bearer token"},                    // d
			problem.TokenExpired:         {Status: 401, Code: "unauthorized"},                                                                // d
			problem.TokenInvalid:         {Status: 401, Code: "unauthorized"},                                                                // d
			problem.TokenRevoked:         {Status: 401, Code: "unauthorized"},                                                                // d
			problem.Forbidden:            {Status: 403, Code: "forbidden"},                                                                   // o
			problem.InsufficientScope:    {Status: 401, Code: "insufficient_scope", Message: "Invalid token scope"},                          // d
			problem.NotFound:             {Status: 404, Code: "not_found"},                                                                   // d
			problem.MethodNotAllowed:     {Status: 405, Code: "method_not_allowed"},                                                          // o
			problem.NotAcceptable:        {Status: 406, Code: "invalid_request"},                                                             // o
			problem.Conflict:             {Status: 409, Code: "conflict"},                                                                    // o
			problem.Gone:                 {Status: 410, Code: "not_found"},                                                                   // o
			problem.PayloadTooLarge:      {Status: 413, Code: "payload_too_large"},                                                           // o
			problem.UnsupportedMediaType: {Status: 415, Code: "unsupported_media_type"},                                                      // o
			problem.RequestTimeout:       {Status: 408, Code: "invalid_request"},                                                             // o
			problem.RateLimited:          {Status: 429, Code: "rate_limit_exceeded", Message: "Rate limit exceeded", Retry: problem.Backoff}, // d
			problem.QuotaExceeded:        {Status: 429, Code: "rate_limit_exceeded"},                                                         // o
			problem.Unavailable:          {Status: 503, Code: "service_unavailable", Retry: problem.Backoff},                                 // o
			problem.Timeout:              {Status: 504, Code: "unknown_error", Retry: problem.Once},                                          // o
			problem.UpstreamFailed:       {Status: 502, Code: "unknown_error", Retry: problem.Once},                                          // o
			problem.UpstreamTimeout:      {Status: 504, Code: "unknown_error", Retry: problem.Once},                                          // o
		},
		Codes:     []problem.Code{UnknownError},
		FieldText: problem.FieldText,
		RateLimit: problem.XRateLimit,
		Append:    appendBody,
		Decode:    decode,
		Schema:    schema,
	}
}

func appendBody(dst []byte, v *problem.View) ([]byte, error) {
	dst = append(dst, `{"error":true,"code":`...)
	dst = jsonappend.String(dst, v.Code)
	dst = append(dst, `,"description":`...)
	if v.Kind == problem.Validation && len(v.Fields) > 0 {
		dst = appendFields(dst, v)
	} else {
		dst = jsonappend.String(dst, v.Message)
	}
	return append(dst, '}'), nil
}

// appendFields appends all fields as one string: "email: is required; name: is required".
func appendFields(dst []byte, v *problem.View) []byte {
	var buf [256]byte
	dst = append(dst, '"')
	for i, f := range v.Fields {
		if i > 0 {
			dst = append(dst, "; "...)
		}
		if path := f.AppendPath(buf[:0], problem.Brackets); len(path) > 0 {
			dst = append(jsonappend.Text(dst, path), ": "...)
		}
		dst = jsonappend.Text(dst, v.FieldText(f))
	}
	return append(dst, '"')
}
