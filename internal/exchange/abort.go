package exchange

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Cut ends an answer that has come so far, so that no client can take it for a
// complete one, and panics with net/http's sentinel. An answer that has not begun
// stays so, as net/http has it: perhaps the client repeats the request. One that a
// responder has completed is left alone, and a connection that was hijacked is
// closed; after these two Cut returns.
func (x *Exchange) Cut(w http.ResponseWriter, state State) {
	switch state {
	case Fresh:
		if x == nil || !x.Failure().Aborted {
			x.hurry(x.wire(w))
			break
		}
		fallthrough // somebody further in has cut what a writer held
	case Started:
		x.abort(w)
	case Rendered:
		return
	case Hijacked:
		if conn := x.Extra().hijacked; conn != nil {
			conn.Close()
		}
		return
	}
	panic(http.ErrAbortHandler)
}

// abort flushes what was sent, so that a client cannot take the request for
// unanswered and repeat it. Where nothing but the end of the connection marks the
// end of an answer, the connection is reset.
func (x *Exchange) abort(w http.ResponseWriter) {
	flush(w)
	wire := x.wire(w)
	if wire == nil {
		return
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
}

// Flush flushes w, and the wire past writers that cannot.
func (x *Exchange) Flush(w http.ResponseWriter) {
	flush(w)
	if wire := x.wire(w); wire != nil {
		flush(wire)
	}
}

// flush flushes as far as w can. One that cannot, or panics, is aborted all the
// same.
func flush(w http.ResponseWriter) {
	defer func() { _ = recover() }()
	http.NewResponseController(w).Flush()
}

// hurry lets the write deadline pass, so that nobody further out can finish the
// answer. A client that has left needs no deadline, which HTTP/2 would make a
// second reset of the stream.
func (x *Exchange) hurry(wire http.ResponseWriter) {
	if wire != nil && (x == nil || !errors.Is(x.Context.Err(), context.Canceled)) {
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
