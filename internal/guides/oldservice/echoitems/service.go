// Package echoitems is a JSON service on echo.
package echoitems

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v5"
)

func routes(e *echo.Echo) {
	e.GET("/items/:id", item)
	e.GET("/stock", stock)
	e.GET("/prices", prices)
}

func item(c *echo.Context) error {
	if c.Param("id") != "1" {
		return echo.NewHTTPError(http.StatusNotFound, "no such item")
	}
	return c.JSON(http.StatusOK, map[string]string{"id": "1", "name": "Lamp"})
}

func stock(*echo.Context) error { return errors.New("dial tcp 10.1.2.3:5432: connection refused") }

func prices(*echo.Context) error { panic("no prices today") }
