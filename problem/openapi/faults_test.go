package openapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/openapi"
)

func TestFaults(t *testing.T) {
	bare := problem.RFC9457
	bare.Name, bare.Schema = "bare", nil
	wrong := problem.RFC9457
	wrong.Name, wrong.Schema = "wrong", func([]string) []byte { return []byte("{") }
	panics := problem.RFC9457
	panics.Name, panics.Schema = "panics", func([]string) []byte { panic("no") }
	var nothing *problem.Error
	base := func(text string, ops ...openapi.Operation) openapi.Config {
		cfg := config(problem.RFC9457, ops...)
		cfg.Base = json.RawMessage(text)
		return cfg
	}
	header := config(problem.RFC9457)
	header.RequestID = "X Request"
	get := op("GET /x")
	for name, tt := range map[string]struct {
		cfg   openapi.Config
		wants []string
	}{
		"nothing":              {openapi.Config{}, []string{"Responder", "Title", "Version"}},
		"no schema":            {config(bare, get), []string{`"bare"`, "Schema"}},
		"a wrong schema":       {config(wrong, get), []string{`"wrong"`, "not JSON"}},
		"a schema that panics": {config(panics, get), []string{`"panics"`, "panic"}},
		"an odd header":        {header, []string{`"X Request"`}},
		"a pattern twice":      {config(problem.RFC9457, op("GET /a/{id}"), op("POST /a/{id}"), op("GET /a/:name")), []string{`"GET /a/:name"`, `"GET /a/{id}"`}},
		"values that are no errors of package problem": {
			config(problem.RFC9457, op("GET /x", errors.New("boom"), nil, nothing, fmt.Errorf("wrapped: %w", problem.NotFound), problem.ClientClosed)),
			[]string{`operation "GET /x"`, "boom", "<nil>", "wrapped", "client_closed"},
		},
		"a common error that is not of package problem": {openapi.Config{Responder: problem.New(problem.Config{}), Title: "T", Version: "1", Errors: []error{http.ErrAbortHandler}}, []string{"Config.Errors", "abort"}},
		"all at once": {openapi.Config{Responder: problem.New(problem.Config{Style: bare}), Operations: []openapi.Operation{op("x"), op("GET y")}}, []string{"Title", "Version", "bare", `"x"`, `"GET y"`}},
		"all but a responder": {
			openapi.Config{RequestID: "a b", Errors: []error{http.ErrAbortHandler}, Operations: []openapi.Operation{op("x"), op("GET /y", nil), op("GET /y")}},
			[]string{"Title", "Version", "Responder", `"a b"`, "Config.Errors", `"x"`, `"GET /y": <nil>`, "twice"},
		},
		"no schema, and no place for one": {
			openapi.Config{Responder: problem.New(problem.Config{Style: bare}), Base: json.RawMessage(`{"openapi":"3.1.0","components":7}`), Operations: []openapi.Operation{get}},
			[]string{`"bare"`, "components of Base"},
		},
		"no section is an object": {
			base(`{"openapi":"3.1.0","components":{"schemas":7,"responses":7}}`, op("GET /x", problem.NotFound)),
			[]string{"components/schemas of", "components/responses of"},
		},
		"3.0":                        {base(`{"openapi":"3.0.3","info":{},"paths":{}}`, get), []string{`"3.0.3"`}},
		"3.2":                        {base(`{"openapi":"3.2.0"}`, get), []string{`"3.2.0"`}},
		"3.10":                       {base(`{"openapi":"3.10.0"}`, get), []string{`"3.10.0"`}},
		"2.0":                        {base(`{"swagger":"2.0"}`, get), []string{"OpenAPI"}},
		"a version that is a number": {base(`{"openapi":3.1}`, get), []string{"OpenAPI"}},
		"YAML":                       {base("openapi: 3.1.0\ninfo: {}\n", get), []string{"not a JSON object"}},
		"an array":                   {base("[]", get), []string{"not a JSON object"}},
		"null":                       {base("null", get), []string{"not a JSON object"}},
		"half an object":             {base(`{"openapi":"3.1.0"`, get), []string{"not a JSON object"}},
		"more than an object":        {base(`{"openapi":"3.1.0"}{}`, get), []string{"not a JSON object"}},
		"a name twice":               {base(`{"openapi":"3.1.0","paths":{},"paths":{}}`, get), []string{"twice"}},
		"paths":                      {base(`{"openapi":"3.1.0","paths":[]}`, get), []string{"paths"}},
		"a path":                     {base(`{"openapi":"3.1.0","paths":{"/x":7}}`, get), []string{`"GET /x"`, "path"}},
		"a path that is a reference": {base(`{"openapi":"3.1.0","paths":{"/x":{"$ref":"y"}}}`, get), []string{`"GET /x"`, "reference"}},
		"an operation":               {base(`{"openapi":"3.1.0","paths":{"/x":{"get":"y"}}}`, get), []string{`"GET /x"`}},
		"responses":                  {base(`{"openapi":"3.1.0","paths":{"/x":{"get":{"responses":[]}}}}`, get), []string{`"GET /x"`, "responses"}},
		"components":                 {base(`{"openapi":"3.1.0","components":null}`, get), []string{"components"}},
		"schemas":                    {base(`{"openapi":"3.1.0","components":{"schemas":[]}}`, get), []string{"components/schemas"}},
		"components that differ": {
			base(`{"openapi":"3.1.0","components":{"schemas":{"Error":{"type":"object"}},"responses":{"Error500":{"description":"ours"}}}}`, get),
			[]string{"components/schemas/Error ", "components/responses/Error500 "},
		},
	} {
		doc, err := openapi.New(tt.cfg)
		if err == nil || doc != nil {
			t.Errorf("%s: New = %v, %v, want a fault and no document", name, doc, err)
			continue
		}
		for _, want := range tt.wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: New = %v, want %q in it", name, err, want)
			}
		}
		seen := map[string]bool{}
		for line := range strings.Lines(err.Error()) {
			if line = strings.TrimSuffix(line, "\n"); seen[line] {
				t.Errorf("%s: the fault %q is there twice", name, line)
			}
			seen[line] = true
			if !strings.HasPrefix(line, "openapi: ") {
				t.Errorf("%s: the fault %q does not name the package", name, line)
			}
		}
	}
}

// Without a Responder, New does not know the right components, so it accepts those of Base.
func TestWithoutAResponderComponentsAreNotCompared(t *testing.T) {
	_, err := openapi.New(openapi.Config{
		Base:       json.RawMessage(`{"openapi":"3.1.0","components":{"schemas":{"Error":{}}}}`),
		Operations: []openapi.Operation{op("GET /x")},
	})
	if want := "openapi: a Responder is required"; err == nil || err.Error() != want {
		t.Errorf("New = %v, want %s", err, want)
	}
}
