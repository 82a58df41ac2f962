package exchange

import (
	"iter"
	"net/http"
)

// Of returns the exchange of r, or else of the nearest recorder beneath w, or nil.
func Of(w http.ResponseWriter, r *http.Request) *Exchange {
	if x := From(r.Context()); x != nil {
		return x
	}
	if r := nearest(w); r != nil {
		return r.x
	}
	return nil
}

// Top returns the recorder that w is or counts as, see [Recorder.TopRecorder]. It
// returns nil for a foreign writer.
func Top(w http.ResponseWriter) *Recorder {
	if v, ok := w.(interface{ TopRecorder() *Recorder }); ok {
		return v.TopRecorder()
	}
	return nil
}

// nearest returns the first recorder among w and the writers that it unwraps to, or nil.
func nearest(w http.ResponseWriter) *Recorder {
	for r := range recorders(w) {
		return r
	}
	return nil
}

// recorders yields the recorders among w and the writers that it unwraps to, the
// nearest first.
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

// Innermost unwraps w as often as it can.
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

// maxDepth bounds a walk, because a writer may unwrap to itself.
const maxDepth = 100
