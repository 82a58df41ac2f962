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

	gin.SetMode(gin.ReleaseMode) // in debug mode gin prints to standard output
	engine := gin.New()
	engine.RedirectTrailingSlash = false // gin redirects before any middleware runs
	ginadapter.Install(engine,
		middleware.Observe(demo.LogAccess),               // logs every request, however it ends
		middleware.Standard(errs),                        // request ID, envelope, panics, plain-text errors
		middleware.Timeout(cfg.Timeout, demo.NoDeadline), // an expired deadline is a 504
		limit.Handler,   // too many requests are a 429
		demo.PlainPaths, // a path such as "//x" is a 404
	)
	colons := strings.NewReplacer("{$}", "", "{", ":", "}", "")
	for _, route := range demo.WithHead(demo.Routes(cfg, errs, v)) {
		engine.Handle(route.Method, colons.Replace(route.Pattern), gin.WrapH(route.Handler))
	}
	return engine, nil
}
