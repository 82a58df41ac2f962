package problem

import (
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of an [Error]. What exceeds them is cut, and the log says so.
const (
	maxText        = 4 << 10
	maxFields      = 100
	maxDetails     = 32
	maxDetailBytes = 8 << 10
)

// Error says what went wrong, once for the client and once for the log. It is
// made by the New and Wrap methods of a [Kind] or a [Code], is immutable, and
// may be shared: the With methods return changed copies, and rendering writes
// nothing to it. A nil *Error is harmless, and returned by a handler it means
// that nothing failed.
type Error struct {
	code    Code // only Kind is set if no code was named
	text    string
	cause   error
	fields  []FieldError
	details []Detail
	retry   time.Duration // 0 means none
	cut     []string      // what the bounds took away, for the log
	remote  bool          // decoded from a response; never rendered as it is
	passed  bool          // Passthrough
	id      string        // request ID of a remote error
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
	if e == nil || e.code.Name == "" && e.code.Status == 0 {
		return Code{}, false
	}
	return e.code, true
}

// Message returns the public text: the error's, else the code's, else "", which
// stands for the style's.
func (e *Error) Message() string {
	switch {
	case e == nil:
		return ""
	case e.text != "":
		return e.text
	}
	return e.code.Message
}

// Fields returns a copy of the field errors.
func (e *Error) Fields() []FieldError {
	if e == nil {
		return nil
	}
	return slices.Clone(e.fields)
}

// Details returns a copy of the details, in the order in which they were added.
func (e *Error) Details() []Detail {
	if e == nil {
		return nil
	}
	return slices.Clone(e.details)
}

// RetryAfter returns the delay after which a repetition may succeed; 0 means
// that none is known.
func (e *Error) RetryAfter() time.Duration {
	if e == nil {
		return 0
	}
	return e.retry
}

// Remote reports whether e came from another service. Such an error is not
// forwarded: see [Passthrough].
func (e *Error) Remote() bool { return e != nil && e.remote }

// RequestID returns the request ID of a remote error, and "" of any other.
func (e *Error) RequestID() string {
	if e == nil {
		return ""
	}
	return e.id
}

// Error returns kind or code, text and cause, for logs. It is never sent.
func (e *Error) Error() string {
	if e == nil {
		return "<nil>"
	}
	var b strings.Builder
	if e.code.Name != "" {
		b.WriteString(e.code.Name)
	} else {
		b.WriteString(e.code.Kind.String())
	}
	if text := e.Message(); text != "" {
		b.WriteString(": " + text)
	}
	for i, f := range e.fields {
		b.WriteString([]string{": ", ", "}[min(i, 1)])
		b.Write(f.AppendPath(nil, Brackets))
		b.WriteString(" " + f.Rule)
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.cause
}

// Is reports whether target is the kind of e, or a code of the name of its
// code. Kinds match exactly: a TokenExpired is not an Unauthenticated.
func (e *Error) Is(target error) bool {
	return e != nil && e.code.Is(target)
}

// LogValue groups what a log may know of e: kind, code, text, the paths and
// rules of its fields, and the cause. It implements [slog.LogValuer].
func (e *Error) LogValue() slog.Value {
	if e == nil {
		return slog.Value{}
	}
	attrs := []slog.Attr{slog.String("kind", e.code.Kind.String())}
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
		attrs = append(attrs, slog.String("cause", e.cause.Error()))
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

// WithFields returns a copy of e with field errors added; at most 100 are kept.
func (e *Error) WithFields(fields ...FieldError) *Error {
	if e == nil {
		return nil
	}
	c := e.clone()
	c.fields = append(slices.Clip(c.fields), fields...)
	if len(c.fields) > maxFields {
		c.fields = c.fields[:maxFields:maxFields]
		c.note("fields")
	}
	return c
}

// WithDetail returns a copy of e with a member for the client. The value is
// encoded at once, so a later change of it has no effect. A name that was
// there before keeps its place and gets the new value. What encoding/json
// cannot encode, and any error, is left out, and the log says so: an error has
// texts that no client should read. At most 32 details and 8 KiB are kept.
func (e *Error) WithDetail(name string, value any) *Error {
	if e == nil {
		return nil
	}
	c := e.clone()
	if _, ok := value.(error); ok {
		c.note("detail " + name + ": is an error")
		return c
	}
	raw, err := AppendJSON(nil, value)
	if err != nil {
		c.note("detail " + name + ": cannot be encoded")
		return c
	}
	size, at := len(name)+len(raw), -1
	for i, d := range c.details {
		if d.Name == name {
			at = i
			continue
		}
		size += len(d.Name) + len(d.Value)
	}
	if size > maxDetailBytes || at < 0 && len(c.details) == maxDetails {
		c.note("detail " + name + ": too much")
		return c
	}
	c.details = slices.Clone(c.details)
	if at >= 0 {
		c.details[at].Value = raw
		return c
	}
	c.details = append(c.details, Detail{Name: name, Value: raw})
	return c
}

// WithRetryAfter returns a copy of e that names the delay after which a
// repetition may succeed. It is one value for the header and, where the style
// has a place for it, the body: whole seconds, rounded up, at least 1. A delay
// that is not positive removes it.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	if e == nil {
		return nil
	}
	c := e.clone()
	c.retry = max(d, 0)
	return c
}

func (e *Error) clone() *Error {
	c := *e
	return &c
}

func (e *Error) note(what string) {
	e.cut = append(slices.Clip(e.cut), cutText(what, 200))
}

// seconds is the one rounding of a delay: up, and at least 1.
func seconds(d time.Duration) int {
	if d <= 0 {
		return 0
	}
	return int((d + time.Second - 1) / time.Second)
}

// cutText shortens a text to n bytes at the border of a rune.
func cutText(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
