// Package observe shows a service to the tools that look at it: loggers (slog,
// zerolog, zap), Prometheus, OpenTelemetry. Each file is an example to copy, with
// the real library, and its test is what comes out.
//
// Every one of them is a function for middleware.Observe, which calls it once for
// each request, whichever way that ended. For logs there is the request; for
// metrics there is the summary, which has no value that a client can invent.
//
// The errors of requests are logged by the responder. Give it the same logger:
// every logger here can be that of an slog.Logger as well.
package observe

import (
	"strings"

	"github.com/backstop-go/backstop/middleware"
)

// route returns the pattern without the method that those of http.ServeMux may
// begin with. It is "" if no route matched.
func route(s *middleware.Summary) string {
	if _, path, ok := strings.Cut(s.Pattern, " "); ok {
		return path
	}
	return s.Pattern
}
