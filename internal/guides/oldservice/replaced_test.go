package oldservice_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/labstack/echo/v5"

	"github.com/backstop-go/backstop/internal/guides/internal/wire"
	"github.com/backstop-go/backstop/internal/guides/oldservice/chinotes"
	"github.com/backstop-go/backstop/internal/guides/oldservice/echoitems"
	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// statements are the handlers in the table of the guide.
var statements = []func(http.ResponseWriter, *http.Request){
	func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such note", 404) },
	func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) },
	func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); io.WriteString(w, "no such note") },
	func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
	inGin(func(c *gin.Context) { c.String(500, "no database") }),
	inGin(func(c *gin.Context) { c.AbortWithStatus(403) }),
	func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"error":"no such note"}`, 404) },
	inGin(func(c *gin.Context) { c.JSON(404, gin.H{"error": "no such note"}) }),
	func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(404)
		io.WriteString(w, "<h1>Nothing here</h1>")
	},
	func(w http.ResponseWriter, _ *http.Request) { as(w, "text/plain; version=0.0.4", 503, "up 0\n") },
	func(w http.ResponseWriter, _ *http.Request) { as(w, "text/markdown", 404, "# Nothing here\n") },
	func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "three notes") },
	func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/notes", http.StatusSeeOther) },
	func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `[{"id":"1"},`)
		http.Error(w, "no database", 500)
	},
	func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `[{"id":"1"},`); panic("no database") },
}

// as answers with a Content-Type.
func as(w http.ResponseWriter, contentType string, status int, body string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	io.WriteString(w, body)
}

func inGin(h gin.HandlerFunc) func(http.ResponseWriter, *http.Request) {
	e := gin.New()
	e.GET("/", h)
	return e.ServeHTTP
}

var row = regexp.MustCompile("(?m)^\\| (`+ ?)(.*?)( ?`+) \\| (replaced|kept|cut) \\|")

func TestTableOfWhatIsReplaced(t *testing.T) {
	page, source := read(t, "../../../docs/old-service.md"), read(t, "replaced_test.go")
	source, _, _ = strings.Cut(source, "\n}\n")
	source = strings.NewReplacer("{\n\t\t", "{ ", "\n\t\t", "; ", "\n\t},", " },").Replace(source) // some handlers have several lines
	rows := row.FindAllStringSubmatch(page, -1)
	if len(rows) != len(statements) {
		t.Fatalf("the table has %d rows, and there are %d statements", len(rows), len(statements))
	}
	var lines []string
	for line := range strings.Lines(source) {
		if strings.HasPrefix(line, "\tfunc(") || strings.HasPrefix(line, "\tinGin(") {
			lines = append(lines, line)
		}
	}
	for n, m := range rows {
		statement, want := m[2], m[4]
		if !strings.Contains(lines[n], "{ "+statement+" }") {
			t.Errorf("row %d of the table says %s, and the test runs %s", n, statement, lines[n])
		}
		if got := fate(t, statements[n]); got != want {
			t.Errorf("%s is %s, and the table says %s", statement, got, want)
		}
	}
}

// fate returns in words what the client gets of the answer of a handler.
func fate(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	errs := problem.New(problem.Config{})
	root := wire.Ask{Method: "GET", Path: "/"}
	before := wire.Answer(t, h, root)
	after := wire.Answer(t, middleware.Standard(errs)(h), root)
	switch {
	case strings.Contains(after, "is cut"):
		return "cut"
	case after == strings.Replace(before, "\n\n", "\nX-Request-Id: …\n\n", 1):
		return "kept"
	case strings.Contains(after, "application/problem+json") && !strings.Contains(after, "no such note"):
		return "replaced"
	}
	return after
}

func TestHeadersOfAReplacedAnswer(t *testing.T) {
	stay := []string{"Allow", "Retry-After", "WWW-Authenticate", "Vary", "Access-Control-Allow-Origin"}
	goes := []string{"Content-Encoding", "ETag", "Last-Modified"}
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, name := range append(goes, stay...) {
			w.Header().Set(name, "7")
		}
		http.Error(w, "no database", http.StatusServiceUnavailable)
	})
	w := httptest.NewRecorder()
	middleware.Standard(problem.New(problem.Config{}))(h).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	for _, name := range stay {
		if w.Header().Get(name) != "7" {
			t.Errorf("the header field %s is gone", name)
		}
	}
	for _, name := range goes {
		if w.Header().Get(name) != "" {
			t.Errorf("the header field %s is still there", name)
		}
	}
}

func TestRecovererFurtherInDoesNotCompleteAnAnswer(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `[{"id":"1"},`)
		panic("no database")
	})
	app := middleware.Standard(problem.New(problem.Config{}))(chimiddleware.Recoverer(h))
	if got := wire.Answer(t, app, wire.Ask{Method: "GET", Path: "/"}); !strings.HasSuffix(got, "is cut\n") {
		t.Errorf("the answer is whole:\n%s", got)
	}
}

func TestAccessLogOfChiHasTheIDOfTheAnswer(t *testing.T) {
	h, err := chinotes.After()
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	logged.take()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/notes/7", nil))
	id := w.Header().Get("X-Request-ID")
	lines := logged.take()
	if strings.Count(lines, id) != 2 || id == "" {
		t.Errorf("the ID %q is not in both lines of the log:\n%s", id, lines)
	}
	if want := fmt.Sprintf(" - 404 %dB in ", w.Body.Len()); !strings.Contains(lines, want) {
		t.Errorf("the log of Logger does not have the size of the envelope, %q:\n%s", want, lines)
	}
}

func TestAccessLogOfEchoHasTheFinalStatus(t *testing.T) {
	h, err := echoitems.After()
	if err != nil {
		t.Fatal(err)
	}
	h.(*echo.Echo).Logger = slog.New(slog.NewTextHandler(&logged, nil))
	for path, status := range map[string]string{"/items/1": "200", "/items/7": "404", "/prices": "500", "/nope": "404"} {
		logged.take()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
		if line := logged.take(); !strings.Contains(line, "uri="+path+" status="+status) {
			t.Errorf("GET %s is logged as\n%swant the status %s", path, line, status)
		}
	}
}

var lines = regexp.MustCompile(`(?m)^\| \[(.*?)\]\(.*?oldservice/(\w+)/after\.go\) \| (\d+) \| (\d+) \|`)

func TestTableOfLinesThatChange(t *testing.T) {
	rows := lines.FindAllStringSubmatch(read(t, "../../../docs/old-service.md"), -1)
	if len(rows) != len(shapes) {
		t.Fatalf("the table has %d services, want %d", len(rows), len(shapes))
	}
	for _, m := range rows {
		before, after := code(t, m[2]+"/before.go"), code(t, m[2]+"/after.go")
		if out, in := only(before, after), only(after, before); m[3] != out || m[4] != in {
			t.Errorf("%s: %s lines out and %s in, and the table says %s and %s", m[1], out, in, m[3], m[4])
		}
	}
}

// code returns the lines of a file, except comments, blank lines and lines with only brackets.
func code(t *testing.T, file string) []string {
	t.Helper()
	var out []string
	for line := range strings.Lines(read(t, file)) {
		line = strings.TrimSpace(line)
		if strings.Trim(line, "()}") != "" && !strings.HasPrefix(line, "//") {
			out = append(out, sameStart.Replace(line))
		}
	}
	return out
}

// sameStart removes the names in which the lines of both files must differ.
var sameStart = strings.NewReplacer("func Before()", "func", "func After()", "func", `import "`, `"`)

// only returns the number of lines in a that are not in b.
func only(a, b []string) string {
	n := 0
	for _, line := range a {
		if !slices.Contains(b, line) {
			n++
		}
	}
	return strconv.Itoa(n)
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
