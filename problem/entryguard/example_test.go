package entryguard_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/entryguard"
)

// A handler reports a broken business rule as an invalid request with a text of its own.
func Example() {
	errs := problem.New(problem.Config{Style: entryguard.Style})
	handler := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return problem.InvalidRequest.New("Maximum number of users (10) reached for your organization")
	})
	w := httptest.NewRecorder()
	errs.Handler(handler).ServeHTTP(w, httptest.NewRequest("POST", "/api/v1/users", nil))
	_, rest, _ := strings.Cut(w.Body.String(), ",") // without the timestamp
	fmt.Println(w.Code, rest)
	// Output:
	// 400 "status":400,"error":"Bad Request","message":"Maximum number of users (10) reached for your organization","path":"/api/v1/users"}
}
