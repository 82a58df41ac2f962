package middleware

import (
	"net/http"
	"sync/atomic"
	"time"

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
	limit := int64(cfg.Max)
	if limit == 0 {
		limit = 1024
	}
	if cfg.RetryAfter <= 0 {
		cfg.RetryAfter = time.Second
	}
	refusal := problem.Unavailable.New("").WithRetryAfter(cfg.RetryAfter)
	inFlight := new(atomic.Int64)
	return func(next http.Handler) http.Handler {
		mustHave(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !enter(inFlight, limit) {
				problem.Respond(w, r, refusal)
				return
			}
			defer inFlight.Add(-1)
			next.ServeHTTP(w, r)
		})
	}
}

// enter takes a place if one is free. A refused request must not count even for
// a moment, or a crowd of them would keep free places from others.
func enter(inFlight *atomic.Int64, limit int64) bool {
	for {
		n := inFlight.Load()
		if n >= limit {
			return false
		}
		if inFlight.CompareAndSwap(n, n+1) {
			return true
		}
	}
}
