// Package scaivault is the error format of the ScaiVault API, as a
// [problem.Style]:
//
//	errs := problem.New(problem.Config{Style: scaivault.Style})
//
// A body has one member, error. It is an object with a code, a message, details
// and the request ID. Clients look at the code alone, so a published code never
// changes its meaning or its status. The vendor has no code for nine kinds; those
// codes are ours. Field errors stand in details.fields.
//
// A body whose JSON has another shape than the handler expects is answered 400
// with invalid_request. A body that breaks a rule is answered 422 with
// validation_error.
//
// https://www.scailabs.ai/en/docs/scaivault/reference/error-codes
package scaivault

import (
	"github.com/backstop-go/backstop/internal/jsonappend"
	"github.com/backstop-go/backstop/problem"
)

// Style is the error format of ScaiVault.
var Style = style()

// style makes the Style. The mark behind a row says who decides it: D means that the
// vendor documents it, d that the vendor documents a part of it, o that it is our
// choice. A row without a Message has that of [problem.RFC9457].
func style() problem.Style {
	return problem.Style{
		Name:        "scaivault",
		ContentType: "application/json",
		Outcomes: [...]problem.Outcome{
			problem.Internal:             outcome(InternalError),                        // D
			problem.InvalidRequest:       outcome(InvalidRequest),                       // d
			problem.Validation:           outcome(ValidationError),                      // d
			problem.Unauthenticated:      outcome(AuthenticationRequired),               // D
			problem.TokenExpired:         outcome(TokenExpired),                         // d
			problem.TokenInvalid:         outcome(TokenInvalid),                         // d
			problem.TokenRevoked:         outcome(TokenRevoked),                         // d
			problem.Forbidden:            outcome(Forbidden),                            // d
			problem.InsufficientScope:    outcome(InsufficientScope),                    // D
			problem.NotFound:             {Status: 404, Code: "not_found"},              // d
			problem.MethodNotAllowed:     {Status: 405, Code: "method_not_allowed"},     // o
			problem.NotAcceptable:        {Status: 406, Code: "not_acceptable"},         // o
			problem.Conflict:             {Status: 409, Code: "conflict"},               // d
			problem.Gone:                 {Status: 410, Code: "gone"},                   // d
			problem.PayloadTooLarge:      {Status: 413, Code: "payload_too_large"},      // o
			problem.UnsupportedMediaType: {Status: 415, Code: "unsupported_media_type"}, // o
			problem.RequestTimeout:       {Status: 408, Code: "request_timeout"},        // o
			problem.RateLimited:          outcome(RateLimited),                          // d
			problem.QuotaExceeded:        outcome(QuotaExceeded),                        // d
			problem.Unavailable:          outcome(ServiceUnavailable),                   // d
			problem.Timeout:              {Status: 504, Code: "timeout"},                // o
			problem.UpstreamFailed:       outcome(BackendError),                         // d
			problem.UpstreamTimeout:      outcome(BackendTimeout),                       // d
		},
		Shape:     outcome(InvalidRequest), // the page says "Malformed JSON or shape"
		Codes:     codes,
		FieldText: problem.FieldText,
		RateLimit: problem.XRateLimit,
		Append:    appendBody,
		Decode:    decode,
		Schema:    schema,
	}
}

// outcome makes the row of a kind from the published code for that kind.
func outcome(c problem.Code) problem.Outcome {
	return problem.Outcome{Status: c.Status, Code: c.Name, Message: c.Message, Retry: c.Retry}
}

func appendBody(dst []byte, v *problem.View) ([]byte, error) {
	dst = append(dst, `{"error":{"code":`...)
	dst = jsonappend.String(dst, v.Code)
	dst = append(dst, `,"message":`...)
	dst = jsonappend.String(dst, v.Message)
	dst = appendDetails(dst, v)
	if v.RequestID != "" {
		dst = append(dst, `,"request_id":`...)
		dst = jsonappend.String(dst, v.RequestID)
	}
	return append(dst, "}}"...), nil
}

// appendDetails appends the fields as an array in their order, and then the details of
// the handler. If there are fields, a detail with the name fields is left out.
func appendDetails(dst []byte, v *problem.View) []byte {
	const name = `,"details":{`
	next := name
	if len(v.Fields) > 0 {
		dst = append(dst, name+`"fields":`...)
		dst = appendFields(dst, v)
		next = ","
	}
	for _, d := range v.Details {
		if d.Name == "fields" && len(v.Fields) > 0 {
			continue
		}
		dst = append(dst, next...)
		dst = append(jsonappend.String(dst, d.Name), ':')
		dst = append(dst, d.Value...)
		next = ","
	}
	if next == name {
		return dst
	}
	return append(dst, '}')
}

func appendFields(dst []byte, v *problem.View) []byte {
	var buf [256]byte
	for i, f := range v.Fields {
		dst = append(dst, "[,"[min(i, 1)])
		dst = append(dst, `{"field":`...)
		dst = jsonappend.String(dst, f.AppendPath(buf[:0], problem.Brackets))
		dst = append(dst, `,"message":`...)
		dst = jsonappend.String(dst, v.FieldText(f))
		dst = append(dst, '}')
	}
	return append(dst, ']')
}
