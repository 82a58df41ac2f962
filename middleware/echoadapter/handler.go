package echoadapter

import (
	"github.com/labstack/echo/v5"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

// HandlerFunc makes of a function that may fail a handler whose error is answered
// at once, by [problem.Respond], and then returned. After [Install] every handler
// of echo is answered in the same way, and needs no HandlerFunc; it is for routes
// below a [Wrap] in an Echo whose HTTPErrorHandler is another one. The handler
// panics in an Echo without Install or Wrap.
func HandlerFunc(f func(*echo.Context) error) echo.HandlerFunc {
	if f == nil {
		panic("echoadapter: nil handler")
	}
	return func(c *echo.Context) error {
		if exchange.From(c.Request().Context()) == nil {
			panic("echoadapter: a handler of this package runs in an Echo without its middlewares: call echoadapter.Install(e, middleware.Standard(errs))")
		}
		err := f(c)
		if e, ok := err.(*problem.Error); err == nil || ok && e == nil {
			return nil
		}
		answer(c, err)
		return err
	}
}

// Validated makes a handler of a function that is given the decoded and checked
// request, as [validate.HandlerFunc] does for net/http. Errors of both are answered
// as those of [HandlerFunc]. It panics if f is nil or the tags of T are at fault.
func Validated[T any](v *validate.Validator, f func(*echo.Context, T) error) echo.HandlerFunc {
	if f == nil {
		panic("echoadapter: nil handler")
	}
	if err := validate.Check[T](v); err != nil {
		panic(err)
	}
	return HandlerFunc(func(c *echo.Context) error {
		r := routed(c.Request(), c)
		in, err := validate.Decode[T](v, c.Response(), r)
		if err != nil {
			return err
		}
		return f(c, in)
	})
}
