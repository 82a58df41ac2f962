// Package authrim is the error format of the Authrim Admin API, as a
// [problem.Style]:
//
//	errs := problem.New(problem.Config{Style: authrim.Style})
//
// A body has an error code and a description. If fields are wrong, it also has
// details, a map from paths to full sentences, which a client may show to its
// user. Of the vendors' formats only this one has a debug block, see
// [problem.Config.Debug].
//
// A kind that the vendor does not document has the usual status of HTTP and the
// published code that comes closest, mostly invalid_request or internal_error. The
// request ID is sent in the header only.
//
// https://authrim.com/api/admin/errors
package authrim

import (
	"strconv"
	"time"

	"github.com/backstop-go/backstop/internal/jsonappend"
	"github.com/backstop-go/backstop/problem"
)

// Style is the error format of Authrim.
var Style = style()

// style makes the Style. The mark behind a row says who decides it: D means that the
// vendor documents it, o that it is our choice. A row without a Message has that of
// [problem.RFC9457].
func style() problem.Style {
	return problem.Style{
		Name:        "authrim",
		ContentType: "application/json",
		Outcomes: [...]problem.Outcome{
			problem.Internal:             outcome(InternalError),                                        // D
			problem.InvalidRequest:       outcome(InvalidRequest),                                       // D
			problem.Validation:           outcome(ValidationError),                                      // D
			problem.Unauthenticated:      outcome(Unauthorized),                                         // D
			problem.TokenExpired:         outcome(TokenExpired),                                         // D
			problem.TokenInvalid:         outcome(Unauthorized),                                         // D
			problem.TokenRevoked:         outcome(TokenRevoked),                                         // D
			problem.Forbidden:            outcome(Forbidden),                                            // D
			problem.InsufficientScope:    outcome(InsufficientScope),                                    // D
			problem.NotFound:             outcome(NotFound),                                             // D
			problem.MethodNotAllowed:     {Status: 405, Code: "invalid_request"},                        // o
			problem.NotAcceptable:        {Status: 406, Code: "invalid_request"},                        // o
			problem.Conflict:             outcome(Conflict),                                             // D
			problem.Gone:                 {Status: 410, Code: "not_found"},                              // o
			problem.PayloadTooLarge:      {Status: 413, Code: "invalid_request"},                        // o
			problem.UnsupportedMediaType: {Status: 415, Code: "invalid_request"},                        // o
			problem.RequestTimeout:       {Status: 408, Code: "invalid_request"},                        // o
			problem.RateLimited:          outcome(RateLimitExceeded),                                    // D
			problem.QuotaExceeded:        {Status: 429, Code: "rate_limit_exceeded"},                    // o
			problem.Unavailable:          outcome(ServiceUnavailable),                                   // D
			problem.Timeout:              outcome(Timeout),                                              // D
			problem.UpstreamFailed:       {Status: 502, Code: "internal_error", Retry: problem.Backoff}, // o
			problem.UpstreamTimeout:      outcome(Timeout),                                              // D
		},
		Codes:     codes,
		FieldText: FieldText,
		RateLimit: problem.XRateLimit,
		Append:    appendBody,
		Decode:    decode,
		Schema:    schema,
		Advice:    problem.Advice{BaseDelay: time.Second, DefaultDelay: time.Minute},
	}
}

// outcome makes the row of a kind from the published code for that kind.
func outcome(c problem.Code) problem.Outcome {
	return problem.Outcome{Status: c.Status, Code: c.Name, Message: c.Message, Retry: c.Retry}
}

func appendBody(dst []byte, v *problem.View) ([]byte, error) {
	dst = append(dst, `{"error":`...)
	dst = jsonappend.String(dst, v.Code)
	dst = append(dst, `,"error_description":`...)
	dst = jsonappend.String(dst, v.Message)
	dst = appendDetails(dst, v)
	if v.Status == 429 && v.RetryAfter > 0 {
		dst = append(dst, `,"retry_after":`...)
		dst = strconv.AppendInt(dst, int64(v.RetryAfter), 10)
	}
	if v.Debug != nil {
		dst = appendDebug(dst, v)
	}
	return append(dst, '}'), nil
}

// appendDetails appends the sentences of the fields, or else the details of the
// handler. A validation_error always has details, which hold sentences only: the
// vendor's sample client joins all values in details and shows them to the user.
func appendDetails(dst []byte, v *problem.View) []byte {
	const name = `,"details":`
	if v.Code == ValidationError.Name || len(v.Fields) > 0 {
		return v.AppendFieldMap(append(dst, name...))
	}
	if len(v.Details) == 0 {
		return dst
	}
	dst = append(dst, name...)
	for i, d := range v.Details {
		dst = append(dst, "{,"[min(i, 1)])
		dst = append(jsonappend.String(dst, d.Name), ':')
		dst = append(dst, d.Value...)
	}
	return append(dst, '}')
}

func appendDebug(dst []byte, v *problem.View) []byte {
	dst = append(dst, `,"debug":{"stack_trace":`...)
	dst = jsonappend.String(dst, v.Debug.Stack)
	if len(v.Debug.Body) > 0 {
		dst = append(dst, `,"request_body":`...)
		dst = append(dst, v.Debug.Body...)
	}
	dst = append(dst, `,"timestamp":"`...)
	dst = v.Time.UTC().AppendFormat(dst, time.RFC3339)
	return append(dst, `"}`...)
}
