// Package observe shows how a service tells its tools what happens: loggers (slog,
// zerolog, zap), Prometheus, OpenTelemetry. Each other file is an example to copy,
// with the real library; prometheus.go and opentelemetry.go use the function route of
// this file. A test shows what the library then prints or exports.
//
// Each example gives a function to [middleware.Observe], which calls the function
// once for each request, however the request ends. The function gets the request,
// for logs, and a summary, for metrics: no client can invent a value of the summary.
//
// The responder logs the errors of requests. Give it the same logger: each logger
// here has a handler for slog.
package observe

import (
	"strings"

	"github.com/backstop-go/backstop/middleware"
)

// route returns the pattern without a method, which a pattern of [net/http.ServeMux] may
// have. It is "" if no route matched.
func route(s *middleware.Summary) string {
	if _, path, ok := strings.Cut(s.Pattern, " "); ok {
		return path
	}
	return s.Pattern
}
