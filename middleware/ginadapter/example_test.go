package ginadapter_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/validate"
)

// A gin service whose every failure is an envelope, its 404 included.
func ExampleInstall() {
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	e := gin.New()
	ginadapter.Install(e, middleware.Standard(errs))
	e.GET("/secrets/:id", ginadapter.HandlerFunc(func(c *gin.Context) error {
		if c.Param("id") != "1" {
			return problem.NotFound.New("Secret not found")
		}
		c.String(200, "found")
		return nil
	}))
	for _, path := range []string{"/secrets/1", "/secrets/2", "/nowhere"} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		fmt.Println(w.Code, w.Header().Get("Content-Type"))
	}
	// Output:
	// 200 text/plain; charset=utf-8
	// 404 application/problem+json
	// 404 application/problem+json
}

// A handler returns its error, and the style says which status that is.
func ExampleHandlerFunc() {
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	e := gin.New()
	ginadapter.Install(e, middleware.Standard(errs))
	e.POST("/users", ginadapter.HandlerFunc(func(c *gin.Context) error {
		if c.Query("name") == "ann" {
			return problem.Conflict.New("Name is taken")
		}
		c.JSON(201, gin.H{"name": c.Query("name")})
		return nil
	}))
	for _, name := range []string{"ann", "bob"} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest("POST", "/users?name="+name, nil))
		fmt.Println(w.Code, w.Header().Get("Content-Type"))
	}
	// Output:
	// 409 application/problem+json
	// 201 application/json; charset=utf-8
}

// Handlers that only leave an error to gin, and a middleware of the service that
// has answered those before, as an old service has them.
func ExampleErrors() {
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	e := gin.New()
	ginadapter.Install(e, middleware.Standard(errs))
	e.Use(ginadapter.Errors()) // in the place of: c.Next(); if len(c.Errors) > 0 { c.JSON(…) }
	e.GET("/users/:id", func(c *gin.Context) {
		c.Error(problem.NotFound.Wrap(errors.New("no rows"), "User not found"))
	})
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest("GET", "/users/7", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 404 application/problem+json
}

// A limit for one group of routes.
func ExampleWrap() {
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	limit, err := ratelimit.New(ratelimit.Config{
		Rate: ratelimit.PerMinute(1),
		Key:  func(r *http.Request) (string, bool) { return r.RemoteAddr, true },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	e := gin.New()
	ginadapter.Install(e, middleware.Standard(errs))
	login := e.Group("/login", ginadapter.Wrap(limit.Handler))
	login.POST("", func(c *gin.Context) { c.Status(204) })
	e.GET("/news", func(c *gin.Context) { c.String(200, "none") })
	for _, request := range []string{"POST /login", "POST /login", "GET /news"} {
		method, path, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		fmt.Println(request, w.Code)
	}
	// Output:
	// POST /login 204
	// POST /login 429
	// GET /news 200
}

// A struct with the tags that gin reads: a request that breaks them does not
// reach the function, and every fault is told at once.
func ExampleValidated() {
	type Item struct {
		Name  string `json:"name" binding:"required,max=20"`
		Price int    `json:"price" binding:"required,gt=0"`
	}
	v, err := validate.New(validate.Config{TagName: "binding"})
	if err != nil {
		fmt.Println(err)
		return
	}
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	e := gin.New()
	ginadapter.Install(e, middleware.Standard(errs))
	e.POST("/items", ginadapter.Validated(v, func(c *gin.Context, in Item) error {
		c.JSON(http.StatusCreated, in)
		return nil
	}))
	for _, body := range []string{`{"name":"Lamp","price":40}`, `{"price":-1}`} {
		r := httptest.NewRequest("POST", "/items", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		answer, _, _ := strings.Cut(w.Body.String(), `,"request_id"`)
		if _, fields, refused := strings.Cut(answer, `"errors":`); refused {
			answer = fields
		}
		fmt.Println(w.Code, answer)
	}
	// Output:
	// 201 {"name":"Lamp","price":40}
	// 422 [{"detail":"is required","pointer":"#/name"},{"detail":"must be greater than 0","pointer":"#/price"}]
}
