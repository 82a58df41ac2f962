package problem

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of an [Error]. Anything beyond them is cut or left out, and the log says so.
const (
	maxText        = 4 << 10 // bytes
	maxFields      = 100
	maxDetails     = 32
	maxDetailBytes = 8 << 10 // of all names and values
	maxNotes       = 10      // about what was cut
)

// WithFields returns a copy of e with field errors added; at most 100 are kept. Path and
// OneOf are not copied, and must not be changed afterwards.
func (e *Error) WithFields(fields ...FieldError) *Error {
	if e == nil {
		return nil
	}
	c := e.clone(false)
	room := maxFields - len(e.fields)
	if n := len(fields) - room; n > 0 {
		fields = fields[:room]
		c = e.clone(true)
		c.rest.fields += n
	}
	c.fields = append(slices.Clip(e.fields), fields...)
	return c
}

// WrapFields returns Wrap(err, "") with field errors; at most 100 are kept. The caller
// must not change fields afterwards.
func (k Kind) WrapFields(err error, fields []FieldError) *Error {
	e := k.Wrap(err, "")
	e.fields = slices.Clip(fields)
	if n := len(fields) - maxFields; n > 0 {
		e.fields = e.fields[:maxFields:maxFields]
		e.rest = &rest{fields: n}
	}
	return e
}

// WithDetail returns a copy of e with a member for the client, in styles that have a
// place for it. The value is encoded at once, so a later change of it has no effect. If
// e has a detail of that name, the value is replaced in its place; a value of null
// removes it.
//
// A value that cannot be encoded is left out, and so is an error or a value that holds
// one, unless it marshals itself: the texts of errors are not for clients. The log says
// what was left out. At most 32 details and 8 KiB of them are kept.
func (e *Error) WithDetail(name string, value any) *Error {
	if e == nil {
		return nil
	}
	c := e.clone(true)
	name = strings.ToValidUTF8(name, "\ufffd") // as it is printed
	raw, err := encodeDetail(value)
	if err != nil {
		c.note("detail " + name + ": " + err.Error())
		return c
	}
	at, size := -1, len(name)+len(raw)
	details := c.rest.details
	for i, d := range details {
		if d.Name == name {
			at = i
			continue
		}
		size += len(d.Name) + len(d.Value)
	}
	details = slices.Clone(details)
	switch {
	case string(raw) == "null":
		if at >= 0 {
			details = slices.Delete(details, at, at+1)
		}
	case size > maxDetailBytes, at < 0 && len(details) == maxDetails:
		c.note("detail " + name + ": too much")
	case at >= 0:
		details[at].Value = raw
	default:
		details = append(details, Detail{Name: name, Value: raw})
	}
	c.rest.details = details
	return c
}

// encodeDetail encodes the value of a detail. It catches a panic, because the value may
// marshal itself.
func encodeDetail(value any) (raw []byte, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("encoding of %T panicked", value)
		}
	}()
	raw, err = AppendJSON(nil, value)
	if err != nil {
		return nil, fmt.Errorf("%T cannot be encoded", value)
	}
	room := 4 * maxDetailBytes // most values take a byte or more
	if len(raw) <= maxDetailBytes && holdsError(reflect.ValueOf(value), &room) {
		return nil, errors.New("is or holds an error")
	}
	return raw, nil
}

var (
	errorType = reflect.TypeFor[error]()
	jsonType  = reflect.TypeFor[json.Marshaler]()
	textType  = reflect.TypeFor[encoding.TextMarshaler]()
)

// holdsError reports whether a value holds an error. It looks at no more than room
// values, and reports true beyond that: a part that encoding/json leaves out may be a
// cycle.
func holdsError(v reflect.Value, room *int) bool {
	if *room--; *room < 0 {
		return true
	}
	switch v.Kind() {
	case reflect.Invalid: // nil
		return false
	case reflect.Pointer, reflect.Interface:
		return holdsError(v.Elem(), room)
	}
	self, pointer := v.Type(), reflect.PointerTo(v.Type())
	if pointer.Implements(errorType) {
		return true
	}
	if v.CanAddr() {
		self = pointer
	}
	if self.Implements(jsonType) || self.Implements(textType) {
		return false
	}
	switch v.Kind() {
	case reflect.Map, reflect.Slice, reflect.Array:
		for _, element := range v.Seq2() {
			if holdsError(element, room) {
				return true
			}
		}
	case reflect.Struct:
		for f, member := range v.Fields() {
			if (f.IsExported() || f.Anonymous) && f.Tag.Get("json") != "-" && holdsError(member, room) {
				return true
			}
		}
	}
	return false
}

// WithRetryAfter returns a copy of e with the delay after which a repetition may
// succeed. The header Retry-After and, in styles that have a place for it, the body name
// the same number of seconds: rounded up, at least 1. A delay of 0 or less removes it.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	if e == nil {
		return nil
	}
	c := e.clone(false)
	c.retry = max(d, 0)
	return c
}

// clone returns a copy of e, with a rest of its own if withRest is true.
func (e *Error) clone(withRest bool) *Error {
	c := *e
	if withRest {
		r := e.extra()
		c.rest = &r
	}
	return &c
}

// note adds a name of something that was cut. e must not be shared yet.
func (e *Error) note(what string) {
	if len(e.rest.cut) < maxNotes {
		e.rest.cut = append(slices.Clip(e.rest.cut), cutText(what, 200))
	}
}

// seconds rounds a delay up to whole seconds.
func seconds(d time.Duration) int {
	n := d / time.Second
	if d > n*time.Second {
		n++
	}
	return int(n)
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
