package exchange

import (
	"errors"
	"net"
	"net/http"
	"time"
)

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
