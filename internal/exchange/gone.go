package exchange

import (
	"net/http"
	"time"
)

// WriteErr returns the first error of a write to the wire, or nil. Over HTTP/2
// net/http gives it no type to know it by.
func (x *Exchange) WriteErr() error { return x.Extra().writeErr }

// ReadErr returns the error that has ended the body of a request over HTTP/2, or
// nil. It has no type either, but its reader repeats it, and with a deadline in
// the past that does not wait.
func (x *Exchange) ReadErr() error {
	if x == nil || x.req.ProtoMajor != 2 || x.req.Body == nil {
		return nil
	}
	if http.NewResponseController(x.rec.w).SetReadDeadline(time.Unix(1, 0)) != nil {
		return nil
	}
	_, err := x.req.Body.Read(nil)
	return err
}
