package problem

import (
	"errors"
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
// The error is converted: Config.Map first, then an [Error], [Code] or [Kind]
// in its tree (a 5xx before a 4xx), then [http.MaxBytesError], deadlines, and a
// client that went away; whatever else it is becomes Internal. The body is
// encoded before anything is written, so an encoder that fails cannot spoil an
// answer, and headers that described another body are removed.
//
// A response is answered once: a second call logs. If the handler has begun
// another answer, Respond cuts the connection and panics with
// [http.ErrAbortHandler], because nothing that is appended could be told from
// what the handler meant. An error that is [http.ErrAbortHandler] asks for just
// that, and nothing is logged.
func (p *Responder) Respond(w http.ResponseWriter, r *http.Request, err error) {
	if isNil(err) {
		return
	}
	state := stateOf(w)
	if exchange.IsAbort(err) {
		abort(w, state)
		return
	}
	f := p.failed(r, err)
	switch state {
	case exchange.Rendered:
		f.again()
	case exchange.Fresh:
		f.answer(w)
	default:
		f.aborted, f.hijacked = state == exchange.Started, state == exchange.Hijacked
		f.report()
	}
	p.recycle(f)
	if state == exchange.Started {
		exchange.Abort(w)
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

// abort does what the handler has asked for, unless it is too late for that.
func abort(w http.ResponseWriter, state exchange.State) {
	switch state {
	case exchange.Fresh:
		exchange.Cut(w) // not a byte is on the wire, and none shall be
	case exchange.Started:
		exchange.Abort(w)
	}
}

// stateOf asks the nearest recorder; without one, the Written of gin and
// negroni.
func stateOf(w http.ResponseWriter) exchange.State {
	for rec := range exchange.Recorders(w) {
		return rec.State()
	}
	if g, ok := w.(interface{ Written() bool }); ok && g.Written() {
		return exchange.Started
	}
	return exchange.Fresh
}

// failure is one call of Respond.
type failure struct {
	p     *Responder
	x     *exchange.Exchange
	r     *http.Request
	cause error  // as it came
	err   *Error // as converted
	view  View   // as rendered

	upstream *Error // what another service said, if it did

	aborted, hijacked, hidden bool
	encodeErr, writeErr       error

	buf []byte // for the body; all else is made anew
}

// failed finds out what an error is, and how it is shown.
func (p *Responder) failed(r *http.Request, err error) *failure {
	f := p.failures.Get().(*failure)
	f.p, f.x, f.r, f.cause = p, exchange.From(r.Context()), r, err
	f.convert()
	if f.err.remote {
		f.upstream = f.err
	}
	if f.err.remote && !f.err.passed {
		f.err = upstream(f.err)
	}
	shown := f.err
	if p.cfg.HideForbidden && shown.Kind() == Forbidden {
		shown, f.hidden = NotFound.New(""), true
	}
	f.view = p.resolve(f.x, r, shown)
	return f
}

// convert makes an Internal of an error whose methods panic: a nil
// *fs.PathError, perhaps.
func (f *failure) convert() {
	defer func() {
		if value := recover(); value != nil {
			f.cause = fmt.Errorf("panic in a method of %T: %v", f.cause, value)
			f.err = Internal.Wrap(f.cause, "")
		}
	}()
	f.err = f.p.convert(f.r.Context(), f.cause)
}

// answer sends, and reports also if a foreign writer panics meanwhile.
func (f *failure) answer(w http.ResponseWriter) {
	defer f.report()
	f.send(w)
}

// send encodes and writes.
func (f *failure) send(w http.ResponseWriter) {
	h, top := w.Header(), exchange.Top(w)
	if f.view.RetryAfter == 0 && !f.hidden {
		f.view.RetryAfter = retryAfter(h)
	}
	body := f.encode(f.buf[:0])
	for rec := range exchange.Recorders(w) {
		rec.Revoke()
	}
	f.setHeader(h, len(body), top != nil && !top.EncodedBefore())
	w.WriteHeader(f.view.Status)
	if f.r.Method == http.MethodHead {
		_, f.writeErr = w.Write(nil) // a lazy writer commits
	} else {
		_, f.writeErr = w.Write(body)
	}
	for rec := range exchange.Recorders(w) {
		rec.Seal(f.view.Status, rec == top)
	}
	if n := len(body); n > cap(f.buf) && n <= maxPooled {
		f.buf = make([]byte, 0, n) // the body itself may be a constant of the style's
	}
	if f.view.Status < 500 {
		return
	}
	// A hook that is slow delays the handler's end, not the client.
	err := http.NewResponseController(w).Flush()
	if f.writeErr == nil && !errors.Is(err, http.ErrNotSupported) {
		f.writeErr = err
	}
}

// recycle keeps the memory of f for another failure, and nothing that was in it.
// One that ends in a panic is left to the collector.
func (p *Responder) recycle(f *failure) {
	*f = failure{buf: f.buf}
	p.failures.Put(f)
}

// encode appends the body to dst: of the error, else of a plain Internal, else
// the one that New has made. A client that left gets none.
func (f *failure) encode(dst []byte) []byte {
	if f.view.Kind == ClientClosed {
		return dst
	}
	body, err := f.p.encode(dst, &f.view)
	if err == nil {
		return body
	}
	f.encodeErr = err
	f.view = f.p.plain(&f.view)
	body, err = f.p.encode(dst, &f.view)
	if err == nil {
		return body
	}
	return append(dst, f.p.lastBody...)
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
