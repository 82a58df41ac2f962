package demo

import (
	"log/slog"
	"net/http"

	"github.com/backstop-go/backstop/middleware"
)

// LogAccess logs one record for a request, however the request has ended. The logger takes
// the request ID from the context.
func LogAccess(r *http.Request, s *middleware.Summary) {
	slog.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("method", s.Method),
		slog.String("pattern", s.Pattern),
		slog.Int("status", s.Status),
		slog.Int64("bytes", s.Bytes),
		slog.Duration("duration", s.Duration),
		slog.Bool("aborted", s.Aborted),
	)
}
