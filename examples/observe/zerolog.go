package observe

import (
	"log/slog"
	"net/http"

	"github.com/rs/zerolog"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
)

// Zerolog logs requests and their errors with zerolog.
func Zerolog(log zerolog.Logger) func(http.Handler) http.Handler {
	access := func(r *http.Request, s *middleware.Summary) {
		log.Info().Str("request_id", s.ID).
			Str("method", r.Method).Str("path", r.URL.Path).Int("status", s.Status).
			Int64("bytes", s.Bytes).Dur("duration", s.Duration).
			Str("address", r.RemoteAddr).Str("user_agent", r.UserAgent()).Msg("request")
	}
	errs := problem.New(problem.Config{
		Logger: slog.New(requestid.NewLogHandler(zerolog.NewSlogHandler(log))),
	})
	return middleware.Chain(middleware.Observe(access), middleware.Standard(errs))
}
