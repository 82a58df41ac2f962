package exchange

import (
	"iter"
	"net/http"
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

// Top returns w as a recorder, or nil if it is a foreign writer. A writer of
// ours with a method TopRecorder is no foreign one.
func Top(w http.ResponseWriter) *Recorder {
	if v, ok := w.(interface{ TopRecorder() *Recorder }); ok {
		return v.TopRecorder()
	}
	return nil
}

// Recorders yields the recorders among w and what it unwraps to, the nearest
// first.
func Recorders(w http.ResponseWriter) iter.Seq[*Recorder] {
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
