package openapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/problem/openapi"
)

func TestPatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		"GET /":                            "/",
		"GET /users":                       "/users",
		"GET  /users":                      "/users",
		"GET\t/users":                      "/users",
		"GET /users/{id}":                  "/users/{id}",
		"GET /users/{$}":                   "/users/",
		"GET /files/{path...}":             "/files/{path}",
		"GET /users/:id/keys/:key":         "/users/{id}/keys/{key}",
		"GET /files/*path":                 "/files/{path}",
		"GET /users/{id:[0-9]+}":           "/users/{id}",
		"GET /users/{id:[0-9]{3}}/x":       "/users/{id}/x",
		"GET /d/{year:[0-9]+}-{m:\\d\\d}":  "/d/{year}-{m}",
		"POST /users/{id}:undelete":        "/users/{id}:undelete",
		"GET /mixed/{a}/:b":                "/mixed/{a}/{b}",
		"DELETE /users/{id}":               "/users/{id}",
		"/users":                           "",
		"get /users":                       "",
		"HEAD /users":                      "",
		"CONNECT /users":                   "",
		"GET users":                        "",
		"GET example.com/users":            "",
		"GET /users/{}":                    "",
		"GET /users/{id":                   "",
		"GET /users/id}":                   "",
		"GET /files/*":                     "",
		"GET /users/:":                     "",
		"GET /{id}/{id}":                   "",
		"GET /{$}/x":                       "",
		"GET /x?y":                         "",
		"":                                 "",
		"GET":                              "",
		"GET /users/{id...}/{id:[a-z]{2}}": "",
	} {
		doc, err := openapi.New(config(problem.RFC9457, op(pattern)))
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("operation %q", pattern)) {
				t.Errorf("New with %q = %v, want a fault that names it", pattern, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("New with %q: %v", pattern, err)
			continue
		}
		expect(t, pattern, fmt.Sprint(names(t, doc, "paths")), "["+want+"]")
	}
}

func TestNewOperationDeclaresItsPathParameters(t *testing.T) {
	doc := document(t, config(problem.RFC9457, op("GET /a/{x}/:y"), op("POST /a/{x}/{other}")))
	expect(t, "the parameters", at(t, doc, "paths /a/{x}/{y} get parameters"),
		`[{"name":"x","in":"path","required":true,"schema":{"type":"string"}},{"name":"y","in":"path","required":true,"schema":{"type":"string"}}]`)
	// Two patterns that differ only in the names of parameters are one path.
	expect(t, "the paths", fmt.Sprint(names(t, doc, "paths")), "[/a/{x}/{y}]")
	expect(t, "the parameters of the second", at(t, doc, "paths /a/{x}/{y} post parameters"), at(t, doc, "paths /a/{x}/{y} get parameters"))
}

func TestExampleHasThePathAsWrittenOfItsFirstOperation(t *testing.T) {
	for pattern, path := range map[string]string{
		"GET /users/{id}":         "/users/{id}",
		"GET /users/:id":          "/users/:id",
		"GET /files/{path...}":    "/files/{path...}",
		"GET /users/{id:[0-9]+}":  "/users/{id:[0-9]+}",
		"GET /users/{id:[0-9]?x}": "/users/{id:[0-9]%3Fx}", // a path has no query
		"GET /a%20b":              "/a%20b",
	} {
		doc := document(t, config(entryguard.Style, op(pattern, problem.NotFound), op("GET /second", problem.NotFound)))
		expect(t, pattern, at(t, doc, "components responses Error404 content application/json examples"),
			`{"not_found":{"value":{"timestamp":"2024-01-15T10:30:00Z","status":404,"error":"Not Found","message":"Resource not found","path":"`+path+`"}}}`)
	}
}
