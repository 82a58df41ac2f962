package observe

import (
	"log/slog"
	"net/http"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
)

// Slog logs requests and their errors with slog. Every record that is logged with the context
// of a request has the ID of the request.
func Slog(h slog.Handler) func(http.Handler) http.Handler {
	logger := slog.New(requestid.NewLogHandler(h))
	access := func(r *http.Request, s *middleware.Summary) {
		logger.LogAttrs(r.Context(), slog.LevelInfo, "request",
			slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", s.Status),
			slog.Int64("bytes", s.Bytes), slog.Duration("duration", s.Duration),
			slog.String("address", r.RemoteAddr), slog.String("user_agent", r.UserAgent()))
	}
	errs := problem.New(problem.Config{Logger: logger})
	return middleware.Chain(middleware.Observe(access), middleware.Standard(errs))
}
