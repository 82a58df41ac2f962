package exchange

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
)

// Recorder is a response writer that knows what has become of the response. It
// offers an optional interface iff the writer beneath has it; see variants.go.
//
// Two modes hold a status back, each armed by the one middleware that
// guarantees its end: holding (by Recover) keeps statuses that cannot show a
// truncation, and rewriting (by Rewrite) keeps the plain-text errors of routers
// and old handlers. What is kept is not on the wire, so the response counts as
// fresh and may still become an envelope.
type Recorder struct {
	w http.ResponseWriter

	mu       sync.Mutex // goroutines outlive handlers
	state    State
	kept     kept
	holds    bool
	head     bool // the request is a HEAD: any status is held
	rewrites bool
	coded    bool // Content-Encoding was there when the recorder was made
	sealed   bool // rendered through this recorder: further bytes are refused
	status   int  // first final status, also while it is kept
	bytes    int64
	dropped  []byte   // the begin of a body that is being replaced
	conn     net.Conn // after Hijack
}

// State says how far a response has come.
type State uint8

// The states.
const (
	Fresh    State = iota // nothing is on the wire
	Started               // a handler has begun to answer
	Rendered              // a responder has answered, completely
	Hijacked
)

// kept says why a status is not passed on.
type kept uint8

const (
	nothing   kept = iota
	held           // until return, Write or Flush
	undecided      // the body will tell
	replaced       // an envelope will take its place
)

func (r *Recorder) recorder() *Recorder { return r }

// Unwrap returns the writer beneath, for http.ResponseController.
func (r *Recorder) Unwrap() http.ResponseWriter { return r.w }

// Header returns the header of the writer beneath.
func (r *Recorder) Header() http.Header { return r.w.Header() }

// State returns how far the response has come.
func (r *Recorder) State() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// Status returns the first final status, 200 if there was none.
func (r *Recorder) Status() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
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
	r.mu.Lock()
	pass := r.header(status)
	r.mu.Unlock()
	if pass {
		r.w.WriteHeader(status)
	}
}

// header decides upon a status, and whether to pass it on now.
func (r *Recorder) header(status int) bool {
	switch {
	case r.state == Hijacked:
		return false
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		return true
	case r.state != Fresh:
		return true
	case r.kept == held:
		r.release()
		return true
	case r.kept != nothing:
		return false
	}
	r.status = status
	if r.rewrites && status >= 400 {
		if r.kept = classify(r.w.Header()); r.kept != nothing {
			return false
		}
	}
	if r.holds && (r.head || status == http.StatusNoContent || status == http.StatusNotModified) {
		r.kept = held
		return false
	}
	r.state = Started
	return true
}

// release passes a kept status on. It is called under the lock; WriteHeader of
// the writer beneath does not come back to us.
func (r *Recorder) release() {
	r.kept, r.state = nothing, Started
	r.w.WriteHeader(r.status)
}

// before prepares for body bytes: p is their begin. It reports whether they are
// to be dropped, or refused.
func (r *Recorder) before(p []byte) (drop bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.state == Hijacked:
		return false, http.ErrHijacked
	case r.sealed:
		return false, http.ErrContentLength
	case r.state != Fresh:
		return false, nil
	}
	if r.kept == undecided {
		if len(p) == 0 {
			return true, nil
		}
		r.kept = replaced
		if !isPlain(r.w.Header(), p) {
			r.release()
		}
	}
	switch r.kept {
	case replaced:
		r.dropped = append(r.dropped, p[:min(len(p), maxDropped-len(r.dropped))]...)
		return true, nil
	case held:
		r.release()
	case nothing:
		if r.state == Fresh {
			r.state, r.status = Started, http.StatusOK
		}
	}
	return false, nil
}

func (r *Recorder) count(n int64) {
	r.mu.Lock()
	r.bytes += n
	r.mu.Unlock()
}

// Write passes body bytes on, or drops them while the answer is replaced.
func (r *Recorder) Write(p []byte) (int, error) {
	drop, err := r.before(p)
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
	drop, err := r.before([]byte(s[:min(len(s), sniffLen)]))
	if err != nil {
		return 0, err
	}
	if drop {
		return len(s), nil
	}
	n, err := io.WriteString(r.w, s)
	r.count(int64(n))
	return n, err
}

// FlushError sends what the writer beneath has buffered. While an answer is
// being replaced it does nothing.
func (r *Recorder) FlushError() error {
	r.mu.Lock()
	switch {
	case r.state == Hijacked:
		r.mu.Unlock()
		return http.ErrHijacked
	case r.kept == undecided || r.kept == replaced:
		r.mu.Unlock()
		return nil
	case r.kept == held:
		r.release()
	}
	r.mu.Unlock()
	err := http.NewResponseController(r.w).Flush()
	if !errors.Is(err, http.ErrNotSupported) {
		r.mu.Lock()
		if r.state == Fresh {
			r.state, r.status = Started, http.StatusOK
		}
		r.mu.Unlock()
	}
	return err
}

// Hold keeps, from now on, each status that cannot show a truncation: 204, 304,
// and any on a HEAD. It reports whether the caller is the one to call [Release].
func (r *Recorder) Hold(head bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.holds {
		return false
	}
	r.holds, r.head = true, head
	return true
}

// Release ends [Hold] and passes on what was held.
func (r *Recorder) Release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holds = false
	if r.kept == held {
		r.release()
	}
}

// Revoke forgets a status that is kept: something else is about to be said.
func (r *Recorder) Revoke() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holds, r.rewrites, r.kept = false, false, nothing
	if r.state == Fresh {
		r.status = 0
	}
}

// Seal marks the response as rendered with a status. With direct, the responder has written
// to this very recorder, and further bytes are refused; otherwise a writer in
// between may still have to deliver its own.
func (r *Recorder) Seal(status int, direct bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state, r.status, r.sealed = Rendered, status, direct
}

// EncodedBefore reports whether Content-Encoding was set when r was made, by a
// compressor further out that will encode whatever is written.
func (r *Recorder) EncodedBefore() bool { return r.coded }

// CloseHijacked closes a hijacked connection, which net/http no longer does.
func (r *Recorder) CloseHijacked() {
	r.mu.Lock()
	conn := r.conn
	r.mu.Unlock()
	if conn != nil {
		conn.Close()
	}
}
