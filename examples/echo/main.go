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
		middleware.Observe(demo.LogAccess),               // logs every request, however it ends
		middleware.Standard(errs),                        // request ID, envelope, panics, plain-text errors
		middleware.Timeout(cfg.Timeout, demo.NoDeadline), // an expired deadline is a 504
		limit.Handler,   // too many requests are a 429
		demo.PlainPaths, // a path such as "//x" is a 404
	)
	e.Use(oneSegment)
	colons := strings.NewReplacer("{$}", "", "{", ":", "}", "")
	for _, route := range demo.WithHead(demo.Routes(cfg, errs, v)) {
		e.Add(route.Method, colons.Replace(route.Pattern), echo.WrapHandler(route.Handler))
	}
	return e, nil
}

// oneSegment makes a parameter match one segment of the path, as in the other routers. By
// itself echo matches the last parameter with the rest of the path, slashes included.
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

// wrongMethod answers a wrong method as the other routers do. By itself echo answers OPTIONS
// and lists it in every Allow. For a path that is longer than the route it answers 405
// instead of 404.
func wrongMethod(c *echo.Context) error {
	if strings.Count(c.Request().URL.Path, "/") != strings.Count(c.Path(), "/") {
		return problem.NotFound
	}
	allow, _ := c.Get(echo.ContextKeyHeaderAllow).(string)
	c.Response().Header().Set("Allow", strings.TrimPrefix(allow, "OPTIONS, "))
	return problem.MethodNotAllowed
}
