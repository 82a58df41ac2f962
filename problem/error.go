package problem

import (
	"log/slog"
	"slices"
	"time"
)

// Error says what went wrong, with a text for the client and a cause for the log. The
// New and Wrap methods of a [Kind] or a [Code] make it. An Error is immutable and safe
// for concurrent use: the With methods return changed copies. A handler that returns a
// nil *Error has not failed.
type Error struct {
	code   Code // only Kind is set if no code was named
	text   string
	cause  error
	fields []FieldError
	retry  time.Duration // 0 means none
	rest   *rest         // nil if all of it is zero
}

// rest holds what few errors have. It is immutable once an error points at it.
type rest struct {
	details []Detail
	cut     []string // names of what was left out, for the log
	fields  int      // how many fields were left out, for the log
	remote  bool     // decoded from a response, see [Remote]
	passed  bool     // sent although it is remote, see [Passthrough]
	id      string   // request ID of a remote error
}

// extra returns a copy of the rest.
func (e *Error) extra() rest {
	if e == nil || e.rest == nil {
		return rest{}
	}
	return *e.rest
}

// newError makes the errors of a Kind and of [Remote]. The New and Wrap methods are
// small enough to be inlined, so that an error which a With method copies at once is
// allocated only once.
func newError(c Code, cause error, text string) *Error {
	if c.Kind > ClientClosed {
		c.Kind = Internal
	}
	return &Error{code: c, text: text, cause: cause}
}

// Kind returns the kind. A nil Error has the kind Internal.
func (e *Error) Kind() Kind {
	if e == nil {
		return Internal
	}
	return e.code.Kind
}

// Code returns the code that was named, and whether one was.
func (e *Error) Code() (Code, bool) {
	if e == nil || !e.code.named() {
		return Code{}, false
	}
	return e.code, true
}

// Message returns the public text: that of the error, cut to 4 KiB, or else that of
// its code. An empty text means the style's.
func (e *Error) Message() string {
	switch {
	case e == nil:
		return ""
	case e.text != "":
		return cutText(e.text, maxText)
	}
	return e.code.Message
}

// Fields returns a copy of the field errors. Path and OneOf are not copied, and must not
// be changed.
func (e *Error) Fields() []FieldError {
	if e == nil {
		return nil
	}
	return slices.Clone(e.fields)
}

// Details returns a copy of the details, in the order in which they were added.
func (e *Error) Details() []Detail {
	return slices.Clone(e.extra().details)
}

// RetryAfter returns the delay after which a repetition may succeed, or 0 if none is
// known.
func (e *Error) RetryAfter() time.Duration {
	if e == nil {
		return 0
	}
	return e.retry
}

// Remote reports whether e came from another service. A [Responder] does not forward
// such an error: see [Passthrough].
func (e *Error) Remote() bool { return e.extra().remote }

// RequestID returns the request ID of a remote error, and "" for any other error.
func (e *Error) RequestID() string { return e.extra().id }

// Error returns kind or code, text, fields and cause, for logs. It is never sent to a
// client.
func (e *Error) Error() string {
	if e == nil {
		return "<nil>"
	}
	s := e.code.Name
	if s == "" {
		s = e.Kind().String()
	}
	if text := e.Message(); text != "" {
		s += ": " + text
	}
	if len(e.fields) > 0 {
		s += ": " + fieldList(e.fields)
	}
	if e.cause != nil {
		s += ": " + textOf(e.cause)
	}
	return s
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.cause
}

// Is reports whether target is the [Kind] of e, or a [Code] with the name of its code.
// Kinds match exactly: a [TokenExpired] is not an [Unauthenticated].
func (e *Error) Is(target error) bool {
	return e != nil && e.code.is(target)
}

// LogValue returns a group of kind, code, text, cause, and the paths and rules of the
// fields. It implements [slog.LogValuer].
func (e *Error) LogValue() slog.Value {
	if e == nil {
		return slog.Value{}
	}
	attrs := []slog.Attr{slog.String("kind", e.Kind().String())}
	if e.code.Name != "" {
		attrs = append(attrs, slog.String("code", e.code.Name))
	}
	if text := e.Message(); text != "" {
		attrs = append(attrs, slog.String("text", text))
	}
	if len(e.fields) > 0 {
		attrs = append(attrs, slog.String("fields", fieldList(e.fields)))
	}
	if e.cause != nil {
		attrs = append(attrs, slog.String("cause", textOf(e.cause)))
	}
	return slog.GroupValue(attrs...)
}

// fieldList prints paths and rules, never values or messages.
func fieldList(fields []FieldError) string {
	var b []byte
	for i, f := range fields {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = f.AppendPath(b, Brackets)
		b = append(append(b, ' '), f.Rule...)
	}
	return string(b)
}
