package readme

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	os.Exit(m.Run())
}

var routers = map[string]func(*problem.Responder, *ratelimit.Limiter) http.Handler{
	"net/http": onMux, "chi": onChi, "gin": onGin, "echo": onEcho,
}

// On each router, every failure of the endpoint has the same envelope, with an ID and the fields of
// the limit.
func TestEveryRouterAnswersTheSame(t *testing.T) {
	const envelope = "application/problem+json"
	for name, on := range routers {
		errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
		limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerMinute(6), Key: ratelimit.RemoteIP})
		if err != nil {
			t.Fatal(err)
		}
		h := on(errs, limit)
		for _, c := range []struct {
			method, path, body string
			status             int
			contentType        string
		}{
			{"POST", "/notes", `{"text":"Call Bob"}`, 201, ""},
			{"POST", "/notes", `{"text":""}`, 422, envelope},
			{"POST", "/notes", `{"text":`, 400, envelope},
			{"POST", "/notes", `{"text":"Buy milk"}`, 409, envelope},
			{"GET", "/notes", "", 405, envelope},
			{"GET", "/nope", "", 404, envelope},
			{"POST", "/notes", `{"text":"Call Bob"}`, 429, envelope},
		} {
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			head := w.Header()
			if w.Code != c.status || head.Get("Content-Type") != c.contentType || head.Get("X-Request-Id") == "" || head.Get("X-RateLimit-Limit") != "6" {
				t.Errorf("%s: %s %s %s is answered %d %v, want %d of the type %q", name, c.method, c.path, c.body, w.Code, head, c.status, c.contentType)
			}
		}
	}
}

var fence = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// Each block of Go in the README, except its program, is in this package or in the test that calls
// the demo. Another test compiles the program.
func TestBlocksOfTheReadmeAreCode(t *testing.T) {
	var code []string
	for _, file := range []string{"readme.go", "../../../examples/client_test.go"} {
		code = append(code, unindent(read(t, file)))
	}
	blocks := fence.FindAllStringSubmatch(read(t, "../../../README.md"), -1)
	if len(blocks) < 3 {
		t.Fatalf("the README has %d blocks of Go", len(blocks))
	}
	for _, b := range blocks {
		if strings.HasPrefix(b[1], "package main\n") {
			continue
		}
		block := unindent(b[1])
		if !slices.ContainsFunc(code, func(file string) bool { return strings.Contains("\n"+file, "\n"+block) }) {
			t.Errorf("no file has this block:\n%s", b[1])
		}
	}
}

// unindent removes the indentation of all lines.
func unindent(text string) string {
	return regexp.MustCompile(`(?m)^\t+`).ReplaceAllString(text, "")
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
