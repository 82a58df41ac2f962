package client

import (
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/backstop-go/backstop/problem"
)

// failure is what a failed attempt says about repeating it.
type failure struct {
	err     error // as [Decode] returns it, or of the connection
	class   problem.Retry
	undone  bool          // refused before anything was done, so any method may be repeated
	limited bool          // the status is 429
	hint    time.Duration // delay that the answer asks for; 0 means none
}

func (f *failure) repeatable() bool { return f.class != problem.Never }
func (f *failure) once() bool       { return f.class == problem.Once }

// answered returns the failure of an answer with a status of 400 or more.
func (t *Transport) answered(resp *http.Response) failure {
	s := &t.cfg.Style
	body := peek(resp)
	e := read(s, resp, body)
	isVendors := e != nil
	if !isVendors {
		e = byStatus(s, resp)
	}
	f := failure{err: e, limited: resp.StatusCode == http.StatusTooManyRequests, hint: t.hint(resp, e)}
	f.undone = f.limited || resp.StatusCode == http.StatusServiceUnavailable && byStatus(s, resp).RetryAfter() > 0
	switch {
	case resp.StatusCode == http.StatusUnauthorized && t.refreshes():
		// Only another credential helps: see [call.mayRefresh].
	case isVendors:
		code, _ := e.Code()
		f.class = code.Retry
	default:
		f.class = classOf(resp.StatusCode)
	}
	return f
}

// classOf returns the class of an answer whose body is not in the style. It comes from
// a proxy on the way.
func classOf(status int) problem.Retry {
	switch status {
	case http.StatusTooManyRequests:
		return problem.AfterDelay
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return problem.Backoff
	}
	return problem.Never
}

// unanswered returns the failure of an error of the connection. Only errors on a list
// are repeated. For example, a certificate that is not trusted now is not trusted
// later, and a malformed answer may come after the service has acted. Errors of HTTP/2
// are not on the list: net/http repeats by itself where it can, and exports none of
// them.
//
// If the context of the request has ended, the result does not count: some errors of a
// context look like timeouts.
func unanswered(err error) failure {
	f := failure{err: err, undone: isDial(err)}
	if f.undone || isLost(err) || isTimeout(err) {
		f.class = problem.Backoff
	}
	return f
}

// isDial reports whether there was never a connection.
func isDial(err error) bool {
	for {
		op, ok := errors.AsType[*net.OpError](err)
		if !ok {
			return false
		}
		if op.Op == "dial" {
			return true
		}
		err = op.Err
	}
}

// isLost reports whether the connection ended before the answer.
func isLost(err error) bool {
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return false
}

// isTimeout reports whether a timeout of Base has passed.
func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
