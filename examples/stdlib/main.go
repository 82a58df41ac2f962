// Command stdlib serves the demo API with the router of net/http.
package main

import (
	"net/http"

	"github.com/backstop-go/backstop/examples/internal/demo"
	"github.com/backstop-go/backstop/middleware"
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

	mux := http.NewServeMux()
	for _, route := range demo.Routes(cfg, errs, v) {
		mux.Handle(route.Method+" "+route.Pattern, route.Handler)
	}
	return middleware.Chain(
		middleware.Observe(demo.LogAccess),               // logs every request, however it ends
		middleware.Standard(errs),                        // request ID, envelope, panics, plain-text errors
		middleware.Timeout(cfg.Timeout, demo.NoDeadline), // an expired deadline is a 504
		limit.Handler,   // too many requests are a 429
		demo.PlainPaths, // a path such as "//x" is a 404
	)(mux), nil
}
