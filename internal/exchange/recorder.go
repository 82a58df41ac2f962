package exchange

import (
	"errors"
	"io"
	"net/http"
	"strconv"
)

// Recorder is a response writer that knows what has become of the answer. It has
// an optional interface, such as http.Flusher, exactly if the writer beneath has it;
// see recorder_variants.go. Like any response writer it belongs to one goroutine at a
// time.
//
// The outermost recorder is part of the exchange. What passes through it is on the
// wire. Other recorders stand on top of foreign writers, which may hold back what is
// written to them.
type Recorder struct {
	x       *Exchange
	w       http.ResponseWriter
	header  http.Header // of w when r was made; only its identity is used, see shares
	bytes   int64
	rare    *rare
	rewrite *Rewriter // nil unless Rewrite is armed

	status  uint16 // the first final status, also while it is kept
	state   State  // that of the outermost is changed under the lock of x
	kept    kept
	guarded bool // Guard is armed
	head    bool // the request is a HEAD, so the answer has no body
	closing bool // the request is older than HTTP/1.1, so the connection may end the answer
	coded   bool // the header had a Content-Encoding when r was made
	gone    bool // the connection was cut, see Cut
	ended   bool // see Leave; under the lock of x
	quiet   bool // an offer was sent, so what a foreign writer passes on is dropped
	rawPath bool // the path of x is escaped
}

// rare is what few answers have.
type rare struct {
	header http.Header // a copy, from the moment when a status was kept
	body   []byte      // what was written since then, or the begin of that
	said   int         // a later status that was not passed on
}

// State says how far an answer has come. The later a state stands in the list,
// the less can be done about it.
type State uint8

// The states.
const (
	Fresh    State = iota // nothing is on the wire
	Started               // a handler has begun to answer
	Rendered              // a responder has answered, completely
	Hijacked
)

// String returns the state in lower case.
func (s State) String() string { return [...]string{"fresh", "started", "rendered", "hijacked"}[s] }

// over puts r on top of w.
func (r *Recorder) over(w http.ResponseWriter, x *Exchange) http.ResponseWriter {
	h := w.Header()
	r.x, r.w, r.header = x, w, h
	r.coded = h["Content-Encoding"] != nil
	return r.variant()
}

// TopRecorder returns r. The writers of the adapters have this method, too: they
// hold nothing back, and count as the recorder beneath them; see [Top].
func (r *Recorder) TopRecorder() *Recorder { return r }

// Unwrap returns the writer beneath, for http.ResponseController. A writer that
// cannot hijack is wrapped first, so that r learns of a hijack further in.
func (r *Recorder) Unwrap() http.ResponseWriter {
	if _, ok := r.w.(http.Hijacker); ok {
		return r.w // r is a Hijacker too, and asked first
	}
	return past{r}
}

// Header returns the header of the writer beneath.
func (r *Recorder) Header() http.Header { return r.w.Header() }

// State returns how far the answer has come at this recorder.
func (r *Recorder) State() State { return r.state }

// Status returns the first final status, 200 if there was none, or 0 if the
// connection was hijacked before there was one.
func (r *Recorder) Status() int {
	if r.status == 0 && r.state != Hijacked {
		return http.StatusOK
	}
	return int(r.status)
}

// Bytes returns the number of body bytes that were passed on, or written to a
// HEAD.
func (r *Recorder) Bytes() int64 { return r.bytes }

// Silent reports whether nobody has begun the answer of r: nothing is on the wire, and
// nothing is kept or waited for.
func (r *Recorder) Silent() bool {
	return r.state == Fresh && r.kept == nothing && r.x.StateOf(r) == Fresh
}

// WriteHeader passes a status on, or keeps it. It also passes on a superfluous one,
// of which net/http then complains.
func (r *Recorder) WriteHeader(status int) {
	switch {
	case r.gone, r.quiet:
	case status < 100 || status > 999: // net/http panics, with nothing on the wire
		r.w.WriteHeader(status)
	case r.kept == nothing && status < 200 && status != http.StatusSwitchingProtocols: // informational; the real one follows
		r.x.inform(r.w.Header())
		r.w.WriteHeader(status)
	case r.yields(status), r.kept == spoilt:
	case status >= 400 && r.begun():
		r.spoil(status)
	case r.kept != nothing:
		r.rare.said = status
	case r.state != Fresh:
		r.w.WriteHeader(status)
	default:
		if r.status = uint16(status); !r.keep() {
			r.become(Started)
			r.w.WriteHeader(status)
		}
	}
}

// begun reports whether the handler has begun a success. An error status that comes
// later spoils it.
func (r *Recorder) begun() bool {
	return r.status < 400 && (r.kept == held || r.kept == doubted || r.state == Started && r.kept == nothing && r.guarded)
}

// become notes how far the answer has come. It is called when a header is about to
// be sent, by us, or by net/http if the handler has written nothing. From now on no
// offer is waited for.
func (r *Recorder) become(s State) {
	x := r.x
	if r != &x.rec {
		r.state = s
		return
	}
	h := r.w.Header()
	x.mu.Lock()
	void := x.Extra().offers
	if void != nil {
		x.editExtra(func(e *Extra) { e.offers = nil })
	}
	r.state = s
	x.sign(h)
	x.mu.Unlock()
	settle(void)
}

// Write passes bytes of the body on, keeps them, or drops them.
func (r *Recorder) Write(p []byte) (int, error) {
	if !r.streams() {
		return r.divert(p)
	}
	n, err := r.w.Write(p)
	r.count(int64(n), err)
	return n, err
}

// WriteString is Write for a string.
func (r *Recorder) WriteString(s string) (int, error) {
	if !r.streams() {
		return r.divert([]byte(s))
	}
	n, err := io.WriteString(r.w, s)
	r.count(int64(n), err)
	return n, err
}

// streams reports whether bytes of the body are passed on, without a look at them.
// The first byte implies the status 200, unless there is one.
func (r *Recorder) streams() bool {
	if !r.flows() && !r.yields(http.StatusOK) && r.state == Fresh && r.kept == nothing && !r.gone {
		if r.status = http.StatusOK; !r.keep() {
			r.become(Started)
		}
	}
	return r.flows()
}

// flows reports whether body bytes have begun to be passed on.
func (r *Recorder) flows() bool { return r.state == Started && r.kept == nothing && !r.gone }

// divert takes bytes of the body that are not passed on.
func (r *Recorder) divert(p []byte) (int, error) {
	switch {
	case r.state == Hijacked, r.gone:
		return 0, http.ErrHijacked
	case r.quiet:
		return len(p), nil
	case r.state == Rendered:
		return 0, http.ErrContentLength
	}
	return r.collect(p)
}

// repeat passes on a later status that was held back, so that net/http complains
// about it as it would have without us.
func (r *Recorder) repeat() {
	if r.kept != nothing || r.rare == nil || r.rare.said == 0 {
		return
	}
	r.w.WriteHeader(r.rare.said)
	r.rare.said = 0
}

// count adds bytes that were written, and notes the first error of a write.
func (r *Recorder) count(n int64, err error) {
	r.bytes += n
	if err != nil && r == &r.x.rec {
		r.x.EditExtra(func(e *Extra) {
			if e.writeErr == nil {
				e.writeErr = err
			}
		})
	}
}

// WriteErr returns the first error of a write to the wire, or nil. The errors of
// net/http's HTTP/2 have no exported type, so they are compared with this one.
func (x *Exchange) WriteErr() error { return x.Extra().writeErr }

// FlushError sends what was written so far. If something is kept, it decides at
// once what becomes of it, so that the client does not wait.
func (r *Recorder) FlushError() error {
	switch {
	case r.state == Hijacked, r.gone:
		return http.ErrHijacked
	case r.yields(http.StatusOK) && r.kept == nothing:
	case r.kept == spoilt:
		return nil // to be cut
	case r.kept != nothing:
		if err := r.decide(); err != nil {
			return err
		}
	case r.state == Fresh && r == &r.x.rec:
		h := r.w.Header()
		r.x.mu.Lock()
		r.x.sign(h) // the rest follows, if the writer beneath can flush
		r.x.mu.Unlock()
	}
	err := http.NewResponseController(r.w).Flush()
	if errors.Is(err, http.ErrNotSupported) {
		return err
	}
	r.count(0, err)
	if r.state == Fresh {
		r.status = http.StatusOK
		r.become(Started)
	}
	return err
}

// facts returns the rare facts, for a change.
func (r *Recorder) facts() *rare {
	if r.rare == nil {
		r.rare = new(rare)
	}
	return r.rare
}

// declared returns the Content-Length of a header as net/http reads it, or -1.
func declared(h http.Header) int64 {
	v := h["Content-Length"]
	if len(v) == 0 {
		return -1
	}
	n, err := strconv.ParseInt(v[0], 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}
