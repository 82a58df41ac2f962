package exchange

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Cut ends an answer in the given state so that no client can take it for a complete
// one, and panics with [http.ErrAbortHandler]. If the answer has not begun, the client
// gets nothing, as from net/http, and may repeat the request. In two states Cut
// returns: it leaves a rendered answer alone, and closes a hijacked connection.
func (x *Exchange) Cut(w http.ResponseWriter, state State) {
	switch state {
	case Fresh:
		if x == nil || !x.Failure().Aborted {
			if wire := x.wire(w); wire != nil {
				x.hurry(wire)
				if x != nil {
					x.rec.gone = true
				}
			}
			break
		}
		fallthrough // a layer further in has cut an answer that a foreign writer held
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

// CutAgain panics with [http.ErrAbortHandler] if the answer was cut, for a layer whose
// handler has returned all the same: a recoverer in between has swallowed the panic.
func (r *Recorder) CutAgain() {
	if top := &r.x.rec; same(r.header, top.header) && top.gone { // else it may be a part on another goroutine
		panic(http.ErrAbortHandler)
	}
}

// abort flushes what was written, so that a client does not take the request for
// unanswered and repeat it. If only the end of the connection would mark the end of
// the answer, abort resets the connection.
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
		// A compressor that writes while the panic unwinds would complete the answer.
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

// flush flushes w. A writer that cannot flush, or that panics, must not stop an
// abort.
func flush(w http.ResponseWriter) {
	defer func() { _ = recover() }()
	http.NewResponseController(w).Flush()
}

// hurry lets the write deadline pass, so that no code further out can complete the
// answer. It does nothing for a client that has left: over HTTP/2, a deadline would
// reset the stream a second time.
func (x *Exchange) hurry(wire http.ResponseWriter) {
	if wire != nil && (x == nil || !errors.Is(x.Context.Err(), context.Canceled)) {
		http.NewResponseController(wire).SetWriteDeadline(time.Now())
	}
}

// wire returns the writer beneath the outermost recorder. It returns nil if the
// answer was cut, or if w is a buffer, because nothing may be written past a buffer.
func (x *Exchange) wire(w http.ResponseWriter) http.ResponseWriter {
	if x == nil {
		return w
	}
	if !x.rec.shares(w) || x.rec.gone {
		return nil
	}
	return x.rec.w
}

// IsAbort reports whether value, an error or the value of a panic, is or wraps
// [http.ErrAbortHandler]. The program then wants the connection cut, and nothing
// logged.
func IsAbort(value any) (is bool) {
	defer func() { _ = recover() }() // errors.Is calls methods of value
	err, ok := value.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}

// endsByClosing reports whether the end of the connection marks the end of an answer
// of unknown length, because the answer is not chunked.
func (x *Exchange) endsByClosing(w http.ResponseWriter) bool {
	return x != nil && x.rec.closing || w.Header().Get("Transfer-Encoding") == "identity"
}

// reset closes the connection in a way that the client takes for a failure. It
// hijacks from the innermost writer: gin's writer refuses a hijack after the first
// byte, and no recorder should note a hijack.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(Innermost(w)).Hijack()
	if err != nil {
		return // HTTP/2, where the panic resets the stream, or no connection at all
	}
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = t.NetConn() // because TLS would end the connection as after a whole answer
	}
	if t, ok := conn.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	conn.Close()
}
