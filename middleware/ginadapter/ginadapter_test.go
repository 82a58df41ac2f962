package ginadapter_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/problem"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	gin.DefaultWriter = io.Discard
	os.Exit(m.Run())
}

func quiet() *problem.Responder {
	return problem.New(problem.Config{Logger: slog.New(slog.NewJSONHandler(io.Discard, nil))})
}

// installed returns an engine with Standard in front and one route.
func installed(h gin.HandlerFunc) *gin.Engine {
	e := gin.New()
	ginadapter.Install(e, middleware.Standard(quiet()))
	e.GET("/x/:id", h)
	return e
}

func get(t *testing.T, h http.Handler, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := &notifier{httptest.NewRecorder()}
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w.ResponseRecorder
}

// notifier is a recorder with the CloseNotify that gin asks of net/http.
type notifier struct{ *httptest.ResponseRecorder }

func (notifier) CloseNotify() <-chan bool { return nil }

func TestAnswersInsideGin(t *testing.T) {
	for _, tt := range []struct {
		name         string
		method, path string
		h            gin.HandlerFunc
		status       int
		body         string // a part of it
	}{
		{"a plain answer passes", "GET", "/x/1", func(c *gin.Context) { c.String(200, "fine") }, 200, "fine"},
		{"an answer without a body passes", "GET", "/x/1", func(c *gin.Context) { c.Status(204) }, 204, ""},
		{"nothing said is 200", "GET", "/x/1", func(*gin.Context) {}, 200, ""},
		{"a status may be changed until it is written", "GET", "/x/1", func(c *gin.Context) { c.Status(500); c.String(201, "made") }, 201, "made"},
		{"a panic is an envelope", "GET", "/x/1", func(*gin.Context) { panic("secret") }, 500, `"status":500`},
		{"a returned error is an envelope", "GET", "/x/1", ginadapter.HandlerFunc(func(*gin.Context) error { return problem.Gone }), 410, `"status":410`},
		{"an error after a committed status replaces it", "GET", "/x/1", ginadapter.HandlerFunc(func(c *gin.Context) error {
			c.AbortWithStatus(400)
			return problem.Gone
		}), 410, `"status":410`},
		{"AbortWithStatus is an envelope", "GET", "/x/1", func(c *gin.Context) { c.AbortWithStatus(401) }, 401, `"status":401`},
		{"AbortWithStatusJSON is left alone", "GET", "/x/1", func(c *gin.Context) { c.AbortWithStatusJSON(409, gin.H{"own": true}) }, 409, `{"own":true}`},
		{"BindJSON's empty answer is an envelope", "GET", "/x/1", func(c *gin.Context) { var v struct{}; c.BindJSON(&v) }, 400, `"status":400`},
		{"an unknown path is an envelope", "GET", "/y", nil, 404, `"status":404`},
		{"a wrong method is an envelope", "POST", "/x/1", nil, 405, `"status":405`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.h
			if h == nil {
				h = func(*gin.Context) { t.Error("the handler runs") }
			}
			w := get(t, installed(h), tt.method, tt.path)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) || tt.body == "" && w.Body.Len() > 0 {
				t.Errorf("%s %s = %d %q, want %d with %q", tt.method, tt.path, w.Code, w.Body, tt.status, tt.body)
			}
			if strings.Count(w.Body.String(), `"status":`) > 1 {
				t.Errorf("the body is %q, want one envelope", w.Body)
			}
			if n := len(w.Header()["X-Request-Id"]); n != 1 {
				t.Errorf("X-Request-ID is sent %d times, want once", n)
			}
		})
	}
}

func TestErrorsAnswersTheLastError(t *testing.T) {
	e := gin.New()
	ginadapter.Install(e, middleware.Standard(quiet()))
	e.Use(ginadapter.Errors())
	e.GET("/x/:id", func(c *gin.Context) {
		c.Error(errors.New("first"))
		c.Error(problem.Conflict)
	})
	if w := get(t, e, "GET", "/x/1"); w.Code != 409 {
		t.Errorf("status = %d, want that of the last error, 409", w.Code)
	}
}
