package echoadapter

import (
	"net/http"
	"reflect"

	"github.com/labstack/echo/v5"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// Install puts middlewares in front of echo's router, the first one outermost,
// and hands every error to [problem.Respond]: e.HTTPErrorHandler is replaced. An
// unknown path and a wrong method are answered with the error envelope, the latter
// with Allow. Routes may be there already.
//
// Install before other calls of e.Pre: what stands further out, and its errors, is
// beyond the reach of the middlewares. It panics if e was installed already.
//
// Do not use echo's own Recover, RequestID and ContextTimeout beside
// [middleware.Standard]: they answer first.
func Install(e *echo.Echo, mws ...func(http.Handler) http.Handler) {
	ours := codeOf((*installation)(nil).middleware)
	for _, mw := range e.PreMiddlewares() {
		if codeOf(mw) == ours {
			panic("echoadapter: Install was called twice for one Echo: call it once, with all middlewares")
		}
	}
	e.HTTPErrorHandler = answer
	e.Pre((&installation{Wrap(middleware.Chain(mws...))}).middleware)
}

// codeOf tells functions apart as far as their text goes.
func codeOf(mw echo.MiddlewareFunc) uintptr { return reflect.ValueOf(mw).Pointer() }

// installation is the middleware of a whole Echo.
type installation struct{ wrapped echo.MiddlewareFunc }

func (i *installation) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	h := i.wrapped(next)
	return func(c *echo.Context) error {
		// Errors were answered within. Echo would answer again what was meant to
		// have no answer, as for a client that left.
		_ = h(c)
		return nil
	}
}

// answer is the HTTPErrorHandler. An error that comes along after it was answered
// further in is no news.
func answer(c *echo.Context, err error) {
	w, r := c.Response(), c.Request()
	if x := exchange.Of(w, r); x != nil && x.Failure().Failed {
		return
	}
	if status := echo.StatusCode(err); status >= 400 && status < 600 {
		err = &exchange.Stated{Status: status, Reason: err}
	}
	problem.Respond(w, r, err)
}
