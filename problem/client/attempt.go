package client

import (
	"net/http"
	"time"
)

// Attempt is one time that a request was sent, and what followed. It holds the
// request with its credentials, so it is not for a log as a whole.
type Attempt struct {
	Request *http.Request // as sent
	Number  int           // from 1
	Status  int           // 0: no answer
	Err     error         // what [Decode] returns, or the connection's error; nil: success
	Wait    time.Duration // until the next attempt; 0: this was the last

	// Stop says why this was the last attempt of a request that failed: "class",
	// the failure is not to be repeated; "method", it is not to be repeated for
	// this method; "body", the body cannot be sent again; "attempts" and
	// "budget", these are used up; "wait", the wait would be longer than allowed;
	// "deadline", longer than the request has time, or that is over; "once", see
	// [Once]; "canceled", the caller has left.
	Stop string
}

// The values of Attempt.Stop.
const (
	stopClass    = "class"
	stopMethod   = "method"
	stopBody     = "body"
	stopAttempts = "attempts"
	stopBudget   = "budget"
	stopWait     = "wait"
	stopDeadline = "deadline"
	stopOnce     = "once"
	stopCanceled = "canceled"
)

// tell calls the hook. What that does is not to spoil the call.
func (t *Transport) tell(a *attempt, number int, n *next) {
	if t.cfg.OnAttempt == nil {
		return
	}
	seen := &Attempt{Request: a.sent, Number: number, Err: a.failed.err, Wait: n.wait, Stop: n.stop}
	if a.resp != nil {
		seen.Status = a.resp.StatusCode
	}
	defer func() { _ = recover() }()
	t.cfg.OnAttempt(a.sent.Context(), seen)
}
