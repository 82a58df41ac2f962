// Command echo serves the demo API with echo.
package main

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v5"

	"github.com/backstop-go/backstop/examples/internal/demo"
	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/echoadapter"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/validate"
)

func main() { demo.Main(app) }

func app(cfg demo.Config) (http.Handler, error) {
	errs := problem.New(problem.Config{Style: cfg.Style, Debug: cfg.Debug})
	limit, err := ratelimit.New(cfg.Limits())
	if err != nil {
		return nil, err
	}
	v, err := validate.New(validate.Config{ReadTimeout: cfg.Timeout / 2})
	if err != nil {
		return nil, err
	}

	e := echo.NewWithConfig(echo.Config{Router: echo.NewRouter(echo.RouterConfig{
		MethodNotAllowedHandler: wrongMethod,
		OptionsMethodHandler:    wrongMethod,
	})})
	echoadapter.Install(e,
		middleware.Observe(demo.LogAccess),               // sees how everything ends
		middleware.Standard(errs),                        // request ID, envelope, panics, plain-text errors
		middleware.Timeout(cfg.Timeout, demo.NoDeadline), // a handler that is late has failed
		limit.Handler,   // too fast is a 429
		demo.PlainPaths, // "//x" is nobody's path
	)
	e.Use(oneSegment)
	colons := strings.NewReplacer("{$}", "", "{", ":", "}", "")
	for _, route := range demo.WithHead(demo.Routes(cfg, errs, v)) {
		e.Add(route.Method, colons.Replace(route.Pattern), echo.WrapHandler(route.Handler))
	}
	return e, nil
}

// oneSegment makes a parameter what it is to the other routers. By itself echo
// takes the rest of the path for the last one, slashes included.
func oneSegment(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c *echo.Context) error {
		for _, p := range c.PathValues() {
			if strings.Contains(p.Value, "/") {
				return problem.NotFound
			}
		}
		return next(c)
	}
}

// wrongMethod answers as the other routers do. By itself echo answers OPTIONS, and
// says so in each Allow; and a method is wrong below the last parameter, too.
func wrongMethod(c *echo.Context) error {
	if strings.Count(c.Request().URL.Path, "/") != strings.Count(c.Path(), "/") {
		return problem.NotFound
	}
	allow, _ := c.Get(echo.ContextKeyHeaderAllow).(string)
	c.Response().Header().Set("Allow", strings.TrimPrefix(allow, "OPTIONS, "))
	return problem.MethodNotAllowed
}
