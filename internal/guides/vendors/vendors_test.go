// Package vendors_test is the code of docs/vendors.md.
package vendors_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
)

func Example() {
	errs := problem.New(problem.Config{Style: authrim.Style, Logger: slog.New(slog.DiscardHandler)})
	for _, kind := range []problem.Kind{problem.Conflict, problem.MethodNotAllowed} {
		handler := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return kind })
		w := httptest.NewRecorder()
		errs.Handler(handler).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// 409 {"error":"conflict","error_description":"Resource conflict"}
	// 405 {"error":"invalid_request","error_description":"Method not allowed"}
}
