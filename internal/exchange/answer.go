package exchange

import (
	"errors"
	"net/http"
	"reflect"
)

// StateOf returns how far the answer has come, for a caller that writes to w. If w
// is a buffer that holds an offer, the answer is complete for that caller, while for
// callers with another writer nothing has begun yet. Without an exchange only w can
// tell.
func (x *Exchange) StateOf(w http.ResponseWriter) State {
	if x == nil {
		if g, ok := w.(interface{ Written() bool }); ok && g.Written() {
			return Started
		}
		return Fresh
	}
	x.mu.Lock()
	state, ended := x.rec.state, x.rec.ended
	x.mu.Unlock()
	if ended || x.Extra().awaits(w.Header()) { // once net/http has completed an answer, its header is not to be touched
		return max(state, Rendered)
	}
	switch above, in := nearest(w), !x.rec.shares(w); { // in a buffer
	case above == nil || !above.shares(w):
	case in && state != Rendered && above.state == Fresh:
		return Fresh // what has begun is not in this buffer
	case state == Fresh && (in || x.rec.kept == nothing) && above.holds():
		return Started
	}
	return state
}

// holds reports whether the foreign writer beneath r may hold bytes of a success, which
// cannot be taken back.
func (r *Recorder) holds() bool { return !r.head && r.bytes > 0 && r.status < 400 }

// shares reports whether w has the header of r, and so stands in front of r on the
// same goroutine. A writer with a header of its own is a buffer, perhaps of
// http.TimeoutHandler, and nothing may be written past it.
func (r *Recorder) shares(w http.ResponseWriter) bool {
	return same(w.Header(), r.header)
}

func same(h, other http.Header) bool {
	return reflect.ValueOf(h).UnsafePointer() == reflect.ValueOf(other).UnsafePointer()
}

// Answer sends o on w; the state of the answer is fresh. It reports whether o is
// settled. If not, w is a buffer, perhaps of another goroutine, and o is settled when
// the owner of the buffer passes it on, or drops it.
func (x *Exchange) Answer(w http.ResponseWriter, o Offer) (settled bool) {
	switch {
	case x == nil:
		o.Describe(w.Header())
		send(w, o, o.Body())
		return true
	case Top(w) == &x.rec, x.rec.covers(w):
		replaceHeader(x.rec.w.Header(), x.rec.revoke())
		x.rec.render(o)
		return true
	}
	x.Revoke(w)
	x.describe(w.Header(), o)
	here := x.rec.shares(w)
	timed := reflect.TypeOf(Innermost(w)).String() == "*http.timeoutWriter"
	if !x.propose(waiting{o, w.Header(), here, timed}) {
		put(w, o, o.Body()) // or the buffer would hold a header without a body
		o.Settle(false, nil)
		return true
	}
	if here {
		defer x.rec.accept(o) // if it has not arrived, also because w panics
	}
	put(w, o, o.Body())
	return here
}

// covers reports whether w is the writer right beneath r. A handler may have kept it
// from further out.
func (r *Recorder) covers(w http.ResponseWriter) bool {
	return reflect.TypeOf(w).Comparable() && w == r.w
}

// Revoke takes back what the recorders between w and the wire keep, and gives w the
// header of that moment, because another answer is about to be written.
func (x *Exchange) Revoke(w http.ResponseWriter) {
	var then http.Header
	all := false // what the recorders further in have passed on was kept
	if x.rec.shares(w) {
		all = x.rec.kept != nothing
		then = x.rec.revoke()
	}
	for r := range recorders(w) {
		if !r.shares(w) {
			break
		}
		if h := r.revoke(); h != nil {
			then = h
		}
		if all {
			r.state, r.status, r.bytes = Fresh, 0, 0
		}
	}
	replaceHeader(w.Header(), then)
}

// render sends an offer. It describes the header again, because a foreign writer may
// have changed it.
func (r *Recorder) render(o Offer) {
	body := o.Body()
	if r.head {
		body = nil
	}
	r.x.describe(r.w.Header(), o)
	r.status, r.bytes = uint16(o.Status()), int64(len(body))
	r.become(Rendered)
	r.count(0, send(r.w, o, body))
}

// describe makes of h the header of an offer. A Content-Encoding that was there
// before we were called stays: a compressor further out has set it, and will encode
// our bytes. Any other belongs to an answer that is not sent.
func (x *Exchange) describe(h http.Header, o Offer) {
	if !x.rec.coded {
		delete(h, "Content-Encoding")
	}
	o.Describe(h)
}

// send sends an offer, and settles it also if w panics.
func send(w http.ResponseWriter, o Offer, body []byte) (err error) {
	defer func() { o.Settle(true, err) }()
	err = put(w, o, body)
	if o.Status() < 500 {
		return err
	}
	flushed := http.NewResponseController(w).Flush()
	if err == nil && !errors.Is(flushed, http.ErrNotSupported) {
		err = flushed
	}
	return err
}

// put writes an offer to w.
func put(w http.ResponseWriter, o Offer, body []byte) error {
	w.WriteHeader(o.Status())
	_, err := w.Write(body)
	return err
}
