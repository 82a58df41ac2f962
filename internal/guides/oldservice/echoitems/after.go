package echoitems

import (
	"net/http"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	backstop "github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/echoadapter"
	"github.com/backstop-go/backstop/problem"
)

// After returns the service inside the middlewares of this module.
func After() (http.Handler, error) {
	errs := problem.New(problem.Config{})
	e := echo.New()
	e.Pre(middleware.RequestLogger())
	echoadapter.Install(e, backstop.Standard(errs))
	routes(e)
	return e, nil
}
