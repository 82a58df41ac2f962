package observe

import (
	"log/slog"
	"net/http"

	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
)

// Zap logs requests and their errors with zap.
func Zap(log *zap.Logger) func(http.Handler) http.Handler {
	access := func(r *http.Request, s *middleware.Summary) {
		log.Info("request", zap.String("request_id", s.ID),
			zap.String("method", r.Method), zap.String("path", r.URL.Path), zap.Int("status", s.Status),
			zap.Int64("bytes", s.Bytes), zap.Duration("duration", s.Duration),
			zap.String("address", r.RemoteAddr), zap.String("user_agent", r.UserAgent()))
	}
	errs := problem.New(problem.Config{
		Logger: slog.New(requestid.NewLogHandler(zapslog.NewHandler(log.Core()))),
	})
	return middleware.Chain(middleware.Observe(access), middleware.Standard(errs))
}
