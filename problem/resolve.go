package problem

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
)

// statusClientClosed is nginx's word for a client that did not wait.
const statusClientClosed = 499

const maxPathText = 1 << 10 // bytes of a request's path, escaped

// resolve makes of an error what a style may see of it.
func (p *Responder) resolve(x *exchange.Exchange, r *http.Request, e *Error) View {
	kind := e.Kind()
	o := p.style.outcome(kind)
	if kind == Validation && !e.code.named() && hasShape(e.fields) {
		o = p.style.shape()
	}
	path, cut := pathOf(x, r)
	return View{
		Kind:       kind,
		Status:     e.code.statusOr(o.Status),
		Code:       cmp.Or(e.code.Name, o.Code),
		Message:    strings.ToValidUTF8(cmp.Or(e.Message(), o.Message), "\ufffd"),
		Path:       path,
		RequestID:  x.ID(),
		Time:       time.Now().UTC(),
		RetryAfter: seconds(e.retry),
		Fields:     e.fields,
		Details:    e.details,
		Debug:      p.debug(x, e),
		fieldText:  p.style.FieldText,
		cutPath:    cut,
	}
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

// pathOf returns the path as it came in, escaped and bounded, and whether that
// took something away. It is cut between two characters, not within an escape.
func pathOf(x *exchange.Exchange, r *http.Request) (path string, cut bool) {
	path = x.Path()
	if x == nil && r.URL != nil {
		path = r.URL.EscapedPath()
	}
	path = cmp.Or(path, "/") // of "GET http://host"
	if len(path) <= maxPathText {
		return path, false
	}
	path = path[:maxPathText]
	if i := strings.LastIndexByte(path, '%'); i > maxPathText-3 {
		path = path[:i]
	}
	return path, true
}

func hasShape(fields []FieldError) bool {
	for i := range fields {
		if fields[i].Shape() {
			return true
		}
	}
	return false
}
