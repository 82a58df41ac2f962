package observe_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rs/zerolog"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/backstop-go/backstop/examples/observe"
	"github.com/backstop-go/backstop/problem"
)

// service returns a service for the examples to observe.
func service() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /users/{id}", problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		switch r.PathValue("id") {
		case "1":
			_, err := io.WriteString(w, "ann")
			return err
		case "2":
			panic("boom")
		case "3":
			io.WriteString(w, "half of ")
			panic("boom")
		}
		return problem.NotFound.New("User not found")
	}))
	return mux
}

// ask sends a request, and returns the request ID of the answer. With a recorder, an answer
// that is cut off ends in a panic.
func ask(h http.Handler, method, path string, header ...string) string {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("User-Agent", "curl/8")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	defer func() {
		if value := recover(); value != nil && value != http.ErrAbortHandler {
			panic(value)
		}
	}()
	h.ServeHTTP(w, r)
	return w.Header().Get("X-Request-ID")
}

// record is a line of the log of any of the loggers.
type record struct {
	Level, Msg, Message string
	RequestID           string `json:"request_id"`
	Method, Path        string
	Status              int
	Bytes               int64
	Address             string
	UserAgent           string `json:"user_agent"`
	Kind                string
	TraceID             string `json:"trace_id"`
	SpanID              string `json:"span_id"`
}

func records(t *testing.T, log io.Reader) []record {
	t.Helper()
	var all []record
	for dec := json.NewDecoder(log); ; {
		var r record
		if err := dec.Decode(&r); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatalf("the log is no JSON: %v", err)
		}
		all = append(all, r)
	}
}

// Each logger writes one line for a success, and two for a request that failed: one for the
// error and one for the request. All have the request ID.
func TestLoggers(t *testing.T) {
	for name, with := range map[string]func(io.Writer) func(http.Handler) http.Handler{
		"slog":    func(w io.Writer) func(http.Handler) http.Handler { return observe.Slog(slog.NewJSONHandler(w, nil)) },
		"zerolog": func(w io.Writer) func(http.Handler) http.Handler { return observe.Zerolog(zerolog.New(w)) },
		"zap": func(w io.Writer) func(http.Handler) http.Handler {
			core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(w), zap.InfoLevel)
			return observe.Zap(zap.New(core))
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			app := with(&log)(service())

			id := ask(app, "GET", "/users/1")
			got := records(t, &log)
			if len(got) != 1 {
				t.Fatalf("a success makes the records %+v, want one", got)
			}
			r := got[0]
			if r.RequestID != id || id == "" || r.Method != "GET" || r.Path != "/users/1" || r.Status != 200 || r.Bytes != 3 || r.Address == "" || r.UserAgent != "curl/8" {
				t.Errorf("the access log says %+v, want the request %s", r, id)
			}

			id = ask(app, "GET", "/users/7")
			got = records(t, &log)
			if len(got) != 2 {
				t.Fatalf("a failure makes the records %+v, want two", got)
			}
			if failure := got[0]; failure.Kind != "not_found" || failure.RequestID != id || failure.Status != 404 {
				t.Errorf("the log says of the error %+v, want a not_found of %s", failure, id)
			}
			if access := got[1]; access.RequestID != id || access.Status != 404 {
				t.Errorf("the access log says %+v, want a 404 of %s", access, id)
			}

			ask(app, "GET", "/users/2")
			if got = records(t, &log); len(got) != 2 || got[0].Kind != "internal" || got[1].Status != 500 {
				t.Errorf("a panic makes the records %+v, want an internal error and a 500", got)
			}
		})
	}
}
