package problem

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/backstop-go/backstop/internal/jsonappend"
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
	// falls through to the outcome of [RFC9457], so a row cannot be missing.
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

	// Append appends the body. It must be safe for concurrent use and must not
	// change the view or keep it. Required. Whatever it has appended is
	// discarded if it returns an error or panics.
	Append func(dst []byte, v *View) ([]byte, error)

	// Decode reads a body of this style back; nil if clients have no use for
	// it. It fails for bodies of other styles. [Remote] makes its result.
	Decode func(status int, header http.Header, body []byte) (*Error, error)

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

// View is what a style may see of an error: resolved, safe to send, without
// cause. It lives as long as the call of Append.
type View struct {
	Kind       Kind
	Status     int    // 400 to 599
	Code       string // the error's code, else the style's for Kind
	Message    string // valid UTF-8 and never empty
	Path       string // as the request came in, escaped, without query
	RequestID  string // empty if there is none
	Time       time.Time
	RetryAfter int // whole seconds as in the header; 0 means none
	Fields     []FieldError
	Details    []Detail
	Debug      *Debug // nil unless both locks are open

	fieldText func(FieldError) string
}

// Detail is a member that a handler has added with [Error.WithDetail].
type Detail struct {
	Name  string
	Value json.RawMessage
}

// Debug is what a debug block may show. See [Config].
type Debug struct {
	Stack string          // of a recovered panic, else empty
	Body  json.RawMessage // the body received, redacted; nil if there is none to show
}

// FieldText returns the style's sentence for f.
func (v *View) FieldText(f FieldError) string {
	if v.fieldText == nil {
		return FieldText(f)
	}
	return v.fieldText(f)
}

// FieldMap returns the sentences by path, in the syntax [Brackets]. Of two
// sentences for one path the first stays. It is nil if there are no fields.
func (v *View) FieldMap() map[string]string {
	if len(v.Fields) == 0 {
		return nil
	}
	m := make(map[string]string, len(v.Fields))
	for _, f := range v.Fields {
		path := string(f.AppendPath(nil, Brackets))
		if _, ok := m[path]; !ok {
			m[path] = v.FieldText(f)
		}
	}
	return m
}

// AppendFieldMap appends the sentences as a JSON object from path to sentence,
// in the order of the fields; otherwise it is [View.FieldMap].
func (v *View) AppendFieldMap(dst []byte) []byte {
	var buf [maxPath]byte
	names := make([][2]int, 0, 16) // where each stands in dst
	dst = append(dst, '{')
	for _, f := range v.Fields {
		end := len(dst)
		if len(names) > 0 {
			dst = append(dst, ',')
		}
		start := len(dst)
		dst = jsonappend.String(dst, f.AppendPath(buf[:0], Brackets))
		name := dst[start:]
		if slices.ContainsFunc(names, func(at [2]int) bool { return bytes.Equal(dst[at[0]:at[1]], name) }) {
			dst = dst[:end]
			continue
		}
		names = append(names, [2]int{start, len(dst)})
		dst = jsonappend.String(append(dst, ':'), v.FieldText(f))
	}
	return append(dst, '}')
}

// AppendJSON appends v as encoding/json has it, but without HTML escaping. It
// serves styles that describe their body as a struct.
func AppendJSON(dst []byte, v any) ([]byte, error) {
	w := appender{dst}
	enc := json.NewEncoder(&w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return dst, err
	}
	return w.dst[:len(w.dst)-1], nil // without the newline of Encode
}

type appender struct{ dst []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.dst = append(a.dst, p...)
	return len(p), nil
}

// outcome returns the row of a kind, completed from the default table.
func (s *Style) outcome(k Kind) Outcome {
	if int(k) >= numKinds {
		k = Internal
	}
	return s.Outcomes[k].or(defaults[k])
}

// shape returns the outcome of Validation with a shape problem.
func (s *Style) shape() Outcome {
	return s.Shape.or(s.outcome(Validation))
}

// or fills the empty members of o from d.
func (o Outcome) or(d Outcome) Outcome {
	if o.Status == 0 {
		o.Status = d.Status
	}
	if o.Code == "" {
		o.Code = d.Code
	}
	if o.Message == "" {
		o.Message = d.Message
	}
	return o
}

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
	if st := s.Shape.Status; st != 0 && !isErrorStatus(st) {
		fault("has status %d for Shape, want 400 to 599", st)
	}
	return errors.Join(errs...)
}

func isErrorStatus(status int) bool { return 400 <= status && status <= 599 }
