package observe

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/backstop-go/backstop/middleware"
)

// Prometheus counts requests and measures how long they take. The labels are
// bounded: an unknown method is "_OTHER", an unknown path has the route "", and a
// kind of error is one of two dozen.
func Prometheus(reg prometheus.Registerer) func(http.Handler) http.Handler {
	with := promauto.With(reg)
	requests := with.NewCounterVec(prometheus.CounterOpts{
		Name: "http_requests_total",
		Help: "Requests, by method, route, status and kind of error.",
	}, []string{"method", "route", "status", "error"})
	duration := with.NewHistogramVec(prometheus.HistogramOpts{
		Name: "http_request_duration_seconds",
		Help: "Time from the request to the end of the handler, by method and route.",
	}, []string{"method", "route"})
	aborted := with.NewCounter(prometheus.CounterOpts{
		Name: "http_requests_aborted_total",
		Help: "Answers that were cut off after they had begun.",
	})
	return middleware.Observe(func(_ *http.Request, s *middleware.Summary) {
		kind := ""
		if s.Failed {
			kind = s.Kind.String()
		}
		requests.WithLabelValues(s.Method, route(s), strconv.Itoa(s.Status), kind).Inc()
		duration.WithLabelValues(s.Method, route(s)).Observe(s.Duration.Seconds())
		if s.Aborted {
			aborted.Inc()
		}
	})
}
