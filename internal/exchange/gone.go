package exchange

import (
	"net/http"
	"time"
)

// WriteErr returns the first error of a write to the wire, or nil. The errors of
// net/http's HTTP/2 have no exported type, so they are compared with this one.
func (x *Exchange) WriteErr() error { return x.Extra().writeErr }

// ReadErr returns the error that has ended the body of a request over HTTP/2, or
// nil. The body repeats its error with each Read. The read deadline is set to the
// past first, so that a Read does not wait. When the handler has returned, net/http
// gives the writer to another request, so ReadErr returns nil.
func (x *Exchange) ReadErr() error {
	if x == nil || x.req.ProtoMajor != 2 || x.req.Body == nil || !x.hurryReads() {
		return nil
	}
	_, err := x.req.Body.Read(nil)
	return err
}

func (x *Exchange) hurryReads() bool {
	x.mu.Lock() // so that the handler does not return meanwhile
	defer x.mu.Unlock()
	return !x.rec.ended && http.NewResponseController(x.rec.w).SetReadDeadline(time.Unix(1, 0)) == nil
}
