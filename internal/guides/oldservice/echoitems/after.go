package echoitems

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	backstop "github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// After is the service within our middlewares.
func After() (http.Handler, error) {
	errs := problem.New(problem.Config{Map: ofEcho})
	e := echo.New()
	e.Use(middleware.RequestLogger())
	e.HTTPErrorHandler = func(c *echo.Context, err error) { problem.Respond(c.Response(), c.Request(), err) }
	routes(e)
	return backstop.Standard(errs)(e), nil
}

func ofEcho(_ context.Context, err error) error {
	if status := echo.StatusCode(err); status >= 400 {
		return problem.KindOf(status).Wrap(err, "")
	}
	return nil
}
