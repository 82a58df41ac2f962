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

// Passthrough lets an error that came from another service leave as it is:
// with its status, code, text, fields and details, in the style of this service.
// Without it a remote error leaves as UpstreamFailed or UpstreamTimeout, because
// the other service's 401 must not log our client out. Anything else is returned
// unchanged.
func Passthrough(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || !e.Remote() {
		return err
	}
	c := e.clone(true)
	c.rest.passed = true
	return c
}

// upstream is what we say of another service's error: not its status, code or
// words, which were meant for us.
func upstream(e *Error) *Error {
	switch e.Kind() {
	case RequestTimeout, Timeout, UpstreamTimeout:
		return UpstreamTimeout.Wrap(e, "")
	}
	return UpstreamFailed.Wrap(e, "")
}

// Remote makes the error that a Decode function returns, from what it found in
// a body: Code, Message, Fields, Details, RequestID and RetryAfter of v count,
// the last two also from the header. The body's request ID is the better one;
// of two delays the larger counts. A date in the header is compared with the
// answer's own Date, so that the clocks of both sides may differ.
//
// The kind is the first that matches: a published code with that status;
// Validation, if there are fields; a row of the style with the same status, code
// and text; with the same status and code; with the same status; else
// that of [KindOf].
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

// ownText cuts a text of another service, and keeps nothing of it alive but the
// result.
func ownText(text string, n int) string { return strings.Clone(cutText(text, n)) }

// delayOf reads a Retry-After: digits, or a date. Anything else is no delay.
func delayOf(text string, header http.Header) time.Duration {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && text[0] != '+' {
		return secondsOf(n)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	answered, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		answered = time.Now()
	}
	return secondsOf(int64(math.Ceil(at.Sub(answered).Seconds())))
}

// secondsOf returns n seconds, or nothing if that is no sensible delay: 68 years
// are the most.
func secondsOf(n int64) time.Duration {
	if n < 0 || n > 1<<31 {
		return 0
	}
	return time.Duration(n) * time.Second
}

// kindOf reads a status, and what a body said, as a kind of this style.
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

// match says how well a row explains an answer: 3 in all, 2 but for the text,
// 1 by the status alone, 0 not at all. A style without codes has none to differ.
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
