package exchange

import (
	"errors"
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
	Body() []byte // nil for a HEAD

	// Describe makes of h the header of the answer. Describes reports whether h is
	// such a header, or may be a copy of one; sure says that it is not that of another
	// offer.
	Describe(http.Header)
	Describes(http.Header) (likely, sure bool)

	// Settle is called once. It says whether this answer was sent, or another one.
	Settle(sent bool, err error)
}

// offered is an offer that the outermost recorder waits for. There is more than one if
// several buffers hold one each.
type offered struct {
	Offer
	given http.Header // of the writer that the offer was written to
	here  bool        // that writer passes the offer on at once, so whatever arrives is the offer
	begun bool        // that writer holds the begin of an answer; if a success arrives, the offer is sent in its place
}

// Of returns the exchange of r, or else of the nearest recorder beneath w, or nil.
func Of(w http.ResponseWriter, r *http.Request) *Exchange {
	if x := From(r.Context()); x != nil {
		return x
	}
	for rec := range recorders(w) {
		return rec.x
	}
	return nil
}

// StateOf returns how far the answer has come, for a caller that writes to w. If w is
// a buffer, perhaps of another goroutine, the answer that is on the wire may be another
// one. Then the state is fresh until an offer was written to w. Without an exchange only
// w can tell.
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
	switch {
	case ended && state != Hijacked, x.Extra().to(w.Header()) != nil: // once net/http has completed an answer, its header is not to be touched
		return Rendered
	case !x.rec.shares(w):
		return Fresh // what is on the wire is not what w holds
	case state == Fresh && x.holds(w):
		return Started
	}
	return state
}

// holds reports whether a foreign writer between w and the wire, with the same header,
// holds bytes, which cannot be taken back.
func (x *Exchange) holds(w http.ResponseWriter) bool {
	r := above(w)
	return r != nil && r.kept != undecided && r.bytes > 0 && !x.rec.head && x.rec.kept == nothing
}

// shares reports whether w has the header of r, and so stands in front of r on the
// same goroutine. A writer with a header of its own is a buffer, perhaps of
// http.TimeoutHandler, and nothing may be written past it.
func (r *Recorder) shares(w http.ResponseWriter) bool {
	return same(w.Header(), r.header)
}

func same(h, other http.Header) bool {
	return reflect.ValueOf(h).UnsafePointer() == reflect.ValueOf(other).UnsafePointer()
}

// to returns the offer that was written to a writer with the header h, or nil.
func (e *Extra) to(h http.Header) Offer {
	for _, o := range e.offers {
		if same(h, o.given) {
			return o.Offer
		}
	}
	return nil
}

// Answer sends o on w; the state of the answer is fresh. It reports whether o is
// settled. If not, w is a buffer, perhaps of another goroutine, and o is settled when
// the owner of the buffer passes it on, or drops it.
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
	here, above, body := x.rec.shares(w), above(w), o.Body()
	begun := above != nil && above.state == Started
	waits := x.propose(offered{o, w.Header(), here, begun})
	if here {
		defer x.rec.accept(o) // if o has not arrived, also because w panics
	}
	if begun {
		w, body = above.w, nil // or the buffer would hold both
		above.status = uint16(o.Status())
	}
	put(w, o.Status(), body)
	if !waits {
		o.Settle(false, nil)
	}
	return here || !waits
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

// maxOffers bounds the offers in buffers: a batch may have very many parts.
const maxOffers = 64

// propose makes o an offer that the outermost recorder waits for. It reports false if
// an answer has begun or has ended, or if too many buffers hold one.
func (x *Exchange) propose(o offered) (ok bool) {
	x.EditExtra(func(e *Extra) {
		ok = x.rec.state == Fresh && !x.rec.ended && (o.here || len(e.offers) < maxOffers)
		if ok {
			e.offers = append(slices.Clip(e.offers), o)
		}
	})
	return ok
}

// yields makes way for an offer of which the first part arrives. The outermost
// recorder sends the offer, and yields reports true. Any other recorder forgets what
// it has kept, and passes on everything from now on.
func (r *Recorder) yields(status int) (done bool) {
	e := r.x.Extra()
	if e.offers == nil || r.state != Fresh && r.kept == nothing {
		return false
	}
	if r == &r.x.rec {
		o := e.arriving(r.w.Header(), status)
		return o != nil && r.accept(o)
	}
	if o := e.to(r.header); o != nil { // any other may belong to another goroutine
		r.revoke()
		r.state, r.status = Started, uint16(o.Status())
	}
	return false
}

// arriving returns the offer of which the header and the status arrive, or nil. If
// that is not sure, it is the last one that it may be.
func (e *Extra) arriving(h http.Header, status int) (found Offer) {
	for _, o := range e.offers {
		likely, sure := o.Describes(h)
		if sure || o.here {
			return o.Offer
		}
		if likely || o.begun && status < 400 {
			found = o.Offer
		}
	}
	return found
}

// accept sends o in the place of what a foreign writer passes on, if r still waits
// for o.
func (r *Recorder) accept(o Offer) (ok bool) {
	r.x.EditExtra(func(e *Extra) {
		rest := slices.DeleteFunc(slices.Clone(e.offers), func(other offered) bool { return other.Offer == o })
		ok, e.offers = len(rest) < len(e.offers), rest
	})
	if ok {
		r.revoke()
		r.quiet = true
		r.render(o)
	}
	return ok
}

// Deliver sends the last offer if no foreign writer has passed one on. It is called
// when the handler has left.
func (r *Recorder) Deliver() {
	top, offers := &r.x.rec, r.x.Extra().offers
	if len(offers) > 0 && top.shares(r) && top.state == Fresh && top.kept == nothing {
		top.accept(offers[len(offers)-1].Offer)
	}
}

// render sends an offer. It describes the header again, because a foreign writer may
// have changed it.
func (r *Recorder) render(o Offer) {
	r.x.describe(r.w.Header(), o)
	r.status, r.bytes = uint16(o.Status()), int64(len(o.Body()))
	r.become(Rendered)
	r.count(0, send(r.w, o))
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
func send(w http.ResponseWriter, o Offer) (err error) {
	defer func() { o.Settle(true, err) }()
	err = put(w, o.Status(), o.Body())
	if o.Status() < 500 {
		return err
	}
	flushed := http.NewResponseController(w).Flush()
	if err == nil && !errors.Is(flushed, http.ErrNotSupported) {
		err = flushed
	}
	return err
}

func put(w http.ResponseWriter, status int, body []byte) error {
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}
