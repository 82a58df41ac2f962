package problem

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
)

// clientGone reports whether an error only says that the client went away. The error
// must be one of a connection, and the context of the request must have been canceled
// without another cause: while the client is there, a broken pipe is one of another
// service. Over HTTP/2, a failed write says so a moment before the context does,
// which is waited for. A handler may also have panicked with such an error.
func clientGone(x *exchange.Exchange, r *http.Request, err error) bool {
	if p, ok := as[exchange.Panic](err); ok {
		err, _ = p.PanicValue().(error)
	}
	if r.ProtoMajor == 2 && isThat(err, x.WriteErr()) {
		select {
		case <-r.Context().Done():
		case <-time.After(250 * time.Millisecond): // the client is there: we have written too much
		}
	}
	return context.Cause(r.Context()) == context.Canceled && (errors.Is(err, context.Canceled) || ofConnection(x, err))
}

// ofConnection reports whether an error says that a connection has ended.
func ofConnection(x *exchange.Exchange, err error) bool {
	for _, known := range [...]error{syscall.EPIPE, syscall.ECONNRESET, io.ErrUnexpectedEOF, net.ErrClosed, http.ErrBodyReadAfterClose} {
		if errors.Is(err, known) {
			return true
		}
	}
	var reset streamError
	return errors.As(err, &reset) || isThat(err, x.WriteErr()) || strings.HasSuffix(textOf(err), disconnected)
}

// disconnected is what net/http says over HTTP/2 of a body whose client is gone. The error
// has neither a value nor a type to know it by. Another read of the body would have it,
// too, but the body may belong to another goroutine, and its end to another request.
const disconnected = "client disconnected"

// isThat reports whether that error is in the tree of err.
func isThat(err, that error) bool { return that != nil && that != io.EOF && errors.Is(err, that) }

// clientSlow reports whether an error means that a deadline for reading from the client
// has passed. One of the ends of its connection must be that of the request: a middleware
// may have put another address into RemoteAddr. Over HTTP/2 the error of net/http has no
// address, so it counts if it is not one of another connection or of a file.
func clientSlow(r *http.Request, err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		return op.Op == "read" && (isAt(op.Source, local) || op.Addr != nil && op.Addr.String() == r.RemoteAddr)
	}
	_, ours := errors.AsType[*fs.PathError](err)
	return r.ProtoMajor == 2 && r.Body != nil && r.Body != http.NoBody && !ours
}

// isAt reports whether two addresses are known and the same.
func isAt(a, b net.Addr) bool { return a != nil && b != nil && a.String() == b.String() }

// streamError has the fields of net/http's error of an HTTP/2 stream. That type is not
// exported, but its As method fills a struct with the same fields.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "stream error" }
