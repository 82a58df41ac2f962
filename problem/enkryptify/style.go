// Package enkryptify is the error format of the Enkryptify API, as a
// [problem.Style]:
//
//	errs := problem.New(problem.Config{Style: enkryptify.Style})
//
// A body has a message and nothing else; clients branch on the status. The
// message of a validation error lists its fields in the words of Zod 3. There is
// no place for codes, so a code sends its status and text alone.
//
// The vendor answers "no access" as "not found" where it pleases. That is a
// handler's decision: problem.NotFound, not problem.Forbidden.
//
// https://docs.enkryptify.com/api-reference/errors
package enkryptify

import (
	"github.com/backstop-go/backstop/internal/jsonappend"
	"github.com/backstop-go/backstop/problem"
)

// Style is Enkryptify's error format.
var Style = style()

const badToken = "Invalid or expired token"

// style makes the Style. A row is marked D if the vendor documents it, d if in
// part, o if it is our choice; a text that is left out is that of
// [problem.RFC9457]. The vendor documents RateLimit-Limit and its kin; the
// X-RateLimit family is there for clients of the others.
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

// appendIssues appends one string: "email: Required, name: Required".
func appendIssues(dst []byte, v *problem.View) []byte {
	dst = append(dst, '"')
	for i, f := range v.Fields {
		if isUnknown(f) && hasSibling(v.Fields[:i], f) {
			continue // named by the first of them
		}
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if isUnknown(f) {
			dst = appendUnknown(dst, v.Fields[i:])
			continue
		}
		dst = appendPath(dst, f)
		dst = jsonappend.Text(dst, v.FieldText(f))
	}
	return append(dst, '"')
}

// appendPath appends the path of f and a colon; nothing if f is the whole body.
func appendPath(dst []byte, f problem.FieldError) []byte {
	var buf [256]byte
	if path := f.AppendPath(buf[:0], problem.Dots); len(path) > 0 {
		return append(jsonappend.Text(dst, path), ": "...)
	}
	return dst
}

// appendUnknown appends, as one issue of their object, the first of the fields
// and all others that are unknown members of the same one. So Zod has it.
func appendUnknown(dst []byte, fields []problem.FieldError) []byte {
	parent, _ := split(fields[0])
	dst = appendPath(dst, problem.FieldError{In: fields[0].In, Path: parent})
	dst = append(dst, unrecognized...)
	var buf [256]byte
	for i, f := range fields {
		if i > 0 && !(isUnknown(f) && hasSibling(fields[:1], f)) {
			continue
		}
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = jsonappend.Text(dst, appendName(buf[:0], f))
	}
	return dst
}

func isUnknown(f problem.FieldError) bool {
	return f.Rule == "unknown" && f.Message == "" && len(f.Path) > 0
}

// hasSibling reports whether one of the fields is an unknown member of the same
// object as f.
func hasSibling(fields []problem.FieldError, f problem.FieldError) bool {
	parent, _ := split(f)
	for _, other := range fields {
		if !isUnknown(other) || other.In != f.In || len(other.Path) != len(f.Path) {
			continue
		}
		same := true
		for i, segment := range parent {
			same = same && equal(segment, other.Path[i])
		}
		if same {
			return true
		}
	}
	return false
}

// equal compares path segments. The types are looked at first, because what an
// application puts into a path may not be comparable.
func equal(a, b any) bool {
	switch a := a.(type) {
	case int:
		b, ok := b.(int)
		return ok && a == b
	case string:
		b, ok := b.(string)
		return ok && a == b
	case problem.Key:
		b, ok := b.(problem.Key)
		return ok && a == b
	}
	return false
}
