package problem

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/backstop-go/backstop/internal/exchange"
)

// maxPooled bounds the buffers that are kept for the next answer.
const maxPooled = 64 << 10

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
// what the handler meant.
func (p *Responder) Respond(w http.ResponseWriter, r *http.Request, err error) {
	if isNil(err) {
		return
	}
	x := exchange.From(r.Context())
	f := &failure{p: p, x: x, r: r, cause: err, err: p.convert(r, err)}
	if f.err.remote && !f.err.passed {
		f.err, f.remote = upstream(f.err), true
	}
	if p.cfg.HideForbidden && f.err.code.Kind == Forbidden {
		f.shown, f.hidden = NotFound.New(""), true
	} else {
		f.shown = f.err
	}
	f.view = p.resolve(x, r, f.shown)

	rec := nearest(w)
	switch state := stateOf(w, rec); state {
	case exchange.Rendered:
		f.again()
		return
	case exchange.Hijacked:
		f.hijacked = true
		f.report()
		return
	case exchange.Started:
		f.aborted = true
		f.report()
		exchange.Abort(w)
	}
	f.send(w, rec)
	f.report()
}

func isNil(err error) bool {
	if err == nil {
		return true
	}
	e, ok := err.(*Error)
	return ok && e == nil
}

func nearest(w http.ResponseWriter) *exchange.Recorder {
	for rec := range exchange.Recorders(w) {
		return rec
	}
	return nil
}

// stateOf asks the recorder; without one, the Written of gin and negroni.
func stateOf(w http.ResponseWriter, rec *exchange.Recorder) exchange.State {
	if rec != nil {
		return rec.State()
	}
	if g, ok := w.(interface{ Written() bool }); ok && g.Written() {
		return exchange.Started
	}
	return exchange.Fresh
}

// send encodes and writes.
func (f *failure) send(w http.ResponseWriter, rec *exchange.Recorder) {
	p := f.p
	var body []byte
	if f.view.Kind != ClientClosed {
		buf := p.buffers.Get().(*[]byte)
		defer func() {
			if cap(*buf) <= maxPooled {
				p.buffers.Put(buf)
			}
		}()
		if f.view.RetryAfter == 0 {
			f.view.RetryAfter = retryAfter(w.Header())
		}
		*buf = f.encode((*buf)[:0])
		body = *buf
	}
	for each := range exchange.Recorders(w) {
		each.Revoke()
	}
	direct := rec != nil && rec == exchange.Top(w)
	p.setHeader(w.Header(), &f.view, len(body), direct && !rec.EncodedBefore())
	if f.r.Method == http.MethodHead {
		// Nothing is written, but a lazy writer learns that it is to commit.
		body = body[:0]
	}
	w.WriteHeader(f.view.Status)
	_, f.writeErr = w.Write(body)
	if rec != nil {
		rec.Seal(f.view.Status, direct)
	}
	if f.view.Status >= 500 {
		// A hook that is slow delays the handler's end, not the client.
		f.flushErr = http.NewResponseController(w).Flush()
	}
}

// encode appends the body to dst: of the error, else of a plain Internal, else
// the one that New has made.
func (f *failure) encode(dst []byte) []byte {
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
	return append(dst[:0], f.p.lastBody...)
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

// setHeader removes what described another body, and describes ours. One
// backing array serves all values; their capacity is 1, so that Add copies.
func (p *Responder) setHeader(h http.Header, v *View, length int, identity bool) {
	for name := range h {
		if isStale(name, v.Status) || identity && name == "Content-Encoding" {
			delete(h, name)
		}
	}
	values := [6]string{p.style.ContentType, strconv.Itoa(length), "no-store", "nosniff"}
	s := values[:]
	if length > 0 {
		h["Content-Type"] = s[0:1:1]
		h["Cache-Control"] = s[2:3:3]
		h["X-Content-Type-Options"] = s[3:4:4]
	}
	h["Content-Length"] = s[1:2:2]
	if v.RetryAfter > 0 {
		s[4] = strconv.Itoa(v.RetryAfter)
		h["Retry-After"] = s[4:5:5]
	}
	if v.Status == http.StatusMethodNotAllowed && h["Allow"] == nil {
		h["Allow"] = s[5:6:6] // empty: no method is known to be allowed
	}
	if p.cfg.NoChallenge || h["Www-Authenticate"] != nil {
		return
	}
	switch v.Kind {
	case InsufficientScope:
		s[5] = p.challenge[2]
	case TokenExpired, TokenInvalid, TokenRevoked:
		s[5] = p.challenge[1]
	default:
		s[5] = p.challenge[0]
	}
	if v.Status == http.StatusUnauthorized || v.Kind == InsufficientScope {
		h["Www-Authenticate"] = s[5:6:6]
	}
}

// isStale reports whether a header described the body that is not sent. All
// else stays: Allow, Vary, Link, cookies, and the headers of CORS, security,
// rates and IDs.
func isStale(name string, status int) bool {
	switch name {
	case "Content-Length", "Content-Type", "Content-Disposition", "Content-Language", "Content-Location",
		"Content-Md5", "Content-Digest", "Repr-Digest", "Digest", "Transfer-Encoding", "Trailer",
		"Etag", "Last-Modified", "Cache-Control", "Expires", "Age", "Accept-Ranges", "Location", "Refresh":
		return true
	case "Content-Range":
		return status != http.StatusRequestedRangeNotSatisfiable
	}
	return strings.HasPrefix(name, http.TrailerPrefix)
}

// retryAfter reads a delay that the handler has set itself; dates are left
// alone, no body can print them.
func retryAfter(h http.Header) int {
	v := h["Retry-After"]
	if len(v) != 1 {
		return 0
	}
	n, err := strconv.Atoi(v[0])
	if err != nil || n < 1 || n > 1<<31 {
		return 0
	}
	return n
}
