package chi

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

// After uses the middlewares of this module.
func After() (http.Handler, error) {
	clients, err := ratelimit.NewClientIP(ratelimit.IPConfig{
		Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	})
	if err != nil {
		return nil, err
	}
	limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerMinute(5), Key: clients.Key})
	if err != nil {
		return nil, err
	}
	errs := problem.New(problem.Config{})
	r := chi.NewRouter()
	r.Use(middleware.Standard(errs))
	r.Use(middleware.LimitInFlight(middleware.InFlightConfig{Max: 1000}))
	r.Use(middleware.Timeout(50 * time.Millisecond))
	r.Use(limit.Handler)
	r.Use(middleware.LimitBody(1 << 20))
	routes(r)
	return r, nil
}
