package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// call is the state of one RoundTrip.
type call struct {
	t             *Transport
	r             *http.Request // of the caller; never changed
	authorization string        // replaces a rejected credential; "" if none was rejected
	repeatedOnce  bool          // a failure of class [problem.Once] was repeated
}

// attempt is the result of sending a request.
type attempt struct {
	sent   *http.Request
	resp   *http.Response
	err    error // of Base
	failed failure
}

// attempt sends a request that was admitted. It returns an error if the caller has
// left while a credential was refreshed.
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

// next is what follows an attempt: a wait and another request, or nothing.
type next struct {
	request *http.Request
	wait    time.Duration
	stop    string
	err     error // for the caller, instead of that of the attempt
}

func stop(reason string) next { return next{stop: reason} }

// handOut returns the result of the last attempt, or n.err.
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

// next decides what follows. It takes a token of the budget and a slot last, because
// other calls need them, too.
func (c *call) next(a *attempt, number int) next {
	ctx := c.r.Context()
	switch {
	case a.failed.err == nil:
		return next{}
	case a.err != nil && ctx.Err() != nil:
		return stop(endOf(ctx))
	case !a.failed.repeatable() || c.repeatedOnce:
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
	c.repeatedOnce = a.failed.once()
	return next{request: request, wait: wait}
}

// endOf says why a context has ended.
func endOf(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return stopDeadline
	}
	return stopCanceled
}

// cannotReplay gives up because GetBody has failed. The caller gets the answer, or the
// error of GetBody if there is no answer.
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

// hasReplay reports whether the body can be sent again. The package never buffers a
// body for that, because its size is unknown.
func hasReplay(r *http.Request) bool { return !hasBody(r) || r.GetBody != nil }

// isIdempotent reports whether a request may be sent twice. Like net/http, it accepts
// any method with an Idempotency-Key, even one without a value.
func isIdempotent(r *http.Request) bool {
	switch r.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	_, hasKey := r.Header["Idempotency-Key"]
	_, hasXKey := r.Header["X-Idempotency-Key"]
	return hasKey || hasXKey
}
