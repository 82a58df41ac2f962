package problem

import (
	"fmt"
	"net/http"

	"github.com/backstop-go/backstop/internal/exchange"
)

// Bounds of the buffers that are kept for the next answer, in bytes.
const (
	minPooled = 1 << 10
	maxPooled = 64 << 10
)

// Respond answers a request with an error. It is the only code that writes an
// error response. A nil error does nothing.
//
// Respond looks at the error in this order: the result of [Config.Map]; an [Error],
// [Code] or [Kind] in its tree, a 5xx before a 4xx; errors of the standard library that
// are always about the request, such as [http.MaxBytesError]; deadlines; a client that
// went away. Any other error is [Internal]. Respond encodes the body before it writes
// anything, so a failing encoder cannot spoil an answer, and removes headers that
// describe another body.
//
// Respond answers a request once, and only logs a later error. If the handler has begun
// another answer, Respond cuts the connection and panics with [http.ErrAbortHandler],
// because a client could not tell an appended error from the rest of that answer. A
// hijacked connection is closed. If err is [http.ErrAbortHandler], Respond cuts the
// connection and logs nothing.
func (p *Responder) Respond(w http.ResponseWriter, r *http.Request, err error) {
	if isNil(err) {
		return
	}
	x := exchange.Of(w, r)
	state := x.StateOf(w)
	if exchange.IsAbort(err) {
		x.Cut(w, state)
		return
	}
	f := p.failed(x, r, err)
	switch state {
	case exchange.Rendered:
		f.again()
	case exchange.Fresh:
		if !f.answer(w) {
			return // f waits in w, which may be on another goroutine
		}
	default:
		f.aborted, f.hijacked = state == exchange.Started, state == exchange.Hijacked
		f.report()
	}
	p.recycle(f)
	if state != exchange.Fresh {
		x.Cut(w, state)
	}
}

// isNil reports whether err is nil or a nil *Error: both say that nothing failed.
func isNil(err error) bool {
	if err == nil {
		return true
	}
	e, ok := err.(*Error)
	return ok && e == nil
}

// failure is one call of Respond, and the answer that it makes.
type failure struct {
	p     *Responder
	x     *exchange.Exchange
	r     *http.Request
	cause error  // as given to Respond
	err   *Error // made from cause
	view  View   // as the style sees it
	body  []byte
	marks []string // Content-Type and Cache-Control as Describe has set them first; nil for a client that left

	stated *exchange.Stated // not nil if the handler has chosen the status by itself

	upstream *Error // error of another service, if cause is one

	aborted, hijacked, hidden bool
	encodeErr, writeErr       error

	buf []byte // memory for the body, for reuse
}

// failed converts an error and makes the view of it.
func (p *Responder) failed(x *exchange.Exchange, r *http.Request, err error) *failure {
	f := p.failures.Get().(*failure)
	f.p, f.x, f.r, f.cause = p, x, r, err
	if s, ok := err.(*exchange.Stated); ok {
		f.stated, f.cause = s, s.Reason
		if s.Reason == nil {
			f.cause = byStatus(s.Status, s)
		}
	}
	f.convert()
	if f.err.Remote() {
		f.upstream = f.err
		if !f.err.rest.passed {
			f.err = upstream(f.err)
		}
	}
	shown := f.err
	if p.cfg.HideForbidden && shown.Kind() == Forbidden {
		shown, f.hidden = NotFound.bare(), true
	}
	f.resolve(shown)
	return f
}

// convert sets f.err. If a method of the error panics, as with a nil *fs.PathError, it
// is an Internal.
func (f *failure) convert() {
	switch err := f.cause.(type) {
	case *Error:
		if f.p.cfg.Map == nil && err.code.Kind != Internal {
			f.err = err
			return
		}
	case Kind:
		if f.p.cfg.Map == nil {
			f.err = err.bare()
			return
		}
	}
	defer func() {
		if value := recover(); value != nil {
			f.cause = fmt.Errorf("panic in a method of %T: %s", f.cause, textOfPanic(value))
			f.err = Internal.Wrap(f.cause, "")
		}
	}()
	f.err = f.p.convert(f.x, f.r, f.cause, f.stated)
}

// answer sends the answer. It reports false if the answer waits in w, see
// [exchange.Exchange.Answer].
func (f *failure) answer(w http.ResponseWriter) (settled bool) {
	if f.view.RetryAfter == 0 && !f.hidden {
		f.view.RetryAfter = retryAfter(w.Header())
	}
	f.encode()
	return f.x.Answer(w, f)
}

// Status, Body, Describe, Describes and Settle make a failure an [exchange.Offer].
func (f *failure) Status() int { return f.view.Status }

func (f *failure) Body() []byte {
	if f.x == nil && f.r.Method == http.MethodHead {
		return nil
	}
	return f.body
}

func (f *failure) Settle(sent bool, err error) {
	f.writeErr = err
	if !sent {
		f.again()
		return
	}
	f.report()
}

// recycle keeps the memory of f for another failure, and clears it. A failure that ends
// in a panic, or waits, is left to the garbage collector.
func (p *Responder) recycle(f *failure) {
	*f = failure{buf: f.buf}
	p.failures.Put(f)
}

// maxBody bounds a body, in bytes. The log says what was left out.
const maxBody = 48 << 10

// encode makes the body of the error. If the encoder fails, it makes that of a plain
// Internal, and if that fails, too, it takes the one that New has made. A client that
// left gets no body.
func (f *failure) encode() {
	if f.view.Kind == ClientClosed {
		return
	}
	f.boundFields()
	body, err := f.p.encode(f.buf[:0], &f.view)
	for err == nil && len(body) >= maxBody && f.view.shrink() {
		body, err = f.p.encode(f.buf[:0], &f.view)
	}
	if err != nil {
		f.encodeErr = err
		f.plain()
		if body, err = f.p.encode(f.buf[:0], &f.view); err != nil {
			body = append(f.buf[:0], f.p.lastBody...)
		}
	}
	f.body = body
	if n := len(body); n > cap(f.buf) && n <= maxPooled {
		f.buf = make([]byte, 0, n) // not body, which may be a constant of the style
	}
}

// encode calls the encoder of the style. It returns a panic as an error.
func (p *Responder) encode(dst []byte, v *View) (body []byte, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("panic in the encoder of %s: %v", p.style.Name, value)
		}
	}()
	return p.style.Append(dst, v)
}

// textOfPanic returns the text of a panic value, or its type if making the text panics.
func textOfPanic(value any) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T", value)
		}
	}()
	return fmt.Sprint(value)
}
