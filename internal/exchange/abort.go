package exchange

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Abort cuts the connection: what was sent is flushed, so that a client cannot
// take the request for unanswered and repeat it; then as [Exchange.Cut]. Where
// nothing but the end of the connection marks the end of an answer, the
// connection is reset. Abort does not return.
func (x *Exchange) Abort(w http.ResponseWriter) {
	flush(w)
	wire := x.wire(w)
	if wire == nil {
		panic(http.ErrAbortHandler)
	}
	flush(wire)
	if x.endsByClosing(wire) {
		reset(wire)
	}
	x.hurry(wire)
	if x != nil {
		// What is written while the panic unwinds, as by a compressor, would look
		// like the end of the answer.
		x.rec.gone = true
	}
	panic(http.ErrAbortHandler)
}

// flush flushes as far as w can. One that cannot, or panics, is aborted all the
// same.
func flush(w http.ResponseWriter) {
	defer func() { _ = recover() }()
	http.NewResponseController(w).Flush()
}

// Cut lets the write deadline pass, so that nobody further out can finish the
// answer, and panics with net/http's sentinel. A client that has left needs no
// deadline, which HTTP/2 would make a second reset of the stream.
func (x *Exchange) Cut(w http.ResponseWriter) {
	if wire := x.wire(w); wire != nil {
		x.hurry(wire)
	}
	panic(http.ErrAbortHandler)
}

func (x *Exchange) hurry(wire http.ResponseWriter) {
	if x == nil || !errors.Is(x.Context.Err(), context.Canceled) {
		http.NewResponseController(wire).SetWriteDeadline(time.Now())
	}
}

// wire returns the writer beneath the outermost recorder, or nil if the
// connection is gone, or if w is a buffer, behind whose back it is not to be
// touched.
func (x *Exchange) wire(w http.ResponseWriter) http.ResponseWriter {
	if x == nil {
		return w
	}
	if !x.rec.shares(w) || x.rec.gone {
		return nil
	}
	return x.rec.w
}

// HangUp closes the connection of a hijacked answer, which nobody else would do.
func (x *Exchange) HangUp() {
	if conn := x.Extra().hijacked; conn != nil {
		conn.Close()
	}
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
func (x *Exchange) endsByClosing(w http.ResponseWriter) bool {
	return x != nil && x.rec.closing || w.Header().Get("Transfer-Encoding") == "identity"
}

// reset closes the connection in a way that its peer takes for a failure. It
// does so past all writers: gin's refuses a hijack after the first byte, and no
// recorder should take this for one.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(Innermost(w)).Hijack()
	if err != nil {
		return // HTTP/2, which has a frame for it, or no connection at all
	}
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = t.NetConn() // TLS would say goodbye as after a whole answer
	}
	if t, ok := conn.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	conn.Close()
}
