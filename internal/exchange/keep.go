package exchange

import (
	"maps"
	"net/http"
	"slices"
)

const (
	maxDoubted = 64 << 10  // of the body of an answer that may be an offer
	maxDropped = 1 << 10   // of a text that is replaced, for the log
	maxHead    = 4<<10 + 1 // of the body of a HEAD; net/http counts no further to find its length
)

// kept says why an answer is not passed on. Nothing of it is on the wire, so it
// counts as fresh, and may still become an envelope.
type kept uint8

const (
	nothing   kept = iota
	held           // it could not show a cut, so it waits until the handler has returned
	undecided      // an error; more of the body will tell whether it is plain text
	replaced       // plain text; an envelope will take its place
	spoilt         // an error status came after a success had begun; the answer will be cut
	doubted        // it may be an offer that a buffer passes on; its body will tell
)

// A Rewriter replaces errors that were written as plain text.
type Rewriter struct {
	// Judge says what becomes of an error with this header and this begin of a body;
	// whole means that there is no more. An encoded body cannot be read.
	Judge func(h http.Header, encoded bool, body []byte, whole bool) Verdict

	// Answer answers with an error of that status. The text is the begin of the body
	// that is not sent, for the log.
	Answer func(w http.ResponseWriter, r *http.Request, status int, text []byte)
}

// Verdict is what a [Rewriter] says of an error.
type Verdict uint8

// The verdicts.
const (
	Undecided Verdict = iota // more of the body may tell
	Meant                    // the handler wants it as it is
	Text                     // plain text, to be replaced
)

// Guard keeps, from now on, an answer that cannot show that it was cut: to a HEAD,
// with a status that has no body, or with a Content-Length of 0. It also notices an
// error status that comes after a success has begun. If it reports true, the caller
// calls [Recorder.Release].
func (r *Recorder) Guard() bool {
	news := !r.guarded
	r.guarded = true
	return news
}

// Guarded reports whether Guard is armed.
func (r *Recorder) Guarded() bool { return r.guarded }

// Release ends [Recorder.Guard] and passes on what is held. It is called when the
// handler has returned. A spoilt answer is not passed on: Release returns the status
// that came too late, and the begin of its text.
func (r *Recorder) Release() (late int, text []byte) {
	r.guarded = false
	switch r.kept {
	case spoilt:
		return r.rare.said, r.rare.body
	case held:
		r.release()
	}
	r.repeat()
	return 0, nil
}

// Exit notes that the handler has exited its goroutine. It reports true once: each
// Recover around the handler finds out, and one of them answers.
func (r *Recorder) Exit() (news bool) {
	r.x.EditExtra(func(e *Extra) {
		news = !same(r.header, e.exited)
		e.exited = r.header
	})
	return news
}

// Rewrite lets f replace, from now on, errors that are plain text. If it reports
// true, the caller calls [Recorder.Finish].
func (r *Recorder) Rewrite(f *Rewriter) bool {
	if r.rewrite != nil {
		return false
	}
	r.rewrite = f
	return true
}

// Finish ends [Recorder.Rewrite]. It is called when the handler has returned, so the
// body is whole.
func (r *Recorder) Finish() {
	if r.kept == undecided || r.kept == replaced {
		r.decide()
		r.repeat()
	}
	r.rewrite = nil
}

// decide ends the wait for more of the body: plain text becomes an envelope, and
// everything else is passed on.
func (r *Recorder) decide() error {
	if r.kept == undecided && r.judge(true) == Text {
		r.drop()
	}
	if r.kept != replaced {
		return r.release()
	}
	text := r.rare.body
	r.rewrite.Answer(r, &r.x.req, int(r.status), text[:min(len(text), maxDropped)])
	return nil
}

// keep decides by the header whether to keep the status that was just written. If
// so, it keeps a copy of the header: fields that are set later are not sent, as in
// net/http.
func (r *Recorder) keep() bool {
	h := r.w.Header()
	switch {
	case r.rewrite != nil && r.status >= 400 && r.rewrite.Judge(h, r.encoded(h), nil, false) != Meant:
		r.putAside(undecided)
	case r.cannotShowACut(h):
		r.putAside(held)
	default:
		return false
	}
	return true
}

// putAside keeps a status with a copy of the header.
func (r *Recorder) putAside(why kept) {
	r.kept = why
	f := r.facts()
	f.header, f.body, f.said = r.w.Header().Clone(), nil, 0
}

func (r *Recorder) cannotShowACut(h http.Header) bool {
	return r.guarded && r.status != http.StatusSwitchingProtocols && (r.head || bodyless(r.status) || declared(h) == 0)
}

func bodyless(status uint16) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

// encoded reports whether the bytes of the body are encoded when they pass here. A
// compressor further out sets Content-Encoding before we are called, and encodes
// them later.
func (r *Recorder) encoded(h http.Header) bool { return !r.coded && h["Content-Encoding"] != nil }

// judge asks the rewriter about an error that is undecided. An answer that is too long
// is no offer.
func (r *Recorder) judge(whole bool) Verdict {
	if r.kept == doubted {
		if len(r.rare.body) > maxDoubted {
			return Meant
		}
		return Undecided
	}
	return r.rewrite.Judge(r.rare.header, r.encoded(r.rare.header), r.rare.body, whole)
}

// collect adds bytes of the body to what is kept, and may then decide.
func (r *Recorder) collect(p []byte) (int, error) {
	f := r.rare
	if r.kept == held || r.kept == undecided || r.kept == doubted {
		if err := r.refuses(len(p)); err != nil {
			return 0, err
		}
		r.bytes += int64(len(p))
	}
	switch r.kept {
	case held:
		f.body = append(f.body, p[:min(len(p), maxHead-len(f.body))]...)
	case undecided, doubted:
		f.body = append(f.body, p...)
		switch r.judge(false) {
		case Text:
			r.drop()
		case Meant:
			if !r.cannotShowACut(f.header) {
				return len(p), r.release()
			}
			r.kept, f.body = held, f.body[:min(len(f.body), maxHead)]
		}
	default:
		if !r.encoded(f.header) { // or nobody can read it
			f.body = append(f.body, p[:min(len(p), maxDropped-len(f.body))]...)
		}
	}
	return len(p), nil
}

// refuses returns net/http's error for n more bytes, if the answer has no place for
// them.
func (r *Recorder) refuses(n int) error {
	limit := declared(r.rare.header)
	switch {
	case n == 0 && r.x.req.ProtoMajor < 2: // over HTTP/2 even that has no place in a 204
		return nil
	case bodyless(r.status):
		return http.ErrBodyNotAllowed
	case limit >= 0 && r.bytes+int64(n) > limit:
		return http.ErrContentLength
	}
	return nil
}

// drop makes of an undecided answer one that is to be replaced. It keeps the begin of
// the text for the log.
func (r *Recorder) drop() {
	f := r.rare
	r.kept, r.bytes = replaced, 0
	f.body = f.body[:min(len(f.body), maxDropped)]
	if len(f.body) > 0 && r.encoded(f.header) {
		f.body = []byte("(encoded)")
	}
}

// spoil notes an error status that comes after a success has begun.
func (r *Recorder) spoil(status int) {
	f := r.facts()
	r.kept, f.said, f.body = spoilt, status, nil
}

// release passes on what is kept, with the header of that moment. Fields that the
// handler has set since then are put back afterwards: they may be trailers.
func (r *Recorder) release() error {
	f, live := r.rare, r.w.Header()
	body, later := f.body, replaceHeader(live, f.header)
	r.kept, f.header, f.body = nothing, nil, nil
	r.become(Started)
	r.w.WriteHeader(int(r.status))
	replaceHeader(live, later)
	if len(body) == 0 {
		return nil
	}
	_, err := r.w.Write(body)
	return err
}

// revoke forgets what is kept, because another answer is about to be written. It
// returns the header to write it on, or nil for the live one.
func (r *Recorder) revoke() http.Header {
	if r.kept == nothing {
		return nil
	}
	h := r.rare.header
	r.kept, r.rare.header, r.rare.body = nothing, nil, nil
	if r.state == Fresh {
		r.status, r.bytes = 0, 0
	}
	return h
}

// replaceHeader puts the fields of then into live, and returns the fields that live
// had. If then is nil, or equal, it does nothing and returns nil.
func replaceHeader(live, then http.Header) http.Header {
	if then == nil || maps.EqualFunc(live, then, slices.Equal) {
		return nil
	}
	was := maps.Clone(live)
	clear(live)
	maps.Copy(live, then)
	return was
}
