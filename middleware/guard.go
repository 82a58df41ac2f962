package middleware

import (
	"net/http"
	"slices"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// guard is what Recover and Rewrite put around a handler, each for itself or both
// in one, and what Standard is: its request ID and responder are what the guard
// begins with.
type guard struct {
	begin    []func(*exchange.Exchange, http.ResponseWriter, *http.Request) *http.Request
	stacks   *stacks // nil does not recover
	rewrites bool
	skip     []func(*http.Request) bool // does not rewrite
	next     http.Handler
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, w, r2 := exchange.Enter(w, r)
	for _, begin := range g.begin {
		r2 = begin(x, w, r2)
	}
	rec, w := x.Record(w)
	c := call{w: w, r: r2, x: x, rec: rec, stacks: g.stacks}
	if g.stacks != nil {
		c.cookies = w.Header()["Set-Cookie"]
		c.guards = rec.Guard()
	}
	rewrites := g.rewrites && !skipped(g.skip, r2) && rec.Rewrite(plainText)
	defer exchange.Leave(r, r2)
	defer c.leave()
	g.next.ServeHTTP(w, r2)
	c.done = true
	if rewrites {
		rec.Finish()
	}
	if c.guards {
		c.release()
	}
}

// skipped reports whether a function of the program's wants r left alone.
func skipped(skip []func(*http.Request) bool, r *http.Request) bool {
	return slices.ContainsFunc(skip, func(skips func(*http.Request) bool) bool { return skips(r) })
}

// flatten returns what the layers around inner have to begin with, the outermost
// first.
func flatten(h http.Handler, inner *guard) *guard {
	for {
		layer, ok := h.(*exchange.Layer)
		if !ok {
			return inner
		}
		inner.begin = append(inner.begin, layer.Begin)
		h = layer.Next
	}
}

// call is one run of a handler.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	x       *exchange.Exchange
	rec     *exchange.Recorder
	stacks  *stacks
	cookies []string // that were there before it began
	guards  bool
	done    bool // it has returned; recover alone cannot tell an exit
}

// release passes on what was held, for a handler that has returned. If that has
// said after a success that it failed, its answer is cut.
func (c *call) release() {
	if late, text := c.rec.Release(); late != 0 {
		problem.Respond(c.w, c.r, said(c.r, late, text, "after a success had begun"))
	}
}

// leave is deferred. It is the whole matrix of how a handler may leave, and how
// far its answer had come by then.
func (c *call) leave() {
	if c.stacks == nil {
		return
	}
	c.removeFiles()
	if c.done {
		return
	}
	value := recover()
	c.rec.Deliver()
	state := c.x.StateOf(c.w)
	if value == nil && exited() {
		c.exited(state)
		return
	}
	switch {
	case exchange.IsAbort(value):
		c.x.Cut(c.w, state)
		return
	case state == exchange.Fresh:
		c.forgetCookies()
	}
	// It cuts by itself what has started, and hangs up what was hijacked.
	problem.Respond(c.w, c.r, problem.Internal.Wrap(newPanicError(value, false, state, c.stacks), ""))
}

// removeFiles removes the temporary files of an upload. net/http does so too, but
// neither after a panic nor beneath a router that copies the request, as chi does.
func (c *call) removeFiles() {
	form := c.r.MultipartForm
	if form == nil {
		form = c.x.Extra().Form
	}
	if form != nil {
		form.RemoveAll()
	}
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
		c.contained(problem.Internal.Wrap(newPanicError(nil, true, state, c.stacks), ""))
	}
	if state == exchange.Hijacked {
		c.x.Cut(c.w, state)
		return
	}
	c.x.Flush(c.w)
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
	c.x.Revoke(c.w)
	if c.cookies == nil {
		c.w.Header().Del("Set-Cookie")
		return
	}
	c.w.Header()["Set-Cookie"] = c.cookies
}
