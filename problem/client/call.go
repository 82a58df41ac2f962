package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// call is a request on its way through its attempts.
type call struct {
	t             *Transport
	r             *http.Request // the caller's, which is never changed
	authorization string        // in the place of a rejected one; "" means none was
	onceMore      bool          // a failure of class Once has been repeated
}

// attempt is what came of sending a request.
type attempt struct {
	sent   *http.Request
	resp   *http.Response
	err    error // Base's
	failed failure
}

// attempt sends a request that was admitted. It returns an error of its own if
// the caller left while a credential was refreshed.
func (c *call) attempt(out *http.Request) (attempt, error) {
	a := c.send(out)
	if !c.mayRefresh(&a) {
		return a, nil
	}
	return c.replay(a)
}

var errNoAnswer = errors.New("client: Base returned neither an answer nor an error")

func (c *call) send(out *http.Request) attempt {
	resp, err := c.t.cfg.Base.RoundTrip(out)
	switch {
	case err != nil:
		return attempt{sent: out, err: err, failed: unanswered(err)}
	case resp == nil:
		return attempt{sent: out, err: errNoAnswer, failed: failure{err: errNoAnswer}}
	}
	if resp.StatusCode < http.StatusInternalServerError {
		c.t.budget.earn()
	}
	a := attempt{sent: out, resp: resp}
	if resp.StatusCode >= http.StatusBadRequest {
		a.failed = c.t.answered(resp)
	}
	return a
}

// next is what follows an attempt: the request to send after a wait, or none.
type next struct {
	request *http.Request
	wait    time.Duration
	stop    string
	err     error // for the caller, in the place of the attempt's
}

func stop(reason string) next { return next{stop: reason} }

// handOut returns what came, unless there is an error for the caller.
func (n *next) handOut(a *attempt) (*http.Response, error) {
	if n.err != nil {
		drop(a.resp)
		return nil, n.err
	}
	if a.err != nil {
		return nil, a.err
	}
	return a.resp, nil
}

// next decides. What takes something from others, a token of the budget or a
// slot, comes last.
func (c *call) next(a *attempt, number int) next {
	ctx := c.r.Context()
	switch {
	case a.failed.err == nil:
		return next{}
	case a.err != nil && ctx.Err() != nil:
		return stop(endOf(ctx))
	case !a.failed.repeatable() || c.onceMore:
		return stop(stopClass)
	case !a.failed.undone && !isIdempotent(c.r):
		return stop(stopMethod)
	case !hasReplay(c.r):
		return stop(stopBody)
	case number >= c.t.cfg.Attempts:
		return stop(stopAttempts)
	case isOnce(ctx):
		return stop(stopOnce)
	case errors.Is(ctx.Err(), context.Canceled):
		return next{stop: stopCanceled, err: ctx.Err()}
	}
	request, err := c.clone()
	if err != nil {
		return c.cannotReplay(a, err)
	}
	wait, reason := c.t.reserve(a, number)
	if reason != "" {
		closeBody(request)
		return stop(reason)
	}
	c.onceMore = a.failed.once()
	return next{request: request, wait: wait}
}

// endOf names the end of a context.
func endOf(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return stopDeadline
	}
	return stopCanceled
}

// cannotReplay gives up because GetBody has failed. If there is an answer, that
// is better than the error.
func (c *call) cannotReplay(a *attempt, err error) next {
	if a.resp != nil {
		return stop(stopBody)
	}
	return next{stop: stopBody, err: err}
}

// clone returns the request for another attempt.
func (c *call) clone() (*http.Request, error) {
	var body io.ReadCloser
	if hasBody(c.r) {
		var err error
		if body, err = c.r.GetBody(); err != nil {
			return nil, err
		}
	}
	out := c.r.Clone(c.r.Context())
	if body != nil {
		out.Body = body
	}
	if c.authorization != "" {
		out.Header.Set("Authorization", c.authorization)
	}
	return out, nil
}

func hasBody(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

// hasReplay reports whether the body can be sent again. It is never buffered
// here for that: how large it is is not known.
func hasReplay(r *http.Request) bool { return !hasBody(r) || r.GetBody != nil }

// isIdempotent reports whether a request may be done twice. A key in the header
// says so for any method, even without a value, as net/http has it; the key is
// always the caller's.
func isIdempotent(r *http.Request) bool {
	switch r.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	_, hasKey := r.Header["Idempotency-Key"]
	_, hasXKey := r.Header["X-Idempotency-Key"]
	return hasKey || hasXKey
}
