package ginadapter_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/problem"
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
