package ginadapter

import (
	"net/http"
	"reflect"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// Install puts middlewares in front of all routes of e, the first one outermost,
// and turns HandleMethodNotAllowed and ContextWithFallback of e on. Handlers of
// e.NoRoute and e.NoMethod run as before; where they say nothing, or there are
// none, an unknown path or a wrong method is answered with the error envelope.
//
// Call Install once, before the first route and the first group: gin gives a
// route the middlewares that are there by then. It panics if e has a route, or
// was installed already.
//
// A catch-all OPTIONS /*any, as for CORS, does not make a route of every path:
// where OPTIONS alone would be allowed, the path is unknown.
//
// The redirects of gin itself, such as that of RedirectTrailingSlash, leave
// before any middleware runs, hence without a request ID or what else the
// middlewares would add. Turn them off where that matters.
func Install(e *gin.Engine, mws ...func(http.Handler) http.Handler) {
	mustBeNew(e)
	e.HandleMethodNotAllowed = true
	e.ContextWithFallback = true
	for n, h := range e.Handlers {
		e.Handlers[n] = outside(h)
	}
	i := &installation{engine: e}
	i.wrapped = wrap(middleware.Chain(mws...), i)
	e.Use(i.serve)
}

// mustBeNew panics unless nothing stands in the way of an Install.
func mustBeNew(e *gin.Engine) {
	ours := codeOf((*installation)(nil).serve)
	for _, h := range e.Handlers {
		if codeOf(h) == ours {
			panic("ginadapter: Install was called twice for one engine: call it once, with all middlewares")
		}
	}
	if len(e.Routes()) > 0 {
		panic("ginadapter: Install was called after a route was added, which would stay without the middlewares: call it before the first route")
	}
}

// codeOf tells functions apart as far as their text goes.
func codeOf(h gin.HandlerFunc) uintptr { return reflect.ValueOf(h).Pointer() }

// installation is the middleware of a whole engine. A nil one is that of Wrap.
type installation struct {
	engine  *gin.Engine
	wrapped gin.HandlerFunc
}

func (i *installation) serve(c *gin.Context) {
	if c.Request.Method == replay {
		resume(c)
		return
	}
	i.wrapped(c)
}

// next runs the handlers further in.
func (i *installation) next(k *call) {
	if i == nil || !i.onlyOptions(k) {
		k.c.Next()
		return
	}
	i.asUnknown(k)
}

// answerUnknown answers where gin has found no route, and no handler has anything
// to say about that.
func (i *installation) answerUnknown(k *call) {
	s := &k.shim
	if i == nil || k.c.FullPath() != "" || s.Written() || len(k.c.Errors) > 0 {
		return
	}
	switch s.status {
	case http.StatusNotFound:
		refuse(k.c, problem.NotFound)
	case http.StatusMethodNotAllowed:
		refuse(k.c, problem.MethodNotAllowed)
	}
}

// onlyOptions reports whether gin has taken a catch-all for OPTIONS, and nothing
// else, for a reason to say that a method is wrong.
func (i *installation) onlyOptions(k *call) bool {
	return k.c.FullPath() == "" && k.base.Status() == http.StatusMethodNotAllowed && k.base.Header().Get("Allow") == http.MethodOptions
}

// replay is the method of a request that gin is to find no route for. No client
// can send it.
const replay = " "

// asUnknown runs, in the place of the handlers that gin has chosen for a wrong
// method, those for an unknown path. gin keeps them to itself, so it is asked
// again, with a method and a path that no route can have; see resume. What stands
// outside of the middlewares has run already, and does not run again.
func (i *installation) asUnknown(k *call) {
	k.base.Header().Del("Allow")
	k.shim.status = http.StatusNotFound
	k.c.Abort() // not those that gin has chosen
	again := k.c.Request.WithContext(k)
	target := *again.URL
	target.Path, target.RawPath = "*", ""
	again.Method, again.URL = replay, &target
	i.engine.ServeHTTP(nowhere{}, again)
}

// resume goes on, in a second gin.Context, with what the first one was about.
func resume(c *gin.Context) {
	first := c.Request.Context().(*call).c
	unused := c.Writer
	c.Request, c.Writer, c.Keys, c.Errors = first.Request, first.Writer, first.Keys, first.Errors
	defer func() { first.Keys, first.Errors = c.Keys, c.Errors }()
	c.Next()
	unused.WriteHeaderNow() // or gin would add a text of its own
}

// outside makes of a handler that stands outside of the middlewares one that runs
// once.
func outside(h gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.Method != replay {
			h(c)
		}
	}
}

// nowhere is where an answer goes that there is none of.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}
