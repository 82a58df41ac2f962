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

// Bounds of an [Error]. What exceeds them is cut or left out, and the log says
// so.
const (
	maxText        = 4 << 10 // bytes
	maxFields      = 100
	maxDetails     = 32
	maxDetailBytes = 8 << 10 // of all names and values
	maxNotes       = 10      // of what was cut
)

// WithFields returns a copy of e with field errors added; at most 100 are kept.
// Their Path and OneOf are not copied, so whoever has made them lets them be.
func (e *Error) WithFields(fields ...FieldError) *Error {
	if e == nil {
		return nil
	}
	c := e.clone(false)
	room := maxFields - len(e.fields)
	if len(fields) > room {
		fields = fields[:room]
		c = e.clone(true)
		c.note("fields")
	}
	c.fields = append(slices.Clip(e.fields), fields...)
	return c
}

// WrapFields is Wrap(err, "") with field errors, of which at most 100 are kept.
// It takes fields over: the caller changes them no more.
func (k Kind) WrapFields(err error, fields []FieldError) *Error {
	e := k.Wrap(err, "")
	e.fields = slices.Clip(fields)
	if len(fields) > maxFields {
		e.fields = e.fields[:maxFields:maxFields]
		e.rest = new(rest)
		e.note("fields")
	}
	return e
}

// WithDetail returns a copy of e with a member for the client, for styles that
// have a place for it. The value is encoded at once, so a later change of it has
// no effect. A name that was there before keeps its place and gets the new
// value; null takes it away, because no member is ever null.
//
// What cannot be encoded is left out, and so is an error and what holds one,
// unless it marshals itself: an error has texts that no client should read. The
// log says so. At most 32 details and 8 KiB of them are kept.
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

// encodeDetail encodes what an application wants its clients to know. Its
// marshalers are foreign code and may panic.
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

// holdsError walks through what encoding/json has encoded, and says yes when it
// has to give up: a part that was left out may be a cycle.
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

// WithRetryAfter returns a copy of e that names the delay after which a
// repetition may succeed. It is one value for the header and, where the style
// has a place for it, the body: whole seconds, rounded up, at least 1. A delay
// that is not positive removes it.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	if e == nil {
		return nil
	}
	c := e.clone(false)
	c.retry = max(d, 0)
	return c
}

// clone returns a copy of e; with rest, one that has a rest of its own.
func (e *Error) clone(withRest bool) *Error {
	c := *e
	if withRest {
		r := e.extra()
		c.rest = &r
	}
	return &c
}

// note remembers what was cut. The receiver is not yet shared.
func (e *Error) note(what string) {
	if len(e.rest.cut) < maxNotes {
		e.rest.cut = append(slices.Clip(e.rest.cut), cutText(what, 200))
	}
}

// seconds is the one rounding of a delay: up, and at least 1. No delay is 0.
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
