package exchange

import (
	"net/http"
	"time"
)

// Record returns the recorder of w if that is the top writer. Otherwise it puts
// one on top: a foreign writer may hold bytes back, which a recorder beneath it
// would not see.
func Record(w http.ResponseWriter, x *Exchange) (*Recorder, http.ResponseWriter) {
	if r := Top(w); r != nil {
		return r, w
	}
	r := x.takeOwn()
	r.w = w
	r.coded = w.Header()["Content-Encoding"] != nil
	return r, r.variant()
}

// Top returns w as a recorder, or nil if it is a foreign writer.
func Top(w http.ResponseWriter) *Recorder {
	if v, ok := w.(interface{ recorder() *Recorder }); ok {
		return v.recorder()
	}
	return nil
}

// Recorders calls yield for w and what it unwraps to, outermost first.
func Recorders(w http.ResponseWriter) func(yield func(*Recorder) bool) {
	return func(yield func(*Recorder) bool) {
		for range maxDepth {
			if r := Top(w); r != nil && !yield(r) {
				return
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

// Abort cuts the connection: what was sent is flushed, so that a client cannot
// take the request for unanswered and repeat it; the write deadline passes, so
// that nobody further out can finish the answer; and net/http gets its sentinel.
func Abort(w http.ResponseWriter) {
	rc := http.NewResponseController(w)
	// Neither error matters: a writer that can do neither is aborted all the same.
	rc.Flush()
	rc.SetWriteDeadline(time.Now())
	panic(http.ErrAbortHandler)
}
