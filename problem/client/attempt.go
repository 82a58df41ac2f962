package client

import (
	"net/http"
	"time"
)

// Attempt describes one attempt to send a request, and what follows. Request contains
// the credentials, so do not log a whole Attempt.
type Attempt struct {
	Request *http.Request // as sent
	Number  int           // from 1
	Status  int           // 0 without an answer
	Err     error         // as [Decode] returns it, or of the connection; nil after a success
	Wait    time.Duration // until the next attempt; 0 after the last one

	// Stop says why a request that failed is not sent again:
	//
	//	class     this failure must not be repeated
	//	method    this failure must not be repeated for this method
	//	body      the body cannot be sent again
	//	attempts  [Config.Attempts] are used up
	//	budget    [Config.Budget] is used up
	//	wait      the wait would exceed [Config.MaxWait]
	//	deadline  the wait would exceed the deadline of the request, or that is over
	//	once      the context is one of [Once]
	//	canceled  the caller has left
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

// tell calls OnAttempt, and drops its panic: a hook only watches.
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
