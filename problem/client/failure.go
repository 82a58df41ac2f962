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

// failure is what an attempt that did not succeed says about another one.
type failure struct {
	err     error // what Decode returns, or the connection's
	class   problem.Retry
	undone  bool          // refused before anything was done, so any method may be repeated
	limited bool          // by a 429
	hint    time.Duration // 0 means none
}

func (f *failure) repeatable() bool { return f.class != problem.Never }
func (f *failure) once() bool       { return f.class == problem.Once }

// answered reads an answer of 400 or more.
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
		// A second credential is asked for, or nothing helps.
	case isVendors:
		code, _ := e.Code()
		f.class = code.Retry
	default:
		f.class = classOf(resp.StatusCode)
	}
	return f
}

// classOf is the class of an answer that is not the vendor's: a proxy on the way
// has spoken.
func classOf(status int) problem.Retry {
	switch status {
	case http.StatusTooManyRequests:
		return problem.AfterDelay
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return problem.Backoff
	}
	return problem.Never
}

// unanswered reads an error of the connection. Only what is on the list is
// repeated: a certificate that is not trusted will not be so later, and a
// malformed answer may follow something done. Errors of http2 are missing, as
// net/http repeats on its own what it can, and exports none of them.
//
// It is asked only while the context of the request lives, or its result does not
// count: some errors of a context say that they are timeouts.
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

// isLost reports whether the connection ended before an answer.
func isLost(err error) bool {
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return false
}

// isTimeout reports whether Base has waited long enough.
func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
