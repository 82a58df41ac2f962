package enkryptify_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/enkryptify"
)

// A handler returns NotFound for a secret that does not exist, and also for one that the
// caller may not see.
func Example() {
	errs := problem.New(problem.Config{Style: enkryptify.Style})
	handler := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return problem.NotFound.New("Secret not found")
	})
	w := httptest.NewRecorder()
	errs.Handler(handler).ServeHTTP(w, httptest.NewRequest("GET", "/v1/secret/a", nil))
	fmt.Println(w.Code, w.Body)
	// Output:
	// 404 {"message":"Secret not found"}
}
