package exchange

import (
	"bytes"
	"errors"
	"iter"
	"net/http"
	"reflect"
	"slices"
)

// An Offer is a whole error answer on its way to the wire. A foreign writer may
// stand in between. It may hold bytes of another answer, keep the status to itself,
// or pass on nothing until the handler has returned. So the outermost recorder waits
// for the offer. When the first part of it arrives, the recorder sends all of it, and
// drops whatever else the foreign writer passes on.
type Offer interface {
	Status() int
	Body() []byte

	// Describe makes of h the header of the answer. Describes reports whether an
	// answer with the header h and that status looks like this one, and whether it may
	// be this one all the same.
	Describe(h http.Header)
	Describes(h http.Header, status int) (is, may bool)

	// Settle is called once. It says whether this answer was sent, or another one.
	Settle(sent bool, err error)
}

// waiting is an offer that the outermost recorder waits for. Several buffers may hold
// one each.
type waiting struct {
	Offer
	given http.Header // of the writer that the offer was written to
	here  bool        // that writer passes the offer on at once, so whatever arrives is the offer
	timed bool        // that writer is of http.TimeoutHandler, see Unwind
}

// maxWaiting bounds the offers that are waited for, because a handler may answer into
// any number of buffers. The oldest make way.
const maxWaiting = 64

// Of returns the exchange of r, or else of the nearest recorder beneath w, or nil.
func Of(w http.ResponseWriter, r *http.Request) *Exchange {
	if x := From(r.Context()); x != nil {
		return x
	}
	if r := nearest(w); r != nil {
		return r.x
	}
	return nil
}

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

// awaits reports whether an offer is waited for that was written to a writer with the
// header h. A buffer may be used again, with an empty header.
func (e *Extra) awaits(h http.Header) bool {
	return slices.ContainsFunc(e.offers, func(o waiting) bool {
		if !same(h, o.given) {
			return false // it may belong to another goroutine
		}
		is, _ := o.Describes(h, o.Status())
		return is
	})
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

// propose makes o an offer that the outermost recorder waits for. It reports false if
// an answer has begun or has ended, or if one is just being passed on.
func (x *Exchange) propose(o waiting) (ok bool) {
	var void []waiting
	x.EditExtra(func(e *Extra) {
		n := len(e.offers)
		if ok = x.rec.state == Fresh && !x.rec.ended && (n == 0 || !e.offers[n-1].here); ok {
			n = max(0, n-maxWaiting+1)
			void, e.offers = e.offers[:n], append(e.offers[n:], o)
		}
	})
	settle(void)
	return ok
}

// settle tells offers that they were not sent.
func settle(void []waiting) {
	for _, o := range void {
		o.Settle(false, nil)
	}
}

// yields makes way for an offer of which the first part arrives, and reports true. If
// it is not sure which offer arrives, or whether any does, the answer is kept until its
// body tells.
func (r *Recorder) yields(status int) (done bool) {
	if r != &r.x.rec {
		return false
	}
	var found Offer
	like, doubts := 0, false
	for _, o := range r.x.Extra().offers {
		is, may := o.Describes(r.w.Header(), status)
		if o.here || is {
			found = o.Offer
			like++
		}
		doubts = doubts || may
	}
	switch {
	case like == 1:
		return r.accept(found)
	case !doubts || r.kept != nothing:
		return false
	}
	r.status = uint16(status)
	r.putAside(doubted)
	return true
}

// accept sends o in the place of what a foreign writer passes on, if r still waits
// for o.
func (r *Recorder) accept(o Offer) (ok bool) {
	r.x.EditExtra(func(e *Extra) {
		n := len(e.offers)
		e.offers = slices.DeleteFunc(slices.Clone(e.offers), func(other waiting) bool { return other.Offer == o })
		ok = len(e.offers) < n // else another goroutine has taken it
	})
	if ok {
		r.revoke()
		r.quiet = true
		r.render(o)
		r.facts().header = r.w.Header().Clone()
	}
	return ok
}

// Unwind sends an offer after a panic that has come through [http.TimeoutHandler], which
// then drops its buffer, although its handler had answered. Whoever else has a buffer
// with an offer has dropped it by choice.
func (r *Recorder) Unwind() {
	offers, top := r.x.Extra().offers, &r.x.rec
	if n := len(offers); n > 0 && offers[n-1].timed && same(r.header, top.header) && top.state == Fresh && top.kept == nothing {
		top.accept(offers[n-1].Offer)
	}
}

// end sends what a foreign writer has not passed on, or what it is not sure of. The
// outermost layer calls it when the handler has left. If nothing was written, net/http
// sends an empty 200.
func (r *Recorder) end() {
	offers := r.x.Extra().offers
	switch n := len(offers); {
	case r.kept == doubted:
		for _, o := range offers {
			if body := o.Body(); len(body) > 0 && bytes.HasSuffix(r.rare.body, body) && r.accept(o.Offer) {
				return
			}
		}
		r.release()
	case r.state != Fresh || r.kept != nothing || r.gone:
	case n > 0:
		r.accept(offers[n-1].Offer)
	default:
		r.become(Fresh)
	}
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

// Top returns the recorder that w is or counts as, see [Recorder.TopRecorder]. It
// returns nil for a foreign writer.
func Top(w http.ResponseWriter) *Recorder {
	if v, ok := w.(interface{ TopRecorder() *Recorder }); ok {
		return v.TopRecorder()
	}
	return nil
}

// nearest returns the first recorder among w and the writers that it unwraps to, or nil.
func nearest(w http.ResponseWriter) *Recorder {
	for r := range recorders(w) {
		return r
	}
	return nil
}

// recorders yields the recorders among w and the writers that it unwraps to, the
// nearest first.
func recorders(w http.ResponseWriter) iter.Seq[*Recorder] {
	return func(yield func(*Recorder) bool) {
		w := w
		for range maxDepth {
			if r := Top(w); r != nil {
				if !yield(r) {
					return
				}
				w = r.w
				continue
			}
			u, ok := w.(interface{ Unwrap() http.ResponseWriter })
			if !ok {
				return
			}
			w = u.Unwrap()
		}
	}
}

// Innermost unwraps w as often as it can.
func Innermost(w http.ResponseWriter) http.ResponseWriter {
	for range maxDepth {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = u.Unwrap()
	}
	return w
}

// maxDepth bounds a walk, because a writer may unwrap to itself.
const maxDepth = 100
