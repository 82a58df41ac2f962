package echoitems

import (
	"net/http"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
)

// Before is the service as it was.
func Before() (http.Handler, error) {
	e := echo.New()
	e.Use(middleware.RequestLogger())
	e.Use(middleware.Recover())
	routes(e)
	return e, nil
}
