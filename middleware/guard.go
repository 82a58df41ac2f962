package middleware

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// guard is the handler of Recover, of Rewrite, and of Standard, which does both and
// begins with a request ID and a responder.
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
	defer exchange.Leave(r, r2)
	defer c.leave()
	rewrites := g.rewrites && !skipped(g.skip, r2) && rec.Rewrite(rewriter(x, r2))
	g.next.ServeHTTP(w, r2)
	c.done = true
	rec.CutAgain()
	if rewrites {
		rec.Finish()
	}
	if c.guards {
		c.release()
	}
}

// skipped reports whether one of the program's functions wants r left alone.
func skipped(skip []func(*http.Request) bool, r *http.Request) bool {
	return slices.ContainsFunc(skip, func(skips func(*http.Request) bool) bool { return skips(r) })
}

// flatten makes of h, which is layers around inner, one guard that begins with what
// the layers do, the outermost first.
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
	cookies []string // that were set before the handler was called
	guards  bool
	done    bool // the handler has returned; a nil from recover may also be an exit
}

// release passes on what was held. If the handler has written an error status after
// it had begun a success, release cuts the answer.
func (c *call) release() {
	if late, text := c.rec.Release(); late != 0 {
		problem.Respond(c.w, c.r, said(c.r, late, text, "after a success had begun"))
	}
}

// leave is deferred. It decides by how the handler has left, and by how far its
// answer had come.
func (c *call) leave() {
	if c.stacks == nil {
		return
	}
	// net/http removes the files of an upload, but not after a panic, nor if a router
	// copies the request, as chi does.
	if form := cmp.Or(c.r.MultipartForm, c.x.Extra().Form); form != nil {
		form.RemoveAll()
	}
	if c.done {
		return
	}
	value := recover()
	c.rec.Unwind()
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
	// Respond cuts an answer that has started, and closes a hijacked connection.
	problem.Respond(c.w, c.r, problem.Internal.Wrap(newPanicError(value, false, state, c.stacks), ""))
}

// exited answers for a handler that has called runtime.Goexit, as t.FailNow does. It
// flushes: net/http closes the connection and drops its buffer, and a client that got
// nothing may repeat the request.
func (c *call) exited(state exchange.State) {
	defer func() { _ = recover() }() // or the exit would become a panic
	if state == exchange.Fresh {
		c.forgetCookies()
		if c.r.ProtoMajor < 2 {
			c.w.Header().Set("Connection", "close")
		}
	}
	if c.rec.Exit() {
		c.contained(problem.Internal.Wrap(newPanicError(nil, true, state, c.stacks), ""))
	}
	if state != exchange.Hijacked {
		c.x.Flush(c.w)
	}
}

// contained responds and keeps the panic of a cut to itself, because that would end
// the exit of the goroutine.
func (c *call) contained(err error) {
	defer func() { _ = recover() }()
	problem.Respond(c.w, c.r, err)
}

// forgetCookies takes back the cookies that the handler has set for an answer that is
// not sent. The cookies of outer layers stay.
func (c *call) forgetCookies() {
	c.x.Revoke(c.w)
	h := c.w.Header()
	delete(h, "Set-Cookie")
	if c.cookies != nil {
		h["Set-Cookie"] = c.cookies
	}
}
