package problem

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// Passthrough lets an error that came from another service leave as it is:
// with its kind, code, text, fields and details, in the style of this service.
// Without it a remote error leaves as UpstreamFailed, because the other
// service's 401 must not log our client out. Anything else is returned
// unchanged.
func Passthrough(err error) error {
	var e *Error
	if !errors.As(err, &e) || !e.Remote() {
		return err
	}
	c := e.clone()
	c.passed = true
	return c
}

// Remote makes the error that a Decode function returns, from what it found in
// a body: Code, Message, Fields, Details, RequestID and RetryAfter of v count.
// The kind is the first that matches: a published code with that status;
// Validation, if there are fields; a row of the style with the same status, code
// and text; with the same status and code; with the same status; else
// InvalidRequest or Internal.
func Remote(s *Style, status int, header http.Header, v View) *Error {
	e := &Error{
		code:   Code{Name: v.Code, Kind: s.kindOf(status, &v), Status: status},
		text:   cutText(v.Message, maxText),
		remote: true,
		id:     v.RequestID,
		retry:  time.Duration(min(max(v.RetryAfter, 0), 1<<31)) * time.Second,
	}
	for _, c := range s.Codes {
		if c.Name == v.Code {
			e.code.Retry = c.Retry
		}
	}
	if e.id == "" {
		e.id = header.Get("X-Request-Id")
	}
	if e.retry == 0 {
		if n, err := strconv.Atoi(header.Get("Retry-After")); err == nil && n > 0 && n < 1<<31 {
			e.retry = time.Duration(n) * time.Second
		}
	}
	if len(v.Fields) > 0 {
		e = e.WithFields(v.Fields...)
	}
	for _, d := range v.Details {
		if json.Valid(d.Value) {
			e = e.WithDetail(d.Name, d.Value)
		}
	}
	return e
}

// kindOf reads a status, and what a body said, as a kind of this style.
func (s *Style) kindOf(status int, v *View) Kind {
	for _, c := range s.Codes {
		if c.Name == v.Code && c.Status == status {
			return c.Kind
		}
	}
	if len(v.Fields) > 0 {
		return Validation
	}
	best, level := Internal, 0
	for k := Internal; k < ClientClosed; k++ {
		o := s.outcome(k)
		match := 0
		switch {
		case o.Status != status:
		case o.Code != v.Code && v.Code != "":
			match = 1
		case o.Message != v.Message:
			match = 2
		default:
			match = 3
		}
		if match > level {
			best, level = k, match
		}
	}
	if level == 0 && status < 500 {
		return InvalidRequest
	}
	return best
}
