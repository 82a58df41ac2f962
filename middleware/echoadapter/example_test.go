package echoadapter_test

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/labstack/echo/v5"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/echoadapter"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

func ask(h http.Handler, method, path, body string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(method, path, w.Code, cmp.Or(w.Header().Get("Content-Type"), "no body"))
}

// A service whose every failure is an envelope, its 404 and 405 included.
func ExampleInstall() {
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	e := echo.New()
	echoadapter.Install(e, middleware.Standard(errs))
	e.GET("/secrets/:id", func(c *echo.Context) error {
		if c.Param("id") != "1" {
			return problem.NotFound.New("Secret not found")
		}
		return c.String(200, "found")
	})
	ask(e, "GET", "/secrets/1", "")
	ask(e, "GET", "/secrets/2", "")
	ask(e, "GET", "/nowhere", "")
	ask(e, "POST", "/secrets/1", "")
	// Output:
	// GET /secrets/1 200 text/plain; charset=UTF-8
	// GET /secrets/2 404 application/problem+json
	// GET /nowhere 404 application/problem+json
	// POST /secrets/1 405 application/problem+json
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
	e := echo.New()
	echoadapter.Install(e, middleware.Standard(errs))
	e.Group("/login", echoadapter.Wrap(limit.Handler)).POST("", func(c *echo.Context) error { return c.NoContent(204) })
	ask(e, "POST", "/login", "")
	ask(e, "POST", "/login", "")
	// Output:
	// POST /login 204 no body
	// POST /login 429 application/problem+json
}

// A service that keeps its own HTTPErrorHandler, and has a few routes whose errors
// are envelopes.
func ExampleHandlerFunc() {
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	e := echo.New()
	e.GET("/old", func(*echo.Context) error { return echo.NewHTTPError(404, "no such thing") })
	v2 := e.Group("/v2", echoadapter.Wrap(middleware.Standard(errs)))
	v2.GET("/new", echoadapter.HandlerFunc(func(*echo.Context) error {
		return problem.NotFound.New("No such thing")
	}))
	ask(e, "GET", "/old", "")
	ask(e, "GET", "/v2/new", "")
	// Output:
	// GET /old 404 application/json
	// GET /v2/new 404 application/problem+json
}

// The struct is the contract: a request that breaks it does not reach the function.
func ExampleValidated() {
	type Registration struct {
		Email string `json:"email" validate:"required,email"`
	}
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	e := echo.New()
	echoadapter.Install(e, middleware.Standard(errs))
	e.POST("/register", echoadapter.Validated(nil, func(c *echo.Context, in Registration) error {
		return c.JSON(201, map[string]string{"email": in.Email})
	}))
	ask(e, "POST", "/register", `{"email":"ann@example.com"}`)
	ask(e, "POST", "/register", `{"email":"ann"}`)
	// Output:
	// POST /register 201 application/json
	// POST /register 422 application/problem+json
}
