// Command chi serves the demo API with chi.
package main

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

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

	r := chi.NewRouter()
	r.Use(
		middleware.Observe(demo.LogAccess),               // logs every request, however it ends
		middleware.Standard(errs),                        // request ID, envelope, panics, plain-text errors
		middleware.Timeout(cfg.Timeout, demo.NoDeadline), // an expired deadline is a 504
		limit.Handler,   // too many requests are a 429
		demo.PlainPaths, // a path such as "//x" is a 404
		unknownMethods,
	)
	for _, route := range demo.WithHead(demo.Routes(cfg, errs, v)) {
		r.Method(route.Method, strings.TrimSuffix(route.Pattern, "{$}"), route.Handler)
	}
	return r, nil
}

// unknownMethods makes chi look up the path also for a method that chi does not know. By
// itself chi answers such a method with 405 and without Allow, even if no route has the
// path. The method TRACE stands in for it: no route has TRACE, so the answer is a 404, or a
// 405 with Allow.
func unknownMethods(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT":
		default:
			chi.RouteContext(r.Context()).RouteMethod = http.MethodTrace
		}
		next.ServeHTTP(w, r)
	})
}
