package enpass_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/enpass"
)

// A handler says what went wrong. The style chooses the status, which is 401 here.
func Example() {
	errs := problem.New(problem.Config{Style: enpass.Style})
	handler := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return problem.InsufficientScope
	})
	w := httptest.NewRecorder()
	errs.Handler(handler).ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/audit", nil))
	fmt.Println(w.Code, w.Body)
	// Output:
	// 401 {"error":true,"code":"insufficient_scope","description":"Invalid token scope"}
}
