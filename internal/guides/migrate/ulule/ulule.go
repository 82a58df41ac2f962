// Package ulule shows a limit of ulule/limiter, and the same limit with this module.
package ulule

import (
	"net/http"
	"time"

	"github.com/ulule/limiter/v3"
	"github.com/ulule/limiter/v3/drivers/middleware/stdlib"
	"github.com/ulule/limiter/v3/drivers/store/memory"

	"github.com/backstop-go/backstop/ratelimit"
)

// Before uses ulule/limiter.
func Before(notes http.Handler) (http.Handler, error) {
	rate := limiter.Rate{Period: time.Minute, Limit: 5}
	limit := stdlib.NewMiddleware(limiter.New(memory.NewStore(), rate))
	return limit.Handler(notes), nil
}

// After uses package ratelimit.
func After(notes http.Handler) (http.Handler, error) {
	rate := ratelimit.PerMinute(5)
	limit, err := ratelimit.New(ratelimit.Config{Rate: rate, Key: ratelimit.RemoteIP})
	if err != nil {
		return nil, err
	}
	return limit.Handler(notes), nil
}
