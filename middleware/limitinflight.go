package middleware

import (
	"cmp"
	"net/http"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// InFlightConfig is the configuration of [LimitInFlight].
type InFlightConfig struct {
	// Max is the number of requests that are served at once. Default 1024. A
	// negative Max refuses all.
	Max int

	// RetryAfter is what a refused client is told to wait. Default one second.
	RetryAfter time.Duration
}

// LimitInFlight bounds the number of requests that are served at once, counted
// over all handlers that the middleware wraps. Further requests are refused with
// [problem.Unavailable] and a Retry-After. They are not refused with a 429, because
// the service is busy and the client has done nothing wrong. A request gives its
// place back when its handler returns, panics or exits.
func LimitInFlight(cfg InFlightConfig) func(http.Handler) http.Handler {
	if cfg.RetryAfter <= 0 {
		cfg.RetryAfter = time.Second
	}
	refusal := problem.Unavailable.New("").WithRetryAfter(cfg.RetryAfter)
	places := make(chan struct{}, max(cmp.Or(cfg.Max, 1024), 0))
	return func(next http.Handler) http.Handler {
		mustHave(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case places <- struct{}{}:
			default:
				problem.Respond(exchange.Unwritten(w, r), r, refusal)
				return
			}
			defer func() { <-places }()
			next.ServeHTTP(w, r)
		})
	}
}
