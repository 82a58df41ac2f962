package ginadapter_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/internal/golden"
	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/requestid"
)

// oldService is a service as they are: it recovers, answers what handlers leave in
// c.Errors, allows other origins, has files and the page of an app. install is the
// line that is added.
func oldService(install func(*gin.Engine)) http.Handler {
	e := gin.New()
	e.Use(gin.RecoveryWithWriter(io.Discard))
	install(e)
	e.Use(func(c *gin.Context) {
		c.Header("Access-Control-Allow-Origin", "*")
		c.Next()
	})
	e.Use(func(c *gin.Context) {
		c.Next()
		if len(c.Errors) > 0 && !c.Writer.Written() {
			c.JSON(500, gin.H{"error": c.Errors.Last().Error()})
		}
	})
	e.OPTIONS("/*any", func(c *gin.Context) { c.Status(204) })
	e.NoRoute(func(c *gin.Context) {
		if strings.HasPrefix(c.Request.URL.Path, "/api/") {
			c.JSON(404, gin.H{"error": "no such endpoint"})
			return
		}
		c.Data(200, "text/html; charset=utf-8", []byte(page))
	})
	e.StaticFS("/assets", http.FS(fs.FS(fstest.MapFS{"app.css": {Data: []byte("p{}")}})))

	api := e.Group("/api")
	api.GET("/users/:id", func(c *gin.Context) { c.JSON(200, gin.H{"id": c.Param("id")}) })
	api.GET("/own-error", func(c *gin.Context) { c.AbortWithStatusJSON(409, gin.H{"error": "taken"}) })
	api.GET("/left-error", func(c *gin.Context) { c.Error(errStored) })
	api.GET("/abort-with-error", func(c *gin.Context) { c.AbortWithError(503, errStored) })
	api.GET("/abort-with-status", func(c *gin.Context) { c.AbortWithStatus(401) })
	api.GET("/text", func(c *gin.Context) { c.String(500, errStored.Error()) })
	api.GET("/panic", func(*gin.Context) { panic(errors.New("boom")) })
	api.POST("/users", func(c *gin.Context) {
		var in struct {
			Name string `binding:"required"`
		}
		if c.BindJSON(&in) == nil {
			c.JSON(201, gin.H{"name": in.Name})
		}
	})
	api.GET("/redirect", func(c *gin.Context) { c.Redirect(302, "/api/users/1") })
	return e
}

// told is what a client sees of an answer.
type told struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
}

func tell(h http.Handler, method, path, body string) told {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	w := &notifier{httptest.NewRecorder()}
	h.ServeHTTP(w, r)
	got := told{Status: w.Code, Body: w.Body.String(), Header: map[string]string{}}
	for _, name := range []string{"Content-Type", "Allow", "Location", "Access-Control-Allow-Origin"} {
		if value := w.Header().Get(name); value != "" {
			got.Header[name] = value
		}
	}
	return got
}

// What one line changes for the clients of an old service, and what it does not, is
// a file to read.
func TestWhatInstallChangesOfAnOldService(t *testing.T) {
	ids, err := requestid.New(requestid.Config{Generate: func() string { return "req_constant" }})
	if err != nil {
		t.Fatal(err)
	}
	before := oldService(func(*gin.Engine) {})
	after := oldService(func(e *gin.Engine) {
		ginadapter.Install(e, middleware.Standard(quiet(), middleware.Config{IDs: ids}))
	})
	type change struct {
		Request string `json:"request"`
		Before  told   `json:"before"`
		After   any    `json:"after"`
	}
	var changes []change
	for _, request := range []string{
		"GET /api/users/7", "GET /api/redirect", "GET /assets/app.css", "GET /dashboard", "GET /api/nope",
		"OPTIONS /api/users/7", "OPTIONS /nope", "GET /api/own-error", "GET /api/left-error",
		"GET /api/abort-with-error", "GET /api/abort-with-status", "GET /api/text", "GET /api/panic",
		"GET /assets/missing.css", "DELETE /api/users/7", `POST /api/users {"name":"ann"}`, `POST /api/users {}`, `POST /api/users {"name"`,
	} {
		method, rest, _ := strings.Cut(request, " ")
		path, body, _ := strings.Cut(rest, " ")
		was, is := tell(before, method, path, body), tell(after, method, path, body)
		c := change{Request: request, Before: was, After: is}
		if was.Status == is.Status && was.Body == is.Body && maps.Equal(was.Header, is.Header) {
			c.After = "the same"
		}
		changes = append(changes, c)
	}
	text, err := json.Marshal(changes)
	if err != nil {
		t.Fatal(err)
	}
	golden.Open(t, "testdata").JSON(t, "old-service", text)
}
