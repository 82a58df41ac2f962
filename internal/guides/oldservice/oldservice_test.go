package oldservice_test

import (
	"bytes"
	"log"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/backstop-go/backstop/internal/golden"
	"github.com/backstop-go/backstop/internal/guides/internal/wire"
	"github.com/backstop-go/backstop/internal/guides/oldservice/chinotes"
	"github.com/backstop-go/backstop/internal/guides/oldservice/echoitems"
	"github.com/backstop-go/backstop/internal/guides/oldservice/ginshop"
	"github.com/backstop-go/backstop/internal/guides/oldservice/muxfiles"
	"github.com/backstop-go/backstop/internal/guides/oldservice/plainsite"
)

// logged is the log of all services.
var logged logbook

// logbook is a buffer for several loggers.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// take returns the text that was logged since the last call.
func (l *logbook) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	gin.DefaultWriter, gin.DefaultErrorWriter = &logged, &logged
	log.SetOutput(&logged)
	middleware.DefaultLogger = middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: log.Default(), NoColor: true})
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))
	os.Exit(m.Run())
}

// A shape is a service before and after the change, with the requests that are sent to both.
type shape struct {
	name          string
	before, after func() (http.Handler, error)
	cases         []ask
}

type ask struct{ name, method, path, body string }

var shapes = []shape{
	{"chi", chinotes.Before, chinotes.After, []ask{
		{"note", "GET", "/notes/1", ""},
		{"created", "POST", "/notes", `{"text":"Call Bob"}`},
		{"own JSON error", "POST", "/notes", `{"text":""}`},
		{"bad JSON", "POST", "/notes", `{"text":`},
		{"unknown note", "GET", "/notes/7", ""},
		{"unknown path", "GET", "/nope", ""},
		{"wrong method", "DELETE", "/notes/1", ""},
		{"error text", "GET", "/notes", ""},
		{"panic", "GET", "/notes/2", ""},
		{"panic half-way", "GET", "/export", ""},
	}},
	{"gin", ginshop.Before, ginshop.After, []ask{
		{"item", "GET", "/api/items/1", ""},
		{"preflight", "OPTIONS", "/api/items/1", ""},
		{"preflight of an unknown path", "OPTIONS", "/api/nope", ""},
		{"own JSON error", "GET", "/api/items/7", ""},
		{"binding error", "POST", "/api/items", `{}`},
		{"page", "GET", "/cart", ""},
		{"asset", "GET", "/assets/shop.html", ""},
		{"unknown asset", "GET", "/assets/nope.css", ""},
		{"unknown API path", "GET", "/api/nope", ""},
		{"wrong method", "DELETE", "/api/items/1", ""},
		{"error of c.Error", "GET", "/api/stock", ""},
		{"panic", "GET", "/api/prices", ""},
	}},
	{"gorilla", muxfiles.Before, muxfiles.After, []ask{
		{"file", "GET", "/files/hello.txt", ""},
		{"unknown file", "GET", "/files/nope.txt", ""},
		{"own page", "GET", "/nope", ""},
		{"wrong method", "POST", "/report", ""},
		{"upload", "POST", "/uploads", "sixteen bytes ok"},
		{"upload too large", "POST", "/uploads", "this is more than sixteen bytes"},
		{"error half-way", "GET", "/report", ""},
		{"panic", "GET", "/size/1", ""},
	}},
	{"net-http", plainsite.Before, plainsite.After, []ask{
		{"page", "GET", "/", ""},
		{"error page", "GET", "/members", ""},
		{"error text of a page", "GET", "/old", ""},
		{"panic of a page", "GET", "/crash", ""},
		{"member", "GET", "/api/members/1", ""},
		{"unknown member", "GET", "/api/members/7", ""},
		{"unknown API path", "GET", "/api/nope", ""},
		{"wrong method", "DELETE", "/api/members/1", ""},
		{"panic", "GET", "/api/broken", ""},
	}},
	{"echo", echoitems.Before, echoitems.After, []ask{
		{"item", "GET", "/items/1", ""},
		{"unknown item", "GET", "/items/7", ""},
		{"unknown path", "GET", "/nope", ""},
		{"wrong method", "DELETE", "/items/1", ""},
		{"returned error", "GET", "/stock", ""},
		{"panic", "GET", "/prices", ""},
	}},
}

func TestAnswersBeforeAndAfter(t *testing.T) {
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			files := golden.Open(t, filepath.Join("testdata", s.name))
			before, err := s.before()
			if err != nil {
				t.Fatal(err)
			}
			after, err := s.after()
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range s.cases {
				wire.Compare(t, files, before, after, wire.Ask{Name: c.name, Method: c.method, Path: c.path, Body: c.body})
			}
		})
	}
}
