package exchange

import (
	"bytes"
	"net/http"
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
