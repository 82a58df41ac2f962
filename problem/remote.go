package problem

import (
	"cmp"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Passthrough returns a copy of an error from another service that is sent with its own
// status, code, text, fields and details, in the style of this service. Without
// Passthrough a remote error is sent as [UpstreamFailed] or [UpstreamTimeout]: for
// example, the other service's 401 must not log our client out. Passthrough returns any
// other error unchanged.
func Passthrough(err error) error {
	e, _ := errors.AsType[*Error](err)
	if !e.Remote() {
		return err
	}
	c := e.clone(true)
	c.rest.passed = true
	return c
}

// upstream returns the error for our client that stands for an error of another
// service. The status, code and text of that error were meant for us.
func upstream(e *Error) *Error {
	switch e.Kind() {
	case RequestTimeout, Timeout, UpstreamTimeout:
		return UpstreamTimeout.Wrap(e, "")
	}
	return UpstreamFailed.Wrap(e, "")
}

// Remote makes the error that [Style.Decode] returns, from the Code, Message, Fields,
// Details, RequestID and RetryAfter of v. The header may hold a request ID and a delay,
// too: the request ID of v comes first, and the longer delay counts. A date in the
// header is compared with the Date of the answer, so the clocks of both sides may
// differ.
//
// The kind is the first that is found of:
//
//   - the kind of a published code with that name and status
//   - [Validation], if there are fields
//   - the kind of the outcome with the same status, code and text
//   - the kind of an outcome with the same status and code
//   - the kind of an outcome with the same status
//   - the result of [KindOf]
func Remote(s *Style, status int, header http.Header, v View) *Error {
	kind := s.kindOf(status, &v)
	e := newError(Code{
		Name:   ownText(v.Code, maxRemoteName),
		Kind:   kind,
		Status: status,
		Retry:  s.outcome(kind).Retry,
	}, nil, ownText(v.Message, maxText))
	for _, c := range s.Codes {
		if c.Name == v.Code {
			e.code.Retry = c.Retry
			break
		}
	}
	e.rest = &rest{remote: true, id: ownText(cmp.Or(v.RequestID, header.Get("X-Request-Id")), maxRemoteName)}
	e.retry = secondsOf(int64(v.RetryAfter))
	for _, text := range header.Values("Retry-After") {
		e.retry = max(e.retry, delayOf(text, header))
	}
	if len(v.Fields) > 0 {
		e = e.WithFields(v.Fields...)
	}
	for _, d := range v.Details {
		e = e.WithDetail(d.Name, d.Value)
	}
	return e
}

// maxRemoteName bounds the names that another service gives, in bytes.
const maxRemoteName = 128

// ownText returns a copy of a text, cut to n bytes, so that the body of the answer can
// be collected.
func ownText(text string, n int) string { return strings.Clone(cutText(text, n)) }

// delayOf reads a Retry-After: digits, or a date. For any other text it returns 0.
func delayOf(text string, header http.Header) time.Duration {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && text[0] != '+' {
		return secondsOf(n)
	}
	at, _ := http.ParseTime(text) // what is no date is long past
	answered, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		answered = time.Now()
	}
	return secondsOf(int64(math.Ceil(at.Sub(answered).Seconds())))
}

// secondsOf returns n seconds, or 0 if n is negative or more than 68 years.
func secondsOf(n int64) time.Duration {
	if n < 0 || n > 1<<31 {
		return 0
	}
	return time.Duration(n) * time.Second
}

// kindOf returns the kind of an answer, as [Remote] documents it.
func (s *Style) kindOf(status int, v *View) Kind {
	for _, c := range s.Codes {
		if c.Name == v.Code && s.status(c) == status {
			return c.Kind
		}
	}
	if len(v.Fields) > 0 {
		return Validation
	}
	best, level := KindOf(status), 0
	for k := range ClientClosed {
		if match := s.outcome(k).match(status, v); match > level {
			best, level = k, match
		}
	}
	return best
}

// match says how well an outcome fits an answer: 3 if status, code and text are equal, 2
// if status and code are, 1 if only the status is, else 0. An answer without a code
// fits any code.
func (o Outcome) match(status int, v *View) int {
	switch {
	case o.Status != status:
		return 0
	case o.Code != v.Code && v.Code != "":
		return 1
	case o.Message != v.Message:
		return 2
	}
	return 3
}
