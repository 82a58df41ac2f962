package ginadapter_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/requestid"
)

const page = "<!doctype html><title>app</title>"

// What gin does with a path that has no route, or none for the method, in the
// arrangements that services have.
func TestUnknownPathsAndMethods(t *testing.T) {
	corsCatchAll := func(e *gin.Engine) { e.OPTIONS("/*any", func(c *gin.Context) { c.Status(204) }) }
	spa := func(e *gin.Engine) {
		e.NoRoute(func(c *gin.Context) { c.Data(200, "text/html; charset=utf-8", []byte(page)) })
	}
	ownJSON := func(e *gin.Engine) {
		e.NoRoute(func(c *gin.Context) { c.JSON(404, gin.H{"error": "Not Found"}) })
		e.NoMethod(func(c *gin.Context) { c.JSON(405, gin.H{"error": "Not Allowed"}) })
	}
	twoSteps := func(e *gin.Engine) {
		e.NoRoute(
			func(c *gin.Context) { c.Set("step", "one"); c.Next(); c.Header("X-After", "yes") },
			func(c *gin.Context) {
				c.String(200, "step %s of %s %s", c.GetString("step"), c.Request.Method, c.Request.URL)
			},
		)
	}
	aborts := func(e *gin.Engine) {
		e.NoRoute(func(c *gin.Context) { c.AbortWithError(404, problem.Gone.New("Moved out")) }, func(*gin.Context) { panic("runs") })
	}
	silent := func(e *gin.Engine) { e.NoRoute(func(*gin.Context) {}); e.NoMethod(func(*gin.Context) {}) }
	type setup []func(*gin.Engine)
	for _, tt := range []struct {
		name          string
		before, after setup
		method, path  string
		status        int
		body, allow   string
	}{
		{"an unknown path", nil, nil, "GET", "/nope", 404, `"status":404`, ""},
		{"a wrong method", nil, nil, "POST", "/x/1", 405, `"status":405`, "GET"},
		{"an unknown method", nil, nil, "BREW", "/x/1", 405, `"status":405`, "GET"},

		{"CORS: an unknown path", nil, setup{corsCatchAll}, "GET", "/nope", 404, `"status":404`, ""},
		{"CORS: the root", nil, setup{corsCatchAll}, "GET", "/", 404, `"status":404`, ""},
		{"CORS: an unknown method", nil, setup{corsCatchAll}, "BREW", "/nope", 404, `"status":404`, ""},
		{"CORS: a wrong method", nil, setup{corsCatchAll}, "POST", "/x/1", 405, `"status":405`, "GET, OPTIONS"},
		{"CORS: a preflight", nil, setup{corsCatchAll}, "OPTIONS", "/nope", 204, "", ""},
		{"CORS: a route", nil, setup{corsCatchAll}, "GET", "/x/1", 200, "fine", ""},

		{"an app's page", setup{spa}, nil, "GET", "/dashboard", 200, page, ""},
		{"an app's page, set afterwards", nil, setup{spa}, "GET", "/dashboard", 200, page, ""},
		{"an app's page beside CORS", setup{spa}, setup{corsCatchAll}, "GET", "/dashboard?tab=1", 200, page, ""},
		{"an app's page, set afterwards, beside CORS", nil, setup{corsCatchAll, spa}, "GET", "/dashboard", 200, page, ""},
		{"a wrong method beside an app's page", setup{spa}, setup{corsCatchAll}, "POST", "/x/1", 405, `"status":405`, "GET, OPTIONS"},

		{"an own 404", setup{ownJSON}, nil, "GET", "/nope", 404, `{"error":"Not Found"}`, ""},
		{"an own 405", setup{ownJSON}, nil, "POST", "/x/1", 405, `{"error":"Not Allowed"}`, "GET"},
		{"an own 404 beside CORS", setup{ownJSON}, setup{corsCatchAll}, "GET", "/nope", 404, `{"error":"Not Found"}`, ""},
		{"handlers that say nothing: 404", setup{silent}, nil, "GET", "/nope", 404, `"status":404`, ""},
		{"handlers that say nothing: 405", setup{silent}, nil, "POST", "/x/1", 405, `"status":405`, "GET"},
		{"handlers that say nothing beside CORS", setup{silent}, setup{corsCatchAll}, "GET", "/nope", 404, `"status":404`, ""},
		{"several handlers", setup{twoSteps}, nil, "GET", "/nope?q=1", 200, "step one of GET /nope?q=1", ""},
		{"several handlers beside CORS", setup{twoSteps}, setup{corsCatchAll}, "GET", "/nope?q=1", 200, "step one of GET /nope?q=1", ""},
		{"a handler that aborts", setup{aborts}, nil, "GET", "/nope", 410, "Moved out", ""},
		{"a handler that aborts beside CORS", setup{aborts}, setup{corsCatchAll}, "GET", "/nope", 410, "Moved out", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			outer, inner := 0, 0
			e := gin.New()
			e.Use(func(c *gin.Context) {
				outer++
				c.Set("outer", "set")
				c.Next()
				if c.Request.URL.Path == "*" || c.Writer.Status() != tt.status {
					t.Errorf("the handler outside sees %s and %d, want the request and %d", c.Request.URL, c.Writer.Status(), tt.status)
				}
			})
			for _, set := range tt.before {
				set(e)
			}
			ginadapter.Install(e, middleware.Standard(quiet()))
			e.Use(func(c *gin.Context) {
				inner++
				if c.GetString("outer") != "set" {
					t.Error("the handler inside does not see what was set outside")
				}
				c.Next()
			})
			e.GET("/x/:id", func(c *gin.Context) { c.String(200, "fine") })
			for _, set := range tt.after {
				set(e)
			}
			w := get(t, e, tt.method, tt.path)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) || strings.Count(w.Body.String(), tt.body) != 1 && tt.body != "" {
				t.Errorf("%s %s = %d %s, want %d with %s", tt.method, tt.path, w.Code, w.Body, tt.status, tt.body)
			}
			if strings.Contains(w.Body.String(), "404 page not found") {
				t.Errorf("the body %s has a text of gin's in it", w.Body)
			}
			if allow := w.Header().Get("Allow"); allow != tt.allow {
				t.Errorf("Allow is %q, want %q", allow, tt.allow)
			}
			if outer != 1 || inner != 1 {
				t.Errorf("the handlers outside and inside run %d and %d times, want once", outer, inner)
			}
		})
	}
}

func TestPanicOnAnUnknownPathBesideCORSIsAnEnvelope(t *testing.T) {
	e := gin.New()
	e.NoRoute(func(*gin.Context) { panic("boom") })
	ginadapter.Install(e, middleware.Standard(quiet()))
	e.OPTIONS("/*any", func(c *gin.Context) { c.Status(204) })
	if w := get(t, e, "GET", "/nope"); w.Code != 500 || strings.Count(w.Body.String(), `"status":500`) != 1 {
		t.Errorf("the answer is %d %s, want one envelope", w.Code, w.Body)
	}
}

// A gin.Context is the context of the exchange, for whatever takes one.
func TestGinContextIsTheContextOfTheExchange(t *testing.T) {
	limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerMinute(5), Key: func(*http.Request) (string, bool) { return "all", true }})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	logger := slog.New(requestid.NewLogHandler(slog.NewTextHandler(&log, nil)))
	entered, left := make(chan struct{}), make(chan error, 1)
	e := gin.New()
	ginadapter.Install(e, middleware.Standard(quiet()), limit.Handler)
	e.GET("/x/:id", func(c *gin.Context) {
		logger.InfoContext(c, "hello")
		if id := requestid.FromContext(c); id == "" || !strings.Contains(log.String(), "request_id="+id) {
			t.Errorf("the ID is %q and the log says %s, want the ID in both", id, log.String())
		}
		if d, ok := ratelimit.FromContext(c); !ok || d.Remaining != 4 {
			t.Errorf("ratelimit.FromContext = %+v, %t, want 4 remaining", d, ok)
		}
		close(entered)
		<-c.Done()
		left <- c.Err()
	})
	srv := httptest.NewServer(e)
	defer srv.Close()
	client := &http.Client{Transport: &http.Transport{}}
	req, err := http.NewRequest("GET", srv.URL+"/x/1", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { <-entered; cancel() }()
	if resp, err := client.Do(req.WithContext(ctx)); err == nil {
		resp.Body.Close()
		t.Error("the request succeeds, want it cancelled")
	}
	if err := <-left; err == nil {
		t.Error("c.Err is nil after c.Done, want the reason")
	}
}

func TestWiringMistakesPanicWithASentence(t *testing.T) {
	standard := middleware.Standard(quiet())
	handler := ginadapter.HandlerFunc(func(*gin.Context) error { return nil })
	serve := func(use ...gin.HandlerFunc) {
		e := gin.New()
		e.GET("/x", use...)
		e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
	}
	for name, tt := range map[string]struct {
		wire func()
		want []string // what the sentence names: the mistake, and what to do
	}{
		"a route before Install": {func() {
			e := gin.New()
			e.GET("/x", handler)
			ginadapter.Install(e, standard)
		}, []string{"Install", "after a route", "before the first route"}},
		"a route of a group before Install": {func() {
			e := gin.New()
			e.Group("/api").POST("/x", handler)
			ginadapter.Install(e, standard)
		}, []string{"Install", "after a route", "before the first route"}},
		"static files before Install": {func() {
			e := gin.New()
			e.Static("/assets", ".")
			ginadapter.Install(e, standard)
		}, []string{"Install", "after a route", "before the first route"}},
		"two Installs": {func() {
			e := gin.New()
			ginadapter.Install(e, standard)
			ginadapter.Install(e, standard)
		}, []string{"Install", "twice", "once"}},
		"two Installs with a route between": {func() {
			e := gin.New()
			ginadapter.Install(e, standard)
			e.GET("/x", handler)
			ginadapter.Install(e)
		}, []string{"Install", "twice", "once"}},
		"Standard twice": {func() {
			ginadapter.Install(gin.New(), standard, middleware.Standard(quiet()))
		}, []string{"Standard", "once"}},
		"HandlerFunc on a foreign engine": {func() { serve(handler) }, []string{"engine", "ginadapter.Install"}},
		"Standard twice with a limit between": {func() {
			ginadapter.Install(gin.New(), standard, middleware.LimitBody(1), standard)
		}, []string{"Standard", "once"}},
		"Validated on a foreign engine": {func() {
			serve(ginadapter.Validated(nil, func(*gin.Context, struct{}) error { return nil }))
		}, []string{"engine", "ginadapter.Install"}},
		"Errors on a foreign engine": {func() { serve(ginadapter.Errors(), func(*gin.Context) {}) }, []string{"engine", "ginadapter.Install"}},
	} {
		func() {
			defer func() {
				text, ok := recover().(string)
				if !ok {
					t.Errorf("%s does not panic with a text", name)
				}
				for _, part := range tt.want {
					if !strings.Contains(text, part) {
						t.Errorf("%s panics with %q, want %q in it", name, text, part)
					}
				}
			}()
			tt.wire()
		}()
	}
}

func TestTwoEnginesMayHaveOneMiddlewareEach(t *testing.T) {
	standard := middleware.Standard(quiet())
	for range 2 {
		e := gin.Default()

		ginadapter.Install(e, standard)
		e.GET("/x", func(c *gin.Context) { c.String(200, "fine") })
		if w := get(t, e, "GET", "/x"); w.Code != 200 {
			t.Errorf("the answer is %d, want 200", w.Code)
		}
	}
}
