package problem

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/backstop-go/backstop/internal/exchange"
)

// statusClientClosed is nginx's word for a client that did not wait.
const statusClientClosed = 499

// resolve makes of an error what a style may see of it.
func (p *Responder) resolve(x *exchange.Exchange, r *http.Request, e *Error) View {
	kind := e.code.Kind
	if kind > ClientClosed {
		kind = Internal
	}
	o := p.style.outcome(kind)
	if kind == Validation && e.code.Status == 0 && e.code.Name == "" && hasShape(e.fields) {
		o = p.style.shape()
	}
	status := e.code.Status
	switch {
	case kind == ClientClosed:
		status = statusClientClosed
	case status == 0:
		status = o.Status
	case !isErrorStatus(status):
		status = http.StatusInternalServerError
	}
	v := View{
		Kind:       kind,
		Status:     status,
		Code:       or(e.code.Name, o.Code),
		Message:    clean(or(e.text, or(e.code.Message, o.Message))),
		Path:       x.Path(),
		RequestID:  x.ID(),
		Time:       time.Now().UTC(),
		RetryAfter: seconds(e.retry),
		Fields:     e.fields,
		Details:    e.details,
		Debug:      p.debug(x, e),
		fieldText:  p.style.FieldText,
	}
	if x == nil && r.URL != nil {
		v.Path = r.URL.EscapedPath()
	}
	return v
}

// plain is the view of an Internal that says nothing, in the place of v.
func (p *Responder) plain(v *View) View {
	o := p.style.outcome(Internal)
	return View{
		Kind:      Internal,
		Status:    o.Status,
		Code:      o.Code,
		Message:   o.Message,
		Path:      v.Path,
		RequestID: v.RequestID,
		Time:      v.Time,
		fieldText: p.style.FieldText,
	}
}

func hasShape(fields []FieldError) bool {
	for i := range fields {
		if fields[i].Shape() {
			return true
		}
	}
	return false
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// clean bounds a text and makes it valid UTF-8.
func clean(text string) string {
	text = cutText(text, maxText)
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "\ufffd")
}
