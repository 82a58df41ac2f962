package exchange

import (
	"errors"
	"iter"
	"net/http"
	"reflect"
)

// An Offer is a whole error answer on its way to the wire. A foreign writer may
// lie in between: it may hide that it has bytes of another answer, keep the
// status to itself, or pass on nothing until the handler has returned. So the
// outermost recorder waits for the answer, and when it begins to arrive sends it
// in one piece, in the place of whatever else the writer has to say.
type Offer interface {
	Status() int
	Body() []byte // nil for a HEAD

	// Describe makes a header that of the answer. Describes reports whether one
	// is, also if it was copied.
	Describe(http.Header)
	Describes(http.Header) bool

	// Settle is called once: the answer was sent, or somebody else's was.
	Settle(sent bool, err error)
}

// Of returns the exchange of a request, or else of a writer, or nil.
func Of(w http.ResponseWriter, r *http.Request) *Exchange {
	if x := From(r.Context()); x != nil {
		return x
	}
	for rec := range recorders(w) {
		return rec.x
	}
	return nil
}

// StateOf returns how far the answer of an exchange has come, for somebody who
// holds w. An answer that w itself holds, because it is a buffer, is complete. For
// those further out, or with another buffer, it is nothing yet. Without an exchange
// only w can tell.
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
	if state == Fresh && x.holds(w) {
		return Started
	}
	return state
}

// holds reports whether a foreign writer between w and the wire was given bytes
// that are not there yet, and cannot be taken back.
func (x *Exchange) holds(w http.ResponseWriter) bool {
	if x.rec.head || x.rec.shares(w) && x.rec.kept != nothing {
		return false
	}
	for r := range recorders(w) {
		return r.shares(w) && r.kept != undecided && r.bytes > 0
	}
	return false
}

// shares reports whether w is in front of r on the same goroutine. A writer with a
// header of its own is a buffer, perhaps of http.TimeoutHandler: nothing may be
// done behind its back.
func (r *Recorder) shares(w http.ResponseWriter) bool {
	return same(w.Header(), r.header)
}

func same(h, other http.Header) bool {
	return reflect.ValueOf(h).UnsafePointer() == reflect.ValueOf(other).UnsafePointer()
}

// awaits reports whether an offer is waited for that was given to a writer with
// this header.
func (e *Extra) awaits(h http.Header) bool { return e.offer != nil && (e.here || same(h, e.given)) }

// Answer sends o on w, for an answer that is fresh. It reports whether o is
// settled and w done with it; if not, w is a buffer, perhaps of another goroutine,
// and the offer is settled when its owner passes it on.
func (x *Exchange) Answer(w http.ResponseWriter, o Offer) (settled bool) {
	switch {
	case x == nil:
		o.Describe(w.Header())
		send(w, o)
		return true
	case Top(w) == &x.rec, x.rec.covers(w):
		replaceHeader(x.rec.w.Header(), x.rec.revoke())
		x.rec.render(o)
		return true
	}
	x.Revoke(w)
	x.describe(w.Header(), o)
	here := x.rec.shares(w)
	if !x.propose(o, w.Header(), here) {
		put(w, o) // or the buffer would have its header alone
		o.Settle(false, nil)
		return true
	}
	if here {
		defer x.rec.Deliver() // what has not arrived; and if w panics
	}
	put(w, o)
	return here
}

// covers reports whether w is the writer right beneath r, which the caller has from
// further out.
func (r *Recorder) covers(w http.ResponseWriter) bool {
	return reflect.TypeOf(w).Comparable() && w == r.w
}

// Revoke takes back what the recorders between w and the wire keep: something else
// is about to be said, on the header as it was then.
func (x *Exchange) Revoke(w http.ResponseWriter) {
	var then http.Header
	if x.rec.shares(w) {
		then = x.rec.revoke()
	}
	for r := range recorders(w) {
		if !r.shares(w) {
			break
		}
		if h := r.revoke(); h != nil {
			then = h
		}
	}
	replaceHeader(w.Header(), then)
}

// propose makes o the answer that the outermost recorder waits for, if it still
// can be. It takes the place of one that waits.
func (x *Exchange) propose(o Offer, h http.Header, here bool) (ok bool) {
	var void Offer
	x.EditExtra(func(e *Extra) {
		if ok = x.rec.state == Fresh && !x.rec.ended && (here || !(e.offer != nil && e.here)); ok {
			void, e.offer, e.given, e.here = e.offer, o, h, here
		}
	})
	if void != nil {
		void.Settle(false, nil)
	}
	return ok
}

// yields makes way for an offer that begins to arrive, and reports whether what r
// was told is done with. The outermost recorder sends the offer. Any other forgets
// what it has kept, and from now on passes on what it is told.
func (r *Recorder) yields() (done bool) {
	if r.state != Fresh && r.kept == nothing {
		return false
	}
	e := r.x.Extra()
	if r == &r.x.rec {
		return e.offer != nil && (e.here || e.offer.Describes(r.w.Header())) && r.accept(e.offer)
	}
	if e.awaits(r.header) {
		r.revoke()
		r.state, r.status = Started, uint16(e.offer.Status())
	}
	return false
}

// accept sends an offer that is waited for in the place of what a foreign writer
// says.
func (r *Recorder) accept(o Offer) (ok bool) {
	r.x.EditExtra(func(e *Extra) {
		if ok = e.offer == o; ok { // or somebody else's is waited for, since
			e.offer = nil
		}
	})
	if ok {
		r.revoke()
		r.quiet = true
		r.render(o)
	}
	return ok
}

// Deliver sends the answer that a foreign writer was given and has not passed on.
// It is for a handler that has left, in whatever way.
func (r *Recorder) Deliver() {
	top, o := &r.x.rec, r.x.Extra().offer
	if o != nil && top.shares(r) && top.state == Fresh && top.kept == nothing {
		top.accept(o)
	}
}

// render sends an offer. A foreign writer may have spoilt its header.
func (r *Recorder) render(o Offer) {
	r.x.describe(r.w.Header(), o)
	r.status, r.bytes = uint16(o.Status()), int64(len(o.Body()))
	r.become(Rendered)
	r.count(0, send(r.w, o))
}

// describe makes a header that of an offer. An encoding that was there from the
// begin is that of a compressor further out, which will encode what we write;
// any other is of an answer that is not sent.
func (x *Exchange) describe(h http.Header, o Offer) {
	if !x.rec.coded {
		delete(h, "Content-Encoding")
	}
	o.Describe(h)
}

// send sends an offer, and settles it also if w panics.
func send(w http.ResponseWriter, o Offer) (err error) {
	defer func() { o.Settle(true, err) }()
	err = put(w, o)
	if o.Status() < 500 {
		return err
	}
	flushed := http.NewResponseController(w).Flush()
	if err == nil && !errors.Is(flushed, http.ErrNotSupported) {
		err = flushed
	}
	return err
}

// put writes an answer.
func put(w http.ResponseWriter, o Offer) error {
	w.WriteHeader(o.Status())
	_, err := w.Write(o.Body())
	return err
}

// Top returns w as a recorder, or nil if it is a foreign writer. A writer of
// ours with a method TopRecorder is no foreign one.
func Top(w http.ResponseWriter) *Recorder {
	if v, ok := w.(interface{ TopRecorder() *Recorder }); ok {
		return v.TopRecorder()
	}
	return nil
}

// recorders yields the recorders among w and what it unwraps to, the nearest
// first.
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

// Innermost follows Unwrap to the end.
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

// maxDepth bounds a walk, for a writer that unwraps to itself.
const maxDepth = 100
