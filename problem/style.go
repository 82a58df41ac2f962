package problem

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Style is an error format: a table of outcomes and an encoder. Assigning a Style copies
// the table, so to derive a style, copy one and change members; see the example.
//
// Do not change a Style after it was given to [New].
type Style struct {
	// Name is the name of the style, such as "rfc9457". Required.
	Name string

	// ContentType is sent with every body. Required.
	ContentType string

	// Outcomes are the answers, indexed by [Kind]. An empty member means that of
	// [RFC9457]. But if Status is set, an empty Retry means [Never].
	Outcomes [numKinds]Outcome

	// Shape is the outcome of [Validation] if at least one field has a shape problem
	// ([FieldError.Shape]). Empty members mean those of Validation.
	Shape Outcome

	// Codes are the published codes, in the order of the vendor's page. They are
	// looked up when a body is decoded.
	Codes []Code

	// FieldText makes a sentence of the facts of a field error. If there is a
	// [FieldError.Message], it should return that. It must be safe for concurrent
	// use. Default [FieldText].
	FieldText func(FieldError) string

	// RateLimit is the set of header families that a limiter writes. Default
	// [XRateLimit].
	RateLimit RateLimitHeaders

	// Append appends the body. It must be safe for concurrent use, must not change
	// the view, and must keep neither the view nor dst. Required. If it returns an
	// error or panics, all that it has appended is discarded.
	Append func(dst []byte, v *View) ([]byte, error)

	// Decode parses a body of this style, and fails for a body of another style. It
	// makes its result with [Remote]. s is the style that the client has chosen,
	// which may be derived from this one. May be nil.
	Decode func(s *Style, status int, header http.Header, body []byte) (*Error, error)

	// Schema returns the JSON Schema of the body for package openapi. A code in the
	// body must be one of codes, or may be any if codes is empty. May be nil.
	Schema func(codes []string) []byte

	// Advice is what the vendor tells clients about retries.
	Advice Advice
}

// Outcome is the answer of a style to a kind.
type Outcome struct {
	Status  int    // 400 to 599
	Code    string // machine-readable code, for styles that have a place for it
	Message string // a sentence that is true of any resource
	Retry   Retry
}

// Advice is a vendor's advice to clients about retries, beyond [Retry]. A server does
// not use it.
type Advice struct {
	BaseDelay    time.Duration // of an exponential backoff
	DefaultDelay time.Duration // after a 429 without Retry-After
	Jitter       bool
	Refresh      bool // after a 401, refresh the credentials once and repeat
}

// RateLimitHeaders is a set of families of rate-limit header fields.
type RateLimitHeaders uint8

// The families of [RateLimitHeaders].
const (
	XRateLimit      RateLimitHeaders = 1 << iota // X-RateLimit-Limit -Remaining -Reset, Reset in Unix seconds
	RateLimitTrio                                // RateLimit-Limit -Remaining -Reset, Reset in seconds from now
	RateLimitFields                              // RateLimit-Policy and RateLimit, draft-ietf-httpapi-ratelimit-headers
)

// outcome returns the outcome of a kind, completed from defaults.
func (s *Style) outcome(k Kind) Outcome {
	if int(k) >= numKinds {
		k = Internal // ClientClosed has no row
	}
	return s.Outcomes[k].or(defaults[k])
}

// shape returns the outcome of Validation with a shape problem.
func (s *Style) shape() Outcome {
	return s.Shape.or(s.outcome(Validation))
}

// or fills the empty members of o from d. If o has a Status, its Retry counts as set.
func (o Outcome) or(d Outcome) Outcome {
	if o.Status == 0 {
		o.Status, o.Retry = d.Status, cmp.Or(o.Retry, d.Retry)
	}
	o.Code = cmp.Or(o.Code, d.Code)
	o.Message = cmp.Or(o.Message, d.Message)
	return o
}

// valid returns o with a text that is valid UTF-8.
func (o Outcome) valid() Outcome {
	o.Message = validText(o.Message)
	return o
}

// status returns the status of a code in this style.
func (s *Style) status(c Code) int { return c.statusOr(s.outcome(c.Kind).Status) }

// check returns all faults of a style.
func (s *Style) check() error {
	var errs []error
	fault := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("problem: style %q "+format, append([]any{s.Name}, args...)...))
	}
	if s.Name == "" {
		fault("has no Name")
	}
	if s.ContentType == "" {
		fault("has no ContentType")
	}
	if s.Append == nil {
		fault("has no Append")
	}
	for k, o := range s.Outcomes {
		if o.Status != 0 && !isErrorStatus(o.Status) {
			fault("has status %d for %v, want 400 to 599", o.Status, Kind(k))
		}
	}
	if status := s.Shape.Status; status != 0 && !isErrorStatus(status) {
		fault("has status %d for Shape, want 400 to 599", status)
	}
	return errors.Join(errs...)
}

func isErrorStatus(status int) bool { return 400 <= status && status <= 599 }
