// Package tollbooth shows a limit of didip/tollbooth, and the same limit with this module.
package tollbooth

import (
	"net/http"

	"github.com/didip/tollbooth/v7"

	"github.com/backstop-go/backstop/ratelimit"
)

// Before uses tollbooth.
func Before(notes http.Handler) (http.Handler, error) {
	return tollbooth.LimitHandler(tollbooth.NewLimiter(1, nil), notes), nil
}

// After uses package ratelimit.
func After(notes http.Handler) (http.Handler, error) {
	limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerSecond(1), Key: ratelimit.RemoteIP})
	if err != nil {
		return nil, err
	}
	return limit.Handler(notes), nil
}
