// Package tollbooth is a limit of didip/tollbooth, and ours in its place.
package tollbooth

import (
	"net/http"

	"github.com/didip/tollbooth/v7"

	"github.com/backstop-go/backstop/ratelimit"
)

// Before is a limit of tollbooth.
func Before(notes http.Handler) (http.Handler, error) {
	return tollbooth.LimitHandler(tollbooth.NewLimiter(1, nil), notes), nil
}

// After is ours.
func After(notes http.Handler) (http.Handler, error) {
	limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerSecond(1), Key: ratelimit.RemoteIP})
	if err != nil {
		return nil, err
	}
	return limit.Handler(notes), nil
}
