package exchange

import (
	"net/http"
	"strings"
)

const (
	sniffLen   = 512     // of http.DetectContentType
	maxDropped = 1 << 10 // of a replaced body, for the log
)

// Rewrite keeps, from now on, plain-text errors. It reports whether the caller
// is the one to call [Finish].
func (r *Recorder) Rewrite() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rewrites {
		return false
	}
	r.rewrites = true
	return true
}

// Finish ends [Rewrite]. If an answer is to be replaced it returns its status
// and the begin of the text that was dropped.
func (r *Recorder) Finish() (status int, dropped []byte, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rewrites = false
	if r.kept == undecided {
		if r.w.Header()["Content-Type"] != nil {
			r.release()
			return 0, nil, false
		}
		r.kept = replaced
	}
	if r.kept != replaced {
		return 0, nil, false
	}
	return r.status, r.dropped, true
}

// classify says what to do with an error status, by the header alone.
func classify(h http.Header) kept {
	if h["Content-Encoding"] != nil {
		return nothing
	}
	types := h["Content-Type"]
	if types == nil {
		return undecided
	}
	if len(types) != 1 {
		return nothing
	}
	switch ct := types[0]; {
	case strings.HasPrefix(ct, "text/plain") && h.Get("X-Content-Type-Options") == "nosniff":
		return replaced // http.Error and all who call it
	case ct == "text/plain":
		return undecided // perhaps gin's
	}
	return nothing
}

// isPlain reports whether a body without a type of its own is an error text
// that nobody meant as an answer.
func isPlain(h http.Header, p []byte) bool {
	if h["Content-Type"] != nil {
		return string(p) == "404 page not found" || string(p) == "405 method not allowed" // gin's constants
	}
	if string(p) == "<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>" {
		return true // http.TimeoutHandler's constant
	}
	p = p[:min(len(p), sniffLen)]
	return strings.HasPrefix(http.DetectContentType(p), "text/plain") && !strings.ContainsRune(`{["`, rune(p[0]))
}
