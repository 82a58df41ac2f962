package problem

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/backstop-go/backstop/internal/exchange"
)

const maxPathText = 1 << 10 // bytes of a request's path, escaped

// resolve sets f.view to what a style may see of an error.
func (f *failure) resolve(e *Error) {
	p, v := f.p, &f.view
	kind := e.Kind()
	o := &p.outcomes[kind]
	if kind == Validation && !e.code.named() && hasShape(e.fields) {
		o = &p.shape
	}
	v.Kind, v.Status, v.Code, v.Message = kind, e.code.statusOr(o.Status), cmp.Or(e.code.Name, o.Code), o.Message
	if text := e.Message(); text != "" {
		v.Message = validText(text)
	}
	v.Path, v.cutPath = pathOf(f.x, f.r)
	v.RequestID, v.Time, v.RetryAfter = f.x.ID(), time.Now().UTC(), seconds(e.retry)
	v.Fields, v.Details = e.fields, e.extra().details
	v.Debug, v.fieldText = p.debug(f.x, e), p.style.FieldText
}

// plain makes of the view one of an Internal that says nothing but where and when.
func (f *failure) plain() {
	v := f.view
	f.view = f.p.plain()
	f.view.Path, f.view.cutPath, f.view.RequestID, f.view.Time = v.Path, v.cutPath, v.RequestID, v.Time
}

// plain returns the view of an Internal outside any request.
func (p *Responder) plain() View {
	o := &p.outcomes[Internal]
	return View{Kind: Internal, Status: o.Status, Code: o.Code, Message: o.Message, fieldText: p.style.FieldText}
}

func validText(text string) string { return strings.ToValidUTF8(text, "\ufffd") }

// pathOf returns the path as it came in, escaped and bounded. cut says whether the
// bound has shortened it.
func pathOf(x *exchange.Exchange, r *http.Request) (path string, cut bool) {
	path = x.Path()
	if x == nil && r.URL != nil {
		path = r.URL.EscapedPath()
	}
	path = cmp.Or(path, "/") // the path of "GET http://host" is empty
	if len(path) <= maxPathText {
		return path, false
	}
	return path[:borderBefore(path, maxPathText)], true
}

// borderBefore returns the last place up to n where an escaped path may be cut:
// between two characters, not within an escape or between the escapes of one
// character.
func borderBefore(path string, n int) int {
	if i := strings.LastIndexByte(path[:n], '%'); i > n-3 {
		n = i
	}
	for i := n; i > n-3*utf8.UTFMax && path[i] == '%'; i -= 3 {
		if b, _ := strconv.ParseUint(path[i+1:i+3], 16, 8); utf8.RuneStart(byte(b)) {
			return i
		}
	}
	return n
}

func hasShape(fields []FieldError) bool {
	for i := range fields {
		if fields[i].Shape() {
			return true
		}
	}
	return false
}

// maxFieldText bounds the sentences of all fields together, in bytes.
const maxFieldText = 16 << 10

// boundFields leaves out fields if all their sentences together are too long. For most
// lists an estimate is enough, and no sentence is made.
func (f *failure) boundFields() {
	v := &f.view
	estimate := 0
	for i := range v.Fields {
		e := &v.Fields[i]
		estimate += 120 + len(e.Message) + 2*len(e.Param) + len(e.Label) + len(e.Other)
		for _, word := range e.OneOf {
			estimate += len(word) + 8
		}
	}
	if estimate <= maxFieldText {
		return
	}
	size := 0
	for i := range v.Fields {
		if size += len(f.sentence(v.Fields[i])); size > maxFieldText {
			v.leaveOut(i)
			return
		}
	}
}

// sentence returns the sentence for a field, or "" if the function of the style panics.
// The encoder will panic, too, and its caller handles that.
func (f *failure) sentence(e FieldError) (text string) {
	defer func() { recover() }()
	return f.view.FieldText(e)
}

// leaveOut keeps the first n fields.
func (v *View) leaveOut(n int) {
	v.cutFields += len(v.Fields) - n
	v.Fields = v.Fields[:n]
}

// shrink leaves something out of the view, and reports whether there was something to
// leave out: first half of the fields at a time, then the details, the debug block, and
// most of the text.
func (v *View) shrink() bool {
	const text = 1 << 10
	switch {
	case len(v.Fields) > 0:
		v.leaveOut(len(v.Fields) / 2)
	case len(v.Details) > 0:
		for _, d := range v.Details {
			v.dropped = append(v.dropped, d.Name)
		}
		v.Details = nil
	case v.Debug != nil:
		v.Debug = nil
	case len(v.Message) > text:
		v.Message = cutText(v.Message, text)
	default:
		return false
	}
	return true
}
