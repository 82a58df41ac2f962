// Package ginadapter runs the middlewares of this library, and any other
// func(http.Handler) http.Handler, inside gin 1.10 or later. Older versions set no
// Allow on a 405, or cannot be told that an answer was cut.
//
//	e := gin.New()
//	ginadapter.Install(e, middleware.Standard(errs), limit.Handler)
//	e.GET("/secrets/:id", ginadapter.HandlerFunc(getSecret)) // func(*gin.Context) error
//
// A middleware that does not call its next handler has refused the request. Then
// no further handler runs, c.IsAborted reports true, and the error is the last one
// of c.Errors. The same happens when a handler further in has panicked and the
// panic was answered.
//
// Handlers that report an error in the ways of gin need no change. After
// c.AbortWithError(500, err), or c.Error(err) with a status of 400 or more, err is
// the cause in the log and in [problem.Config.OnError]. If err is an error of package
// problem, wraps one or is mapped to one, that error is the answer:
//
//	c.AbortWithError(409, problem.Conflict.New("Taken"))
//
// Otherwise the status decides the answer. An error middleware of the service may
// write after that: what it writes is dropped without an error.
//
// In a handler, c.Request has the context of the exchange. After [Install] c has it,
// too: [requestid.FromContext](c) returns the request ID, and a record of
// slog.InfoContext(c, …) has the ID. The parameters of the path are also values of
// c.Request.PathValue, so gin.WrapH serves a plain handler, such as one of package
// validate, without a change.
//
// A middleware must call its next handler on its own goroutine, because gin uses a
// gin.Context again as soon as the request has ended. [middleware.Timeout] does so,
// and [http.TimeoutHandler] does not.
//
// The middlewares may also stand around the whole engine:
// http.Server{Handler: app(engine)}. Then they see paths, but neither patterns nor
// parameters. Make such an engine with gin.New, because the recovery of gin.Default
// would catch each panic first, and an answer that must be cut would look
// complete.
package ginadapter

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// Wrap makes a gin middleware. mw is called once, here. Wrap a whole
// [middleware.Chain] rather than each of its parts.
//
// A middleware that replaces the request's context, instead of deriving one
// from it, panics when it calls its next handler.
func Wrap(mw func(http.Handler) http.Handler) gin.HandlerFunc {
	return wrap(mw, nil)
}

// wrap makes a gin middleware; i is nil unless it is the one of an engine.
func wrap(mw func(http.Handler) http.Handler, i *installation) gin.HandlerFunc {
	if mw == nil {
		panic("ginadapter: nil middleware")
	}
	h := mw(http.HandlerFunc(proceed))
	return func(c *gin.Context) {
		k := &call{Context: c.Request.Context(), c: c, base: c.Writer, outer: c.Request, installed: i}
		x, w, r := exchange.EnterWith(k, c.Writer, c.Request)
		k.shim.x = x
		r = routed(r, c)
		defer k.leave(r)
		h.ServeHTTP(w, r)
		k.returned = true
	}
}

// routed gives to r what gin's router knows: the pattern, and the path values.
func routed(r *http.Request, c *gin.Context) *http.Request {
	// A copy of a request shares the path values of a router further out. They
	// are that router's, and only Clone makes them ours.
	shared := r.Pattern != ""
	if !shared {
		r.Pattern = c.FullPath()
	}
	for _, p := range c.Params {
		if r.PathValue(p.Key) == p.Value {
			continue
		}
		if shared {
			r, shared = r.Clone(r.Context()), false
		}
		r.SetPathValue(p.Key, p.Value)
	}
	return r
}

// call is one run of a wrapped middleware. It is itself the context that leads
// from the request back to gin.
type call struct {
	context.Context
	c         *gin.Context
	base      gin.ResponseWriter // c.Writer, outside
	outer     *http.Request      // c.Request, outside
	installed *installation      // or nil
	shim      writer
	proceeds  bool // the handlers further in have run, to their end
	returned  bool
}

type key struct{}

// Value returns k itself for the package's own key.
func (k *call) Value(name any) any {
	if name == (key{}) {
		return k
	}
	return k.Context.Value(name)
}

// proceed is the handler that middlewares are wrapped around: the rest of gin's
// own chain.
func proceed(w http.ResponseWriter, r *http.Request) {
	k, ok := r.Context().Value(key{}).(*call)
	if !ok {
		panic("ginadapter: a middleware has replaced the request's context instead of deriving one from it")
	}
	k.run(w, r)
}

func (k *call) run(w http.ResponseWriter, r *http.Request) {
	// Also while panicking: layers further out must not see the context of ours,
	// which is cancelled by then, and must see the multipart form, whose files
	// net/http removes.
	defer func() {
		exchange.CopyBack(k.outer, r)
		k.c.Writer, k.c.Request = k.base, k.outer
	}()
	k.shim = writer{x: k.shim.x, w: w, rec: exchange.Top(w), c: k.c, base: k.base, status: k.base.Status(), size: noneWritten}
	k.c.Writer, k.c.Request = &k.shim, r
	k.installed.next(k)
	if last := k.c.Errors.Last(); last != nil && exchange.IsAbort(last.Err) {
		panic(http.ErrAbortHandler) // gin.Recovery keeps it there, and lets half an answer look complete
	}
	k.shim.explain()
	k.installed.answerUnknown(k)
	k.shim.settle()
	k.proceeds = true
}

// leave is deferred. It tells gin what has happened.
func (k *call) leave(r *http.Request) {
	exchange.Leave(k.outer, r)
	if k.proceeds {
		return
	}
	k.c.Abort()
	switch f := k.shim.x.Failure(); {
	case f.Err != nil:
		k.c.Error(f.Err)
	case f.Failed:
		k.c.Error(problem.Kind(f.Kind))
	}
	if k.returned {
		// A refusal without a body, as of a CORS preflight: gin is as lazy as to
		// add its own text otherwise.
		k.base.WriteHeaderNow()
	}
}
