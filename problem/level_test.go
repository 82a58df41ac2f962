package problem_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/backstop-go/backstop/problem"
)

func TestLevels(t *testing.T) {
	quieter := func(ev *problem.Event) slog.Level {
		if ev.Status == 404 {
			return slog.LevelDebug
		}
		return ev.Level
	}
	for _, tt := range []struct {
		name  string
		err   error
		level func(*problem.Event) slog.Level
		want  string
	}{
		{"a 4xx", problem.NotFound, nil, "INFO"},
		{"another 4xx", problem.Validation, nil, "INFO"},
		{"a 5xx", problem.Unavailable, nil, "ERROR"},
		{"a foreign error", errors.New("pq"), nil, "ERROR"},
		{"too fast", problem.RateLimited, nil, "DEBUG"},
		{"a client that left", problem.ClientClosed, nil, "DEBUG"},
		{"a 404 that is changed", problem.NotFound, quieter, "DEBUG"},
		{"a 410 that is not changed", problem.Gone, quieter, "INFO"},
		{"a 500 that is not changed", errors.New("pq"), quieter, "ERROR"},
		{"a 429 that is not changed", problem.RateLimited, quieter, "DEBUG"},
		{"a level that no default has", problem.Forbidden, func(*problem.Event) slog.Level { return slog.LevelWarn }, "WARN"},
		{"a client that left, changed", problem.ClientClosed, func(*problem.Event) slog.Level { return slog.LevelInfo }, "INFO"},
		{"a function that panics", problem.Unavailable, func(*problem.Event) slog.Level { panic("boom") }, "ERROR"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			errs := problem.New(problem.Config{
				Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
				Level:  tt.level,
			})
			errs.Respond(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), tt.err)
			var record struct{ Level, Msg string }
			dec := json.NewDecoder(&log)
			if err := dec.Decode(&record); err != nil || record.Level != tt.want {
				t.Errorf("%v is logged at %s (%v), want %s", tt.err, record.Level, err, tt.want)
			}
			if err := dec.Decode(&record); err != io.EOF {
				t.Errorf("there is a second record %+v (%v), want one", record, err)
			}
		})
	}
}

func TestEventSaysItsLevelToOnErrorToo(t *testing.T) {
	var got []slog.Level
	asked := 0
	errs := problem.New(problem.Config{
		Logger:  slog.New(slog.DiscardHandler),
		Level:   func(*problem.Event) slog.Level { asked++; return slog.LevelDebug },
		OnError: func(_ context.Context, ev *problem.Event) { got = append(got, ev.Level) },
	})
	h := errs.Handler(problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return problem.Gone }))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if asked != 1 || len(got) != 1 || got[0] != slog.LevelInfo {
		t.Errorf("Level is called %d times and OnError gets %v, want once and the default INFO", asked, got)
	}
}
