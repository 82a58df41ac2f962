package exchange

import (
	"maps"
	"net/http"
	"slices"
)

// act is what the writer beneath is to be told, once the lock is given back.
type act struct {
	void    Offer       // to be told that it is none: another answer was sent
	carried Offer       // to be told that it is on its way
	offer   Offer       // to be sent in the place of all that follows
	late    bool        // offer was left behind by a responder, who wants to know
	status  int         // of an answer that was kept, 0 is none
	header  http.Header // as it was then
	body    []byte
	begins  bool // a header is about to be sent
	pass    bool // what was said is passed on, after all that
}

// emit tells the writer beneath what comes before that which was said just now.
// Its error is that of a body.
func (r *Recorder) emit(a *act) error {
	if a.void != nil {
		a.void.Settle(false, nil)
	}
	if a.carried != nil {
		a.carried.Settle(true, nil)
	}
	if a.offer != nil {
		return r.send(a.offer, a.late)
	}
	if a.status == 0 {
		if a.begins {
			r.sign(r.w.Header())
		}
		return nil
	}
	live := r.w.Header()
	later := replaceHeader(live, a.header)
	r.sign(live)
	r.w.WriteHeader(a.status)
	if later != nil { // trailers, perhaps
		replaceHeader(live, later)
	}
	if len(a.body) == 0 {
		return nil
	}
	_, err := r.w.Write(a.body)
	return err
}

// sign makes a header that is about to be sent what it should be.
func (r *Recorder) sign(h http.Header) {
	if r == &r.x.rec {
		r.x.sign(h)
	}
}

// replaceHeader makes a header that of another moment, and returns what it was,
// or nil if there is no difference.
func replaceHeader(live, then http.Header) http.Header {
	if then == nil || maps.EqualFunc(live, then, slices.Equal) {
		return nil
	}
	was := maps.Clone(live)
	clear(live)
	maps.Copy(live, then)
	return was
}
