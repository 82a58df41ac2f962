package problem

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"syscall"

	"github.com/backstop-go/backstop/internal/exchange"
)

// clientGone reports whether an error only says that the client went away: it is
// the connection's, and the request is over for no other reason. An upstream's
// broken pipe is another matter as long as the client is there. A handler may also
// have panicked with such an error.
func clientGone(x *exchange.Exchange, r *http.Request, err error) bool {
	if p, ok := as[exchange.Panic](err); ok {
		err, _ = p.PanicValue().(error)
	}
	return context.Cause(r.Context()) == context.Canceled && (errors.Is(err, context.Canceled) || ofConnection(x, err))
}

// ofConnection reports whether an error is that of a connection that has ended.
func ofConnection(x *exchange.Exchange, err error) bool {
	for _, known := range [...]error{syscall.EPIPE, syscall.ECONNRESET, io.ErrUnexpectedEOF, net.ErrClosed, http.ErrBodyReadAfterClose} {
		if errors.Is(err, known) {
			return true
		}
	}
	var reset streamError
	return errors.As(err, &reset) || isThat(err, x.WriteErr()) || isThat(err, x.ReadErr())
}

// isThat reports whether that error is in the tree of err.
func isThat(err, that error) bool { return that != nil && that != io.EOF && errors.Is(err, that) }

// clientSlow reports whether an error is the deadline for reading from the
// client. The server's end of the connection tells, because a middleware may
// have put another address into RemoteAddr. Over HTTP/2 net/http gives it no
// address; that of a connection or a file of ours has more to say than the
// deadline.
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

// streamError has the shape of an error of HTTP/2, which net/http's own copies
// itself into.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "stream error" }
