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

// isNil also knows a nil *Error, which says that nothing failed.
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
	cause error  // as it came
	err   *Error // as converted
	view  View   // as rendered
	body  []byte
	mark  *string // in the header that was described last; nil for a client that left

	stated *exchange.Stated // a handler has said the status by itself; cause is why

	upstream *Error // what another service said, if it did

	aborted, hijacked, hidden bool
	encodeErr, writeErr       error

	buf []byte // for the body; all else is made anew
}

// failed finds out what an error is, and how it is shown.
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

// convert makes an Internal of an error whose methods panic: a nil
// *fs.PathError, perhaps.
func (f *failure) convert() {
	switch err := f.cause.(type) {
	case *Error:
		if f.p.cfg.Map == nil && err.code.Kind != Internal {
			f.err = err
			return
		}
	case Kind:
		if f.p.cfg.Map == nil && err != Internal {
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

// answer sends, and reports whether it is done.
func (f *failure) answer(w http.ResponseWriter) (settled bool) {
	if f.view.RetryAfter == 0 && !f.hidden {
		f.view.RetryAfter = retryAfter(w.Header())
	}
	f.encode()
	return f.x.Answer(w, f)
}

// Status, Body, Describe, Describes and Settle make an answer of a failure, see
// [exchange.Offer].
func (f *failure) Status() int { return f.view.Status }

func (f *failure) Body() []byte {
	if f.r.Method == http.MethodHead {
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

// recycle keeps the memory of f for another failure, and nothing that was in it.
// One that ends in a panic, or waits, is left to the collector.
func (p *Responder) recycle(f *failure) {
	*f = failure{buf: f.buf}
	p.failures.Put(f)
}

// maxBody bounds a body, in bytes. What is left out is in the log.
const maxBody = 48 << 10

// encode makes the body: of the error, else of a plain Internal, else the one
// that New has made. A client that left gets none.
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
		f.buf = make([]byte, 0, n) // the body itself may be a constant of the style's
	}
}

// encode calls the style's encoder and turns its panics into errors.
func (p *Responder) encode(dst []byte, v *View) (body []byte, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("panic in the encoder of %s: %v", p.style.Name, value)
		}
	}()
	return p.style.Append(dst, v)
}

// textOfPanic is fmt.Sprint, which lets a second panic pass.
func textOfPanic(value any) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T", value)
		}
	}()
	return fmt.Sprint(value)
}
