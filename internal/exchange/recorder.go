package exchange

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
)

// Recorder is a response writer that knows what has become of the answer. It
// offers an optional interface iff the writer beneath has it; see
// recorder_variants.go.
//
// The outermost recorder of an exchange is part of it, and what passes there is
// on the wire. Others stand on top of foreign writers, which may hold back what
// they are given. All of them share the lock of the exchange; the writer beneath
// is never called under it, because it may block, panic, or be somebody else's.
type Recorder struct {
	x       *Exchange
	w       http.ResponseWriter
	header  http.Header // of w, to be compared and not to be used, see shares
	bytes   int64
	rare    *rare
	rewrite Rewriter // nil unless Rewrite is armed

	status   uint16 // first final status, also while it is kept
	state    State
	kept     kept
	guarded  bool // Guard is armed
	head     bool // the answer has no body
	closing  bool // before HTTP/1.1 an answer may end with its connection
	coded    bool // Content-Encoding was there when the recorder was made
	gone     bool // the connection was cut, see Abort
	answers  bool // a responder is putting an offer into a foreign writer
	deferred bool // which keeps it
	foreign  bool // the answer was sent in the place of what that writer says
	topped   bool // a recorder is on top of that writer, and has passed on nothing else
	carries  bool // and the answer is passed on as it has encoded it
	rawPath  bool // the path of the exchange is escaped
}

// rare is what few answers have.
type rare struct {
	header http.Header // as it was when a status was kept
	body   []byte      // what was written since, or the begin of it
	plain  bool        // that header has a plain-text type
	said   int         // a later status that was not passed on
	conn   net.Conn    // after Hijack
	offer  Offer       // that the exchange waits for
	sent   Offer       // that arrived
	err    error       // the first one of a write
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

// TopRecorder returns r. Writers that hold nothing back and only change the shape
// of a recorder have this method too, and count as that recorder; see [Top].
func (r *Recorder) TopRecorder() *Recorder { return r }

// Unwrap returns the writer beneath, for http.ResponseController. One that
// cannot hijack itself is disguised, so that r learns of a hijack past it.
func (r *Recorder) Unwrap() http.ResponseWriter {
	if _, ok := r.w.(http.Hijacker); ok {
		return r.w // r is a Hijacker too, and asked first
	}
	return past{r}
}

// Header returns the header of the writer beneath.
func (r *Recorder) Header() http.Header { return r.w.Header() }

// State returns how far the answer has come at this recorder.
func (r *Recorder) State() State {
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	return r.state
}

// Status returns the first final status, 200 if there was none, or 0 if the
// connection was hijacked before there was one.
func (r *Recorder) Status() int {
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	if r.status == 0 && r.state != Hijacked {
		return http.StatusOK
	}
	return int(r.status)
}

// Bytes returns the number of body bytes that were passed on, or written to a
// HEAD.
func (r *Recorder) Bytes() int64 {
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	return r.bytes
}

// Silent reports whether nobody has said anything yet: the answer is fresh, and
// nothing is kept or on offer either.
func (r *Recorder) Silent() bool {
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	return r.state == Fresh && r.kept == nothing && r.x.rec.state == Fresh && r.x.offer() == nil
}

// WriteHeader passes a status on, or keeps it. A superfluous one is passed on
// too, so that net/http says what it says of it.
func (r *Recorder) WriteHeader(status int) {
	r.x.mu.Lock()
	a := r.say(status)
	r.x.mu.Unlock()
	r.emit(&a)
	if a.pass {
		r.w.WriteHeader(status)
	}
}

// say decides about a status. It is called under the lock.
func (r *Recorder) say(status int) (a act) {
	switch {
	case r.gone:
		return a
	case status < 100 || status > 999, // net/http panics, with nothing on the wire
		r.kept == nothing && status < 200 && status != http.StatusSwitchingProtocols: // informational; the real one follows
		a.pass = true
		return a
	case r.kept == nothing && r.claim(&a, status), r.kept == spoilt:
		return a
	case status >= 400 && r.begun():
		r.spoil(status)
		return a
	case r.kept != nothing:
		r.rare.said = status
		return a
	case r.state != Fresh:
		a.pass = true
		return a
	}
	r.status = uint16(status)
	if r.relays() || !r.keep() {
		r.state, a.begins, a.pass = Started, true, true
	}
	return a
}

// begun reports whether a success was said, which a later error spoils. It is
// called under the lock.
func (r *Recorder) begun() bool {
	return r.status < 400 && (r.kept == held || r.state == Started && r.kept == nothing && r.guarded)
}

// relays reports whether r stands on the way of an envelope to the wire. It is
// called under the lock.
func (r *Recorder) relays() bool { return r.x.offer() != nil && r != &r.x.rec }

// admit decides about body bytes, which imply 200 if nothing was said before. It
// is called under the lock.
func (r *Recorder) admit(p []byte) (a act, err error) {
	own := &r.x.rec
	switch {
	case r.state == Hijacked, r.gone:
		return a, http.ErrHijacked
	case r.relays() && !own.deferred, r == own && own.carries:
		a.begins, a.pass = r.state == Fresh, true
		r.state = max(r.state, Started)
		return a, nil
	case own.state == Rendered, own.deferred && r != own:
		return a, r.refusal()
	case r.claim(&a, int(own.status)):
		return a, nil
	case r.kept != nothing:
		return r.collect(a, p)
	case r.state == Fresh:
		r.status = http.StatusOK
		if r.keep() {
			return r.collect(a, p)
		}
		r.state, a.begins = Started, true
	}
	a.pass = true
	return a, nil
}

// refusal returns the error of bytes behind an answer. A foreign writer has none
// to expect but that of the answer itself. It is called under the lock.
func (r *Recorder) refusal() error {
	own := &r.x.rec
	switch {
	case !own.answers && (r != own || !own.foreign):
		return http.ErrContentLength
	case own.rare != nil:
		return own.rare.err
	}
	return nil
}

// repeat passes on a later status that nobody has heard, so that net/http
// complains about it as it would have before.
func (r *Recorder) repeat() {
	r.x.mu.Lock()
	said := 0
	if r.kept == nothing && r.rare != nil {
		said, r.rare.said = r.rare.said, 0
	}
	r.x.mu.Unlock()
	if said != 0 {
		r.w.WriteHeader(said)
	}
}

// Write passes body bytes on, keeps them, or drops them.
func (r *Recorder) Write(p []byte) (int, error) {
	r.x.mu.Lock()
	a, err := r.admit(p)
	r.x.mu.Unlock()
	if err == nil {
		err = r.emit(&a)
	}
	switch {
	case err != nil:
		return 0, err
	case !a.pass:
		return len(p), nil
	}
	n, err := r.w.Write(p)
	r.count(int64(n), err)
	return n, err
}

// WriteString is Write for a string.
func (r *Recorder) WriteString(s string) (int, error) {
	if !r.streams() {
		return r.Write([]byte(s))
	}
	n, err := io.WriteString(r.w, s)
	r.count(int64(n), err)
	return n, err
}

// streams reports whether body bytes are passed on, whatever they are.
func (r *Recorder) streams() bool {
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	return r.state == Started && r.kept == nothing && !r.gone && r.x.offer() == nil && r.x.rec.state < Rendered
}

// count notes what has become of body bytes.
func (r *Recorder) count(n int64, err error) {
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	r.bytes += n
	if err != nil && r.facts().err == nil {
		r.rare.err = err
	}
}

// FlushError sends what was said so far. What is kept is decided at once, so
// that no client waits for it.
func (r *Recorder) FlushError() error {
	r.x.mu.Lock()
	var a act
	replace := false
	switch {
	case r.state == Hijacked, r.gone:
		r.x.mu.Unlock()
		return http.ErrHijacked
	case r.claim(&a, int(r.status)):
	case r.kept == spoilt:
		r.x.mu.Unlock()
		return nil // to be cut
	default:
		a, replace = r.decide(a)
		a.begins = r.state == Fresh
	}
	r.x.mu.Unlock()
	if replace {
		r.replace()
	} else if err := r.emit(&a); err != nil {
		return err
	}
	err := http.NewResponseController(r.w).Flush()
	if errors.Is(err, http.ErrNotSupported) {
		return err
	}
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	if r.state == Fresh {
		r.state, r.status = Started, http.StatusOK
	}
	return err
}

// facts returns the rare facts, to be written. It is called under the lock.
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
