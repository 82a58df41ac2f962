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

	// Settle is called once [Exchange.Answer] has returned Waiting: the answer was
	// sent, or somebody else's was.
	Settle(sent bool, err error)
}

// Outcome is what became of an offer.
type Outcome uint8

// The outcomes.
const (
	Sent    Outcome = iota
	Waiting         // in a foreign writer; Settle will tell
	Lost            // another answer was sent
)

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
// holds w. Without an exchange only w can tell.
func (x *Exchange) StateOf(w http.ResponseWriter) State {
	if x == nil {
		if g, ok := w.(interface{ Written() bool }); ok && g.Written() {
			return Started
		}
		return Fresh
	}
	direct := Top(w) == &x.rec
	shared := direct || x.shares(w)
	x.mu.Lock()
	defer x.mu.Unlock()
	state := x.rec.state
	switch {
	case x.offer() != nil && (shared || x.offer().Describes(w.Header())),
		// w is a buffer, and who has made it has answered in its place.
		!shared && x.rec.kept != nothing:
		return max(state, Rendered)
	}
	if direct || x.rec.head || x.rec.kept != nothing {
		return state
	}
	for r := range recorders(w) {
		if r.x == x && r.bytes > 0 {
			return max(state, Started) // a writer in between may have them still
		}
	}
	return state
}

// shares reports whether w is in front of the outermost recorder on the same
// goroutine. A writer with a header of its own is a buffer, perhaps of
// http.TimeoutHandler: nothing may be done behind its back.
func (x *Exchange) shares(w http.ResponseWriter) bool {
	return reflect.ValueOf(w.Header()).UnsafePointer() == reflect.ValueOf(x.rec.header).UnsafePointer()
}

// Answer sends o on w. It is for an answer that is fresh.
func (x *Exchange) Answer(w http.ResponseWriter, o Offer) (Outcome, error) {
	if x == nil {
		o.Describe(w.Header())
		return Sent, put(w, o)
	}
	if Top(w) == &x.rec {
		x.mu.Lock()
		then := x.rec.revoke()
		x.rec.render(o)
		x.mu.Unlock()
		replaceHeader(x.rec.w.Header(), then)
		return Sent, x.rec.send(o, false)
	}
	x.Revoke(w)
	describe(w.Header(), o, Top(w)) // before somebody else may look at o
	x.propose(w, o)
	err := put(w, o)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rec.answers = false
	switch {
	case x.rec.rare.sent == o:
		x.rec.take()
		return Sent, err
	case x.offer() != o:
		return Lost, err
	case errors.Is(err, http.ErrHandlerTimeout):
		x.rec.take()
		return Lost, err
	}
	x.rec.deferred = true
	return Waiting, err
}

// Revoke takes back what the recorders between w and the wire keep: something else
// is about to be said, on the header as it was then.
func (x *Exchange) Revoke(w http.ResponseWriter) {
	var then http.Header
	shared := x.shares(w)
	x.mu.Lock()
	if shared {
		then = x.rec.revoke()
	}
	for r := range recorders(w) {
		if r == &x.rec {
			break
		}
		if h := r.revoke(); h != nil {
			then = h
		}
	}
	x.mu.Unlock()
	replaceHeader(w.Header(), then)
}

// propose makes o the answer that the outermost recorder waits for.
func (x *Exchange) propose(w http.ResponseWriter, o Offer) {
	x.mu.Lock()
	void, waits, top := x.offer(), x.rec.deferred, Top(w)
	x.rec.facts().offer, x.rec.deferred, x.rec.answers = o, false, true
	x.rec.topped = top != nil && top.bytes == 0
	x.mu.Unlock()
	if waits { // or its responder, still at work, will see for itself
		void.Settle(false, nil)
	}
}

// claim reports whether what arrives at r is the offer of the exchange, which is
// then to be sent. If it is somebody else's answer there is no offer any more.
// One that a compressor has encoded is passed on as it comes, if a recorder on top
// of that sees to it that nothing stands before and behind it. It is called under
// the lock.
func (r *Recorder) claim(a *act, status int) bool {
	o := r.x.offer()
	if o == nil || r != &r.x.rec || r.state == Rendered {
		return false
	}
	h, late := r.w.Header(), r.deferred
	switch {
	case !o.Describes(h):
		if r.take(); late {
			a.void = o
		}
		return false
	case r.topped && status == o.Status() && r.encoded(h):
		r.revoke()
		r.render(o)
		r.carries, a.begins, a.pass = true, true, true
		r.facts().sent = o
		if late {
			r.take()
			a.carried = o
		}
		return true
	}
	r.take()
	r.accept(a, o, late)
	return true
}

// accept makes an offer the answer. It is called under the lock.
func (r *Recorder) accept(a *act, o Offer, late bool) {
	a.offer, a.late = o, late
	r.foreign = true
	r.facts().sent = o
	r.revoke()
	r.render(o)
}

// Deliver sends the answer that a foreign writer was given and has not passed on.
// It is for a handler that has left, in whatever way.
func (r *Recorder) Deliver() {
	r.x.mu.Lock()
	var a act
	if r == &r.x.rec && r.deferred {
		r.accept(&a, r.take(), true)
	}
	r.x.mu.Unlock()
	r.emit(&a)
}

// take ends the waiting for an offer, and returns it. It is called under the lock.
func (r *Recorder) take() Offer {
	o := r.x.offer()
	r.facts().offer, r.deferred = nil, false
	return o
}

// offer returns the offer that x waits for, or nil. It is called under the lock.
func (x *Exchange) offer() Offer {
	if x.rec.rare == nil {
		return nil
	}
	return x.rec.rare.offer
}

// render notes that an offer is about to be sent. It is called under the lock.
func (r *Recorder) render(o Offer) {
	r.state, r.status, r.bytes = Rendered, uint16(o.Status()), int64(len(o.Body()))
}

// send sends an offer. A foreign writer may have spoilt its header.
func (r *Recorder) send(o Offer, late bool) error {
	h := r.w.Header()
	describe(h, o, r)
	r.sign(h)
	err := put(r.w, o)
	if err != nil {
		r.count(0, err)
	}
	if late {
		o.Settle(true, err)
	}
	return err
}

// describe makes a header that of an offer. An encoding that was there when r
// was made is that of a compressor further out, which will encode what we write;
// any other is of an answer that is not sent.
func describe(h http.Header, o Offer, r *Recorder) {
	if r != nil && !r.coded {
		delete(h, "Content-Encoding")
	}
	o.Describe(h)
}

// put writes an answer. Of our own failures the client learns at once: a hook
// that is slow delays the handler's end alone.
func put(w http.ResponseWriter, o Offer) error {
	w.WriteHeader(o.Status())
	_, err := w.Write(o.Body())
	if o.Status() < 500 {
		return err
	}
	flushed := http.NewResponseController(w).Flush()
	if err == nil && !errors.Is(flushed, http.ErrNotSupported) {
		err = flushed
	}
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
			r := Top(w)
			if r != nil {
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
