package echoitems

import (
	"net/http"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
)

// Before returns the service without changes.
func Before() (http.Handler, error) {
	e := echo.New()
	e.Use(middleware.RequestLogger())
	e.Use(middleware.Recover())
	routes(e)
	return e, nil
}
