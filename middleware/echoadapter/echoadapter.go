// Package echoadapter runs the middlewares of this library, and any other
// func(http.Handler) http.Handler, inside echo v5.
//
//	e := echo.New()
//	echoadapter.Install(e, middleware.Standard(errs), limit.Handler)
//	e.GET("/secrets/:id", getSecret) // func(*echo.Context) error
//
// Handlers return errors as before. An error of package problem is the answer. An
// *echo.HTTPError, and any other error with a StatusCode, gets the [problem.KindOf]
// its status, and keeps that status. Its message is logged and never sent. To send
// the message, say so in [problem.Config.Map]:
//
//	func(_ context.Context, err error) error {
//		if he, ok := errors.AsType[*echo.HTTPError](err); ok && he.Code < 500 {
//			return problem.KindOf(he.Code).Wrap(err, he.Message)
//		}
//		return nil
//	}
//
// A middleware that does not call its next handler has refused the request. Then
// no further handler runs, and the middlewares of echo further out get the error.
//
// In a handler, c.Request() has the context of the exchange:
// [requestid.FromContext](c.Request().Context()) returns the request ID. Mount a
// plain handler with echo.WrapHandler; it can read the parameters of the path with
// r.PathValue.
//
// A middleware must call its next handler on its own goroutine, because echo uses
// an echo.Context again as soon as the request has ended. [middleware.Timeout] does
// so, and [http.TimeoutHandler] does not.
package echoadapter

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/backstop-go/backstop/internal/exchange"
)

// Wrap makes a middleware of echo. mw is called once, here. Wrap a whole
// [middleware.Chain] rather than each of its parts. An error of the handlers within
// is answered by the HTTPErrorHandler of echo, within mw, and then returned to the
// middlewares of echo further out.
//
// A middleware that replaces the request's context, instead of deriving one
// from it, panics when it calls its next handler.
func Wrap(mw func(http.Handler) http.Handler) echo.MiddlewareFunc {
	if mw == nil {
		panic("echoadapter: nil middleware")
	}
	h := mw(http.HandlerFunc(proceed))
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			k := &call{Context: c.Request().Context(), c: c, next: next, base: c.Response(), outer: c.Request()}
			x, w, r := exchange.EnterWith(k, informing(k.base), k.outer)
			r = routed(r, c)
			defer func() { exchange.Leave(k.outer, r) }()
			h.ServeHTTP(w, r)
			if k.proceeds {
				return k.err
			}
			return x.Failure().Err
		}
	}
}

// informing returns w for a recorder to stand on.
func informing(w http.ResponseWriter) http.ResponseWriter {
	if r, ok := w.(*echo.Response); ok {
		return writer{r}
	}
	return w
}

// writer passes informational statuses by echo's own writer, which takes the first
// one for the status of the answer.
type writer struct{ *echo.Response }

func (w writer) Unwrap() http.ResponseWriter { return w.Response }

func (w writer) WriteHeader(status int) {
	if 100 <= status && status < 200 && status != http.StatusSwitchingProtocols {
		exchange.Innermost(w.Response).WriteHeader(status)
		return
	}
	w.Response.WriteHeader(status)
}

// routed gives to r the path values that echo's router knows.
func routed(r *http.Request, c *echo.Context) *http.Request {
	if r.Pattern != "" && c.Path() == "" {
		// A copy of a request shares the path values of a router further out. They
		// are that router's, and only Clone makes them ours.
		return r.Clone(r.Context())
	}
	for _, p := range c.PathValues() {
		if r.PathValue(p.Name) != p.Value {
			r.SetPathValue(p.Name, p.Value)
		}
	}
	return r
}

// call is one run of a wrapped middleware. It is itself the context that leads
// from the request back to echo.
type call struct {
	context.Context
	c        *echo.Context
	next     echo.HandlerFunc
	base     http.ResponseWriter // c.Response, outside
	outer    *http.Request       // c.Request, outside
	err      error               // of next
	proceeds bool                // next has run, to its end
}

type key struct{}

// Value returns k itself for the package's own key.
func (k *call) Value(name any) any {
	if name == (key{}) {
		return k
	}
	return k.Context.Value(name)
}

// proceed is the handler that middlewares are wrapped around: the rest of echo's
// own chain.
func proceed(w http.ResponseWriter, r *http.Request) {
	k, ok := r.Context().Value(key{}).(*call)
	if !ok {
		panic("echoadapter: a middleware has replaced the request's context instead of deriving one from it")
	}
	k.run(w, r)
}

func (k *call) run(w http.ResponseWriter, r *http.Request) {
	// Also while panicking: layers further out must not see the context of ours,
	// which is cancelled by then, and must see the multipart form, whose files
	// net/http removes.
	defer func() {
		exchange.CopyBack(k.outer, r)
		k.c.SetResponse(k.base)
		k.c.SetRequest(k.outer)
	}()
	k.c.SetRequest(r)
	k.c.SetResponse(w)
	if k.err = k.next(k.c); k.err != nil {
		k.c.Echo().HTTPErrorHandler(k.c, k.err)
	}
	k.proceeds = true
}
