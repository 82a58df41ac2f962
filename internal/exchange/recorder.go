package exchange

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// Recorder is a response writer that knows what has become of the response. It
// offers an optional interface iff the writer beneath has it; see
// recorder_variants.go.
//
// Two modes keep a status back, each armed by the one middleware that
// guarantees its end: holding (by Recover) keeps statuses that cannot show a
// truncation, and rewriting (by Rewrite) keeps the plain-text errors of routers
// and old handlers. What is kept is not on the wire, so the response counts as
// fresh and may still become an envelope.
//
// The writer beneath is never called under the lock: it may block, panic, or be
// somebody else's.
type Recorder struct {
	w http.ResponseWriter
	x *Exchange // nil outside an exchange

	mu       sync.Mutex // goroutines outlive handlers
	state    State
	kept     kept
	holds    holding
	rewrites bool
	coded    bool // Content-Encoding was there when the recorder was made
	sealed   bool // rendered through this recorder: further bytes are refused
	closing  bool // before HTTP/1.1 an answer may end with its connection
	gone     bool // the connection was reset, see Abort
	status   int  // first final status, also while it is kept
	bytes    int64
	rare     *rare
}

// rare is what few responses have.
type rare struct {
	dropped []byte   // the begin of a body that is being replaced
	conn    net.Conn // after Hijack
}

// State says how far a response has come. The later a state stands in the list,
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

// kept says why a status is not passed on.
type kept uint8

const (
	nothing   kept = iota
	held           // until return, Write or Flush
	undecided      // the body will tell
	replaced       // an envelope will take its place
)

// holding says which statuses are kept until the handler has returned.
type holding uint8

const (
	none     holding = iota
	bodyless         // 204 and 304
	every            // on a HEAD
)

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

// State returns how far the response has come. Recorders further in may know
// more: a ResponseController hijacks past writers that cannot.
func (r *Recorder) State() State {
	s := r.ownState()
	for inner := range Recorders(r.w) {
		s = max(s, inner.ownState())
	}
	return s
}

func (r *Recorder) ownState() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// Status returns the first final status, 200 if there was none, or 0 if the
// connection was hijacked before there was one.
func (r *Recorder) Status() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status == 0 && r.state != Hijacked {
		return http.StatusOK
	}
	return r.status
}

// Silent reports whether nobody has said anything yet: the response is fresh,
// and no status is kept either.
func (r *Recorder) Silent() bool {
	r.mu.Lock()
	silent := r.kept == nothing && r.state == Fresh
	r.mu.Unlock()
	return silent && r.State() == Fresh
}

// Bytes returns the number of body bytes that were passed on.
func (r *Recorder) Bytes() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bytes
}

// WriteHeader passes a status on, or keeps it. Superfluous calls are passed on
// too, so that net/http says what it says of them.
func (r *Recorder) WriteHeader(status int) {
	earlier, pass := r.decide(status)
	r.pass(earlier)
	if pass {
		r.w.WriteHeader(status)
	}
}

// decide says which earlier status to pass on first, if any, and whether to
// pass on the new one.
func (r *Recorder) decide(status int) (earlier int, pass bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.state == Hijacked, r.gone:
		return 0, false
	case status < 100 || status > 999:
		return 0, true // net/http panics, with nothing on the wire
	case status < 200 && status != http.StatusSwitchingProtocols:
		return 0, true // informational; the real one follows
	case r.kept == held:
		return r.release(), true
	case r.kept != nothing:
		return 0, false
	case r.state != Fresh:
		return 0, true
	}
	r.status = status
	if r.rewrites && status >= 400 {
		if r.kept = r.classify(); r.kept != nothing {
			return 0, false
		}
	}
	if r.holds == every || r.holds == bodyless && (status == http.StatusNoContent || status == http.StatusNotModified) {
		r.kept = held
		return 0, false
	}
	r.start(status)
	return 0, true
}

// start notes that a status is about to be passed on. It is called under the
// lock.
func (r *Recorder) start(status int) {
	r.state, r.status = Started, status
	r.x.sign(r.w.Header())
}

// release ends the keeping of a status and returns it, for pass. It is called
// under the lock.
func (r *Recorder) release() int {
	r.kept = nothing
	r.start(r.status)
	return r.status
}

// pass passes on what release returned; 0 is nothing.
func (r *Recorder) pass(status int) {
	if status != 0 {
		r.w.WriteHeader(status)
	}
}

// begin prepares for body bytes; p is the first of them. It reports whether
// they are to be dropped.
func (r *Recorder) begin(p []byte) (drop bool, err error) {
	r.mu.Lock()
	status, drop, err := r.admit(p)
	r.mu.Unlock()
	r.pass(status)
	return drop, err
}

func (r *Recorder) admit(p []byte) (status int, drop bool, err error) {
	switch {
	case r.state == Hijacked, r.gone:
		return 0, false, http.ErrHijacked
	case r.sealed:
		return 0, false, http.ErrContentLength
	case r.state != Fresh:
		return 0, false, nil
	case r.kept == undecided && len(p) == 0:
		return 0, true, nil
	case r.kept == undecided && !isPlain(r.w.Header(), p), r.kept == held:
		return r.release(), false, nil
	case r.kept != nothing:
		r.kept = replaced
		r.drop(p)
		return 0, true, nil
	case r.status != 0: // revoked
		return r.release(), false, nil
	}
	r.start(http.StatusOK)
	return 0, false, nil
}

// keepsBody reports whether body bytes are looked at before they are passed on.
func (r *Recorder) keepsBody() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept == undecided || r.kept == replaced
}

func (r *Recorder) count(n int64) {
	r.mu.Lock()
	r.bytes += n
	r.mu.Unlock()
}

// Write passes body bytes on, or drops them while the answer is replaced.
func (r *Recorder) Write(p []byte) (int, error) {
	drop, err := r.begin(p)
	if err != nil {
		return 0, err
	}
	if drop {
		return len(p), nil
	}
	n, err := r.w.Write(p)
	r.count(int64(n))
	return n, err
}

// WriteString is Write for a string.
func (r *Recorder) WriteString(s string) (int, error) {
	if r.keepsBody() {
		return r.Write([]byte(s))
	}
	if _, err := r.begin(nil); err != nil {
		return 0, err
	}
	n, err := io.WriteString(r.w, s)
	r.count(int64(n))
	return n, err
}

// FlushError sends what the writer beneath has buffered. While an answer is
// being replaced it does nothing.
func (r *Recorder) FlushError() error {
	r.mu.Lock()
	state, status := r.state, 0
	switch {
	case state == Hijacked, r.gone:
		r.mu.Unlock()
		return http.ErrHijacked
	case r.kept == undecided, r.kept == replaced:
		r.mu.Unlock()
		return nil
	case state == Fresh && r.status != 0: // held or revoked
		status = r.release()
	case state == Fresh:
		r.x.sign(r.w.Header())
	}
	r.mu.Unlock()
	r.pass(status)
	err := http.NewResponseController(r.w).Flush()
	if errors.Is(err, http.ErrNotSupported) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state == Fresh {
		r.state, r.status = Started, http.StatusOK
	}
	return err
}

// Seal marks the response as rendered with a status. With direct, the responder
// has written to this very recorder, and further bytes are refused. Otherwise a
// writer in between may still have to deliver its own, so they are refused only
// if as many as were declared have passed: net/http does not count those that
// it has yet to send over HTTP/2.
func (r *Recorder) Seal(status int, direct bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := strconv.ParseInt(r.w.Header().Get("Content-Length"), 10, 64)
	r.state, r.status, r.sealed = Rendered, status, direct || err == nil && r.bytes >= n
}

// EncodedBefore reports whether Content-Encoding was set when r was made, by a
// compressor further out that will encode whatever is written.
func (r *Recorder) EncodedBefore() bool { return r.coded }
