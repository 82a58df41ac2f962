package exchange

import (
	"bytes"
	"net/http"
	"strings"
)

// maxDropped bounds what is remembered of a replaced body, for the log.
const maxDropped = 1 << 10

// Hold keeps, from now on, each status that cannot show a truncation: 204, 304,
// and any on a HEAD. It reports whether the caller is the one to call
// [Recorder.Release].
func (r *Recorder) Hold(head bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.holds != none {
		return false
	}
	r.holds = bodyless
	if head {
		r.holds = every
	}
	return true
}

// Release ends [Recorder.Hold] and passes on what was held. It is for a handler
// that has returned: if that has said nothing, net/http will.
func (r *Recorder) Release() {
	r.mu.Lock()
	r.holds = none
	status := 0
	switch {
	case r.kept == held:
		status = r.release()
	case r.state == Fresh:
		r.x.sign(r.w.Header())
	}
	r.mu.Unlock()
	r.pass(status)
}

// Rewrite keeps, from now on, plain-text errors. It reports whether the caller
// is the one to call [Recorder.Finish].
func (r *Recorder) Rewrite() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rewrites {
		return false
	}
	r.rewrites = true
	return true
}

// Finish ends [Recorder.Rewrite]. If an answer is to be replaced it returns its
// status and the begin of the text that was dropped.
func (r *Recorder) Finish() (status int, dropped []byte, ok bool) {
	r.mu.Lock()
	r.rewrites = false
	switch {
	case r.kept == undecided && r.w.Header()["Content-Type"] != nil:
		status = r.release()
	case r.kept == undecided, r.kept == replaced:
		r.kept = replaced
		status, ok = r.status, true
		if r.rare != nil {
			dropped = r.rare.dropped
		}
	}
	r.mu.Unlock()
	if ok {
		return status, dropped, true
	}
	r.pass(status)
	return 0, nil, false
}

// Revoke forgets a status that is kept: something else is about to be said. An
// error status stays as the one that a body without a status implies, because
// gin's writer, if it stands further out and has committed to that status, lets
// no other through; and an envelope must not become a 200.
func (r *Recorder) Revoke() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holds, r.rewrites, r.kept = none, false, nothing
	if r.state == Fresh && r.status < 400 {
		r.status = 0
	}
}

// drop remembers the begin of a body that is being replaced, if a person can
// read it. It is called under the lock.
func (r *Recorder) drop(p []byte) {
	if r.encoded() {
		return
	}
	if r.rare == nil {
		r.rare = new(rare)
	}
	d := r.rare.dropped
	r.rare.dropped = append(d, p[:min(len(p), maxDropped-len(d))]...)
}

// encoded reports whether the body is encoded before it gets here. A compressor
// further out may have said in the header what it will do to our bytes; as they
// pass here they are plain.
func (r *Recorder) encoded() bool {
	return !r.coded && r.w.Header()["Content-Encoding"] != nil
}

// classify says what to do with an error status, by the header alone. What the
// request looks like has no say: an Accept header does not change who wrote the
// answer.
func (r *Recorder) classify() kept {
	h := r.w.Header()
	types := h["Content-Type"]
	switch {
	case len(types) == 1 && strings.HasPrefix(types[0], "text/plain") && h.Get("X-Content-Type-Options") == "nosniff":
		return replaced // http.Error and all who call it, encoded or not: nobody reads the bytes
	case r.encoded(), len(types) > 1:
		return nothing
	case len(types) == 0, types[0] == "text/plain": // the latter is perhaps gin's
		return undecided
	}
	return nothing
}

// The constant bodies of others that their type does not give away.
const (
	timeoutPage = "<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>" // http.TimeoutHandler
	ginNotFound = "404 page not found"
	ginMethod   = "405 method not allowed"
)

// isPlain reports whether a body that nosniff does not mark is an error text
// that nobody meant as an answer. JSON without a declared type is meant.
func isPlain(h http.Header, p []byte) bool {
	if len(h["Content-Type"]) > 0 {
		return string(p) == ginNotFound || string(p) == ginMethod
	}
	if string(p) == timeoutPage {
		return true
	}
	text := bytes.TrimLeft(p, " \t\r\n")
	return strings.HasPrefix(http.DetectContentType(p), "text/plain") &&
		(len(text) == 0 || !strings.ContainsRune(`{["`, rune(text[0])))
}
