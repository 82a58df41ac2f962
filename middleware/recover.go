package middleware

import (
	"context"
	"errors"
	"net/http"
	"syscall"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// Recover answers for handlers that panic or exit their goroutine: with the
// error envelope as long as nothing has been sent, and otherwise by cutting the
// connection, so that a client is never shown a complete-looking answer that
// was cut off. The responder in the request's context logs and reports the
// [PanicError] as it does any other error.
//
// Until the handler returns, Recover holds back a status after which no body
// follows, 204, 304 and any on a HEAD: once it is sent, nothing could show that
// the handler failed. It is sent by a return, Write or Flush.
//
// A handler that panics with [http.ErrAbortHandler] asks for a cut, and gets it
// without a word in the log. A panic that only says that the client went away
// is a 499 at Debug.
//
// The temporary files of an upload are removed when the handler has left. A
// router further in that copies the request, as chi does, hides them from
// Recover, as it hides them from net/http, unless a layer of ours, such as
// problem.HandlerFunc, runs within it as well.
//
// Panics of other goroutines, fatal errors and deadlocks are out of reach, and
// what a handler has locked stays locked.
func Recover() func(http.Handler) http.Handler {
	stacks := new(sampler)
	return func(next http.Handler) http.Handler {
		mustHave(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, r2 := exchange.Enter(r)
			defer exchange.CopyBack(r, r2)
			rec, w := exchange.Record(w, x)
			c := call{w: w, r: r2, x: x, rec: rec, stacks: stacks, cookies: w.Header()["Set-Cookie"]}
			holds := rec.Hold(r2.Method == http.MethodHead)
			defer c.leave()
			next.ServeHTTP(w, r2)
			c.done = true
			if holds {
				rec.Release()
			}
		})
	}
}

// call is one run of a handler.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	x       *exchange.Exchange
	rec     *exchange.Recorder
	stacks  *sampler
	cookies []string // that were there before it began
	done    bool     // it has returned; recover alone cannot tell an exit
}

// leave is deferred. It is the whole matrix of how a handler may leave, and how
// far its answer had come by then.
func (c *call) leave() {
	form := c.r.MultipartForm
	if form == nil {
		form = c.x.Extra().Form
	}
	if form != nil {
		// net/http does so too, but neither after a panic nor beneath a router that
		// copies the request, as chi does.
		form.RemoveAll()
	}
	if c.done {
		return
	}
	value := recover()
	state := c.rec.State()
	switch {
	case value == nil:
		c.exited(state)
		return
	case exchange.IsAbort(value):
		c.cut(state)
	case clientGone(c.r, value):
		problem.Respond(c.w, c.r, problem.ClientClosed.Wrap(value.(error), ""))
		c.cut(state)
	}
	err := problem.Internal.Wrap(newPanicError(value, state, c.stacks), "")
	if state == exchange.Fresh {
		c.forgetCookies()
	}
	problem.Respond(c.w, c.r, err) // cuts by itself what has started
	if state == exchange.Hijacked {
		c.hangUp()
	}
}

// cut ends an answer that the client must not take for complete. It panics.
func (c *call) cut(state exchange.State) {
	switch state {
	case exchange.Fresh:
		// As net/http does: not a byte, perhaps a repetition by the client.
		exchange.Cut(c.w)
	case exchange.Hijacked:
		c.hangUp()
	}
	exchange.Abort(c.w)
}

// exited answers for a handler that called runtime.Goexit, as t.FailNow does.
// net/http closes the connection and sends nothing that is still in a buffer,
// and a client that got nothing may repeat the request.
func (c *call) exited(state exchange.State) {
	if state == exchange.Fresh {
		c.forgetCookies()
		if c.r.ProtoMajor < 2 {
			c.w.Header().Set("Connection", "close")
		}
	}
	if c.x.Exit() {
		c.contained(problem.Internal.Wrap(newPanicError(nil, state, c.stacks), ""))
	}
	if state == exchange.Hijacked {
		c.hangUp()
		return
	}
	// A writer that cannot flush has no connection to close either.
	http.NewResponseController(c.w).Flush()
}

// contained responds without a panic: that of a cut would end the exit of the
// goroutine.
func (c *call) contained(err error) {
	defer func() { _ = recover() }()
	problem.Respond(c.w, c.r, err)
}

// forgetCookies takes back what the handler has set on an answer that nobody
// will see. Those of the layers around it stay.
func (c *call) forgetCookies() {
	if c.cookies == nil {
		c.w.Header().Del("Set-Cookie")
		return
	}
	c.w.Header()["Set-Cookie"] = c.cookies
}

// hangUp closes a hijacked connection, which nobody else would do.
func (c *call) hangUp() {
	for rec := range exchange.Recorders(c.w) {
		rec.CloseHijacked()
	}
}

// clientGone reports whether a panic only says that the client went away. An
// upstream's broken pipe is another matter, so the request must say so too.
func clientGone(r *http.Request, value any) (gone bool) {
	defer func() { _ = recover() }()
	err, ok := value.(error)
	return ok && context.Cause(r.Context()) == context.Canceled &&
		(errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, context.Canceled))
}
