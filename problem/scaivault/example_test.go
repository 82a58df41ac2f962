package scaivault_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/scaivault"
)

// A handler may give a published code its own text, and add details.
func Example() {
	errs := problem.New(problem.Config{Style: scaivault.Style})
	handler := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return scaivault.VersionConflict.New("Secret was changed").WithDetail("version", 7)
	})
	w := httptest.NewRecorder()
	errs.Handler(handler).ServeHTTP(w, httptest.NewRequest("PUT", "/v1/secrets/a", nil))
	fmt.Println(w.Code, w.Body)
	// Output:
	// 409 {"error":{"code":"version_conflict","message":"Secret was changed","details":{"version":7}}}
}
