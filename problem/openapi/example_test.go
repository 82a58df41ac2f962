package openapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/enpass"
	"github.com/backstop-go/backstop/problem/openapi"
)

// New adds the errors of an API to the document that describes the rest of the API.
func ExampleNew() {
	errs := problem.New(problem.Config{Style: enpass.Style})
	doc, err := openapi.New(openapi.Config{
		Responder: errs,
		Errors:    []error{problem.RateLimited},
		Operations: []openapi.Operation{
			{Pattern: "GET /users/{id}", Errors: []error{problem.Unauthenticated, problem.NotFound.New("No such user")}},
		},
		Base: json.RawMessage(`{"openapi": "3.1.0", "info": {"title": "Users", "version": "1"}, "paths": {"/users/{id}": {
			"parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
			"get": {"responses": {"200": {"description": "The user"}}}}}}`),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("GET /openapi.json", doc)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	var published struct {
		Paths map[string]struct {
			Get struct {
				Responses map[string]struct{ Description string }
			}
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &published); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	responses := published.Paths["/users/{id}"].Get.Responses
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		fmt.Println(status, responses[status].Description)
	}
	// Output:
	// 200 The user
	// 401 Missing or invalid Bearer token
	// 404 No such user
	// 429 Rate limit exceeded
	// 500 Something went wrong
}
