package demo

import (
	"log/slog"
	"net/http"

	"github.com/backstop-go/backstop/middleware"
)

// LogAccess is one record for each request, whichever way it ended. The logger
// finds the request ID in the context.
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
