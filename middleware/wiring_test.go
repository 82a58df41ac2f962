package middleware_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

func TestStandardAroundStandardPanics(t *testing.T) {
	errs := problem.New(problem.Config{})
	standard := middleware.Standard(errs)
	for name, mws := range map[string][]func(http.Handler) http.Handler{
		"at once":                   {standard, standard},
		"another one":               {standard, middleware.Standard(problem.New(problem.Config{}))},
		"with Recover between":      {standard, middleware.Recover(), standard},
		"with Rewrite between":      {standard, middleware.Rewrite(), standard},
		"with a responder around":   {standard, errs.Handler, standard},
		"with a limit between":      {standard, middleware.LimitBody(1), standard},
		"with an observer around":   {middleware.Observe(func(*http.Request, *middleware.Summary) {}), standard, middleware.Timeout(time.Second), standard},
		"with a foreign middleware": {standard, func(next http.Handler) http.Handler { return http.StripPrefix("/x", next) }, standard},
		"in two chains":             {middleware.Chain(standard, middleware.LimitBody(1)), middleware.Chain(standard, middleware.LimitBody(2))},
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.Contains(text, "once") {
					t.Errorf("%s: the panic is %q, want it to say that Standard is used once", name, text)
				}
			}()
			middleware.Chain(mws...)(http.NotFoundHandler())
		}()
	}
	for name, inner := range map[string]http.Handler{
		"itself": standard(http.NotFoundHandler()), "Recover around it": middleware.Recover()(standard(http.NotFoundHandler())),
		"a responder around it": errs.Handler(standard(http.NotFoundHandler())),
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.Contains(text, "once") {
					t.Errorf("without a chain, around %s: the panic is %q, want it to say that Standard is used once", name, text)
				}
			}()
			standard(inner)
		}()
	}
}

// A service may have another service with its own Standard below a prefix.
func TestStandardBeneathARouterIsFine(t *testing.T) {
	standard := middleware.Standard(problem.New(problem.Config{}))
	mux := http.NewServeMux()
	mux.Handle("/v2/", standard(http.NotFoundHandler()))
	standard(mux)
}

// A middleware that has nothing to do returns the handler that it is given.
func TestStandardWithinMiddlewaresThatDoNothingIsFine(t *testing.T) {
	nothing := func(next http.Handler) http.Handler { return next }
	standard := middleware.Standard(problem.New(problem.Config{}))
	middleware.Chain(nothing, middleware.Timeout(0), standard, nothing)(http.NotFoundHandler())
}
