package exchange

import (
	"errors"
	"iter"
	"net"
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

// Abort cuts the connection: what was sent is flushed, so that a client cannot
// take the request for unanswered and repeat it; then as [Cut]. Where nothing
// but the end of the connection marks the end of an answer, the connection is
// reset. Abort does not return.
func Abort(w http.ResponseWriter) {
	// A writer that cannot flush is aborted all the same.
	http.NewResponseController(w).Flush()
	if endsByClosing(w) {
		reset(w)
	}
	Cut(w)
}

// Cut lets the write deadline pass, so that nobody further out can finish the
// answer, and panics with net/http's sentinel.
func Cut(w http.ResponseWriter) {
	http.NewResponseController(w).SetWriteDeadline(time.Now())
	panic(http.ErrAbortHandler)
}

// IsAbort reports whether an error, or the value of a panic, is net/http's
// sentinel, wrapped or not: somebody wants the connection cut, in silence.
func IsAbort(value any) (is bool) {
	defer func() { _ = recover() }() // errors.Is calls methods of value
	err, ok := value.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}

// endsByClosing reports whether an answer of unknown length ends with the
// connection, because it is not chunked.
func endsByClosing(w http.ResponseWriter) bool {
	for r := range Recorders(w) {
		if r.closing {
			return true
		}
	}
	return w.Header().Get("Transfer-Encoding") == "identity"
}

// reset closes the connection in a way that its peer takes for a failure. It
// does so past all writers: gin's refuses a hijack after the first byte, and no
// recorder should take this for one.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(Innermost(w)).Hijack()
	if err != nil {
		return // HTTP/2, which has a frame for it, or no connection at all
	}
	for r := range Recorders(w) {
		r.mu.Lock()
		r.gone = true // net/http panics when what was hijacked is flushed
		r.mu.Unlock()
	}
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = t.NetConn() // TLS would say goodbye as after a whole answer
	}
	if t, ok := conn.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	conn.Close()
}
