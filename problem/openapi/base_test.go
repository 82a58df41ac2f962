package openapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/problem"
)

// base is the document of a team. New must not change its order, its numbers and its texts.
const base = `{
	"openapi": "3.1.1",
	"x-first": 1.0,
	"info": {"version": "7", "title": "Vault <beta> & more"},
	"paths": {
		"/users/{userId}": {
			"parameters": [{"$ref": "#/components/parameters/user"}, {"name": "q", "in": "query"}],
			"get": {
				"summary": "One user",
				"responses": {
					"404": {"description": "Our own words"},
					"200": {"description": "The user"},
					"default": {"description": "Whatever"}
				}
			}
		},
		"/none": {"get": {"summary": "No responses yet"}}
	},
	"components": {
		"parameters": {"user": {"name": "userId", "in": "path", "required": true, "schema": {"type": "integer"}}},
		"schemas": {"Error404": {"type": "null"}}
	},
	"tags": [{"name": "a"}]
}`

func TestErrorsAreMergedIntoADocument(t *testing.T) {
	cfg := config(problem.RFC9457,
		op("GET /users/{id}", problem.NotFound, problem.Conflict),
		op("POST /users/{id}", problem.Conflict),
		op("GET /none", problem.Conflict),
		op("GET /new/{x}", problem.Conflict),
	)
	cfg.Base, cfg.Title, cfg.Version = json.RawMessage(base), "", ""
	doc := document(t, cfg)
	for place, want := range map[string]string{
		"":                                     "[openapi x-first info paths components tags]",
		"paths":                                "[/users/{userId} /none /new/{x}]",
		"paths /users/{userId}":                "[parameters get post]",
		"paths /users/{userId} get responses":  "[404 200 default 409 500]",
		"paths /users/{userId} post":           "[responses]",
		"paths /users/{userId} post responses": "[409 500]",
		"paths /none get":                      "[summary responses]",
		"paths /new/{x} get":                   "[parameters responses]",
		"components":                           "[parameters schemas responses]",
		"components schemas":                   "[Error404 Error]",
		"components responses":                 "[Error404 Error409 Error500]",
	} {
		expect(t, "the members at "+place, fmt.Sprint(names(t, doc, place)), want)
	}
	expect(t, "our own words", at(t, doc, "paths /users/{userId} get responses 404"), `{"description":"Our own words"}`)
	expect(t, "a number", at(t, doc, "x-first"), "1.0")
	expect(t, "the version", at(t, doc, "openapi"), `"3.1.1"`)
	if text := string(doc.JSON()); !strings.Contains(text, `"Vault <beta> & more"`) {
		t.Errorf("the title is not as it was written:\n%s", text)
	}
}

func TestAComponentThatIsTheSameIsNoFault(t *testing.T) {
	cfg := config(problem.RFC9457, op("GET /", problem.NotFound))
	doc := document(t, cfg)
	// Another program may have written the document, sorted and on one line.
	var components any
	if err := json.Unmarshal([]byte(at(t, doc, "components")), &components); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.Marshal(map[string]any{"openapi": "3.1.0", "components": components})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Base = sorted
	document(t, cfg)
}
