// Package chi shows the middlewares of chi and httprate, and those of this module in their place.
package chi

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"
)

// Before uses the middlewares of chi and httprate.
func Before() (http.Handler, error) {
	r := chi.NewRouter()
	r.Use(middleware.RequestID)
	r.Use(middleware.Recoverer)
	r.Use(middleware.Throttle(1000))
	r.Use(middleware.Timeout(50 * time.Millisecond))
	r.Use(middleware.ClientIPFromXFF("10.0.0.0/8"))
	r.Use(httprate.LimitBy(5, time.Minute, byAddress))
	r.Use(middleware.RequestSize(1 << 20))
	routes(r)
	return r, nil
}

func byAddress(r *http.Request) (string, error) {
	return httprate.CanonicalizeIP(middleware.GetClientIP(r.Context())), nil
}
