package authrim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
)

// A handler may return a published code as it is.
func Example() {
	errs := problem.New(problem.Config{Style: authrim.Style})
	handler := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return authrim.EmailAlreadyExists
	})
	w := httptest.NewRecorder()
	errs.Handler(handler).ServeHTTP(w, httptest.NewRequest("POST", "/api/admin/users", nil))
	fmt.Println(w.Code, w.Body)
	// Output:
	// 409 {"error":"email_already_exists","error_description":"Email address is already in use"}
}
