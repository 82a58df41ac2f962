// Command gin serves the demo API with gin.
package main

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/examples/internal/demo"
	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
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

	gin.SetMode(gin.ReleaseMode) // standard output belongs to one line
	engine := gin.New()
	engine.RedirectTrailingSlash = false // gin redirects before any middleware runs
	ginadapter.Install(engine,
		middleware.Observe(demo.LogAccess),               // sees how everything ends
		middleware.Standard(errs),                        // request ID, envelope, panics, plain-text errors
		middleware.Timeout(cfg.Timeout, demo.NoDeadline), // a handler that is late has failed
		limit.Handler,   // too fast is a 429
		demo.PlainPaths, // "//x" is nobody's path
	)
	colons := strings.NewReplacer("{$}", "", "{", ":", "}", "")
	for _, route := range demo.WithHead(demo.Routes(cfg, errs, v)) {
		engine.Handle(route.Method, colons.Replace(route.Pattern), gin.WrapH(route.Handler))
	}
	return engine, nil
}
