package problem

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Style is an error format: a table and an encoder. It is a value. Because the
// outcomes are an array, assigning a Style copies it, and deriving a style is
// copying one and changing members; see the example.
//
// A Style is not to be changed once it was given to [New].
type Style struct {
	// Name is the style's name, as in "rfc9457". Required.
	Name string

	// ContentType is sent with every body. Required.
	ContentType string

	// Outcomes says what becomes of each kind, indexed by Kind. An empty member
	// falls through to the outcome of [RFC9457], so a row cannot be missing. In a
	// row with a Status, Retry is not empty but Never.
	Outcomes [numKinds]Outcome

	// Shape is the outcome of Validation when at least one field has a shape
	// problem ([FieldError.Shape]). Zero means that of Validation.
	Shape Outcome

	// Codes are the published codes, in the order of the vendor's page. They
	// are looked up when a body is decoded.
	Codes []Code

	// FieldText turns the facts of a field error into a sentence. It must be
	// safe for concurrent use. Default [FieldText]. FieldError.Message is
	// handed to it like all else; most dialects return it unchanged.
	FieldText func(FieldError) string

	// RateLimit is the set of header families that a limiter writes.
	// Default XRateLimit.
	RateLimit RateLimitHeaders

	// Append appends the body. It must be safe for concurrent use, must not
	// change the view, and must keep neither the view nor dst. Required.
	// Whatever it has appended is discarded if it returns an error or panics.
	Append func(dst []byte, v *View) ([]byte, error)

	// Decode reads a body of this style back; nil if clients have no use for
	// it. It fails for bodies of other styles. [Remote] makes its result, by the
	// table of s, which is the style whose Decode was called: in a derived style
	// that is the derived one.
	Decode func(s *Style, status int, header http.Header, body []byte) (*Error, error)

	// Schema returns the JSON Schema of the body, in which a code is one of codes,
	// or any if there are none. Package openapi publishes it; nil if nobody has a
	// use for that.
	Schema func(codes []string) []byte

	// Advice is what the vendor tells clients about retries.
	Advice Advice
}

// Outcome is what a style makes of a kind.
type Outcome struct {
	Status  int    // 400 to 599
	Code    string // machine-readable code, for styles that have a place for it
	Message string // the style's sentence; true of any resource
	Retry   Retry
}

// Advice is a vendor's word on retries beyond [Retry]. It is data for clients;
// a server has no use for it.
type Advice struct {
	BaseDelay    time.Duration // of an exponential backoff
	DefaultDelay time.Duration // after a 429 without Retry-After
	Jitter       bool
	Refresh      bool // on 401, refresh the credentials once and repeat
}

// RateLimitHeaders is a set of families of rate-limit header fields.
type RateLimitHeaders uint8

// The families.
const (
	XRateLimit      RateLimitHeaders = 1 << iota // X-RateLimit-Limit -Remaining -Reset, Reset in Unix seconds
	RateLimitTrio                                // RateLimit-Limit -Remaining -Reset, Reset in seconds from now
	RateLimitFields                              // RateLimit-Policy and RateLimit, draft-ietf-httpapi-ratelimit-headers
)

// outcome returns the row of a kind, completed from the default table.
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

// or fills the empty members of o from d. A class of retries is not empty if
// there is a status: it is Never.
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

// check returns what keeps a style from working, all faults at once.
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
