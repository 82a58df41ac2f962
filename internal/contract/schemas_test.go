package contract_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/problem"
)

// enum returns the codes that a schema allows, wherever in the body they are.
func enum(s *openapi3.Schema) (codes []string) {
	for _, word := range s.Enum {
		codes = append(codes, word.(string))
	}
	for _, member := range s.Properties {
		codes = append(codes, enum(member.Value)...)
	}
	return codes
}

// compile reads the schema of a style, with formats as assertions.
func compile(t *testing.T, style problem.Style) *jsonschema.Schema {
	t.Helper()
	var codes []string
	for _, c := range style.Codes {
		codes = append(codes, c.Name)
	}
	for _, o := range style.Outcomes {
		codes = append(codes, o.Code)
	}
	// Two codes are not published: one is in a golden body, the other in the vendor's
	// example of the shape of a body.
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(style.Schema(unique(append(codes, "out_of_paper", "error_code")))))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("error.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("error.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func unique(words []string) (all []string) {
	seen := map[string]bool{"": true}
	for _, word := range words {
		if !seen[word] {
			all = append(all, word)
		}
		seen[word] = true
	}
	return all
}

func check(t *testing.T, schema *jsonschema.Schema, body []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(v)
}

// TestBodiesFitTheSchema checks the golden bodies of all styles, and the published examples
// of the vendors, by the schemas.
func TestBodiesFitTheSchema(t *testing.T) {
	bodies := 0
	for _, style := range styles.All {
		schema := compile(t, style)
		golden := files(t, "../../problem/testdata", style.Name)
		if len(golden) < 30 {
			t.Errorf("%s has %d golden bodies, want those of all kinds", style.Name, len(golden))
		}
		for file, body := range golden {
			bodies++
			if err := check(t, schema, body); err != nil {
				t.Errorf("%s does not fit: %v", file, err)
			}
		}
		for file, text := range files(t, "../../problem", style.Name, "testdata/vectors") {
			bodies++
			var vector struct{ Body json.RawMessage }
			if err := json.Unmarshal(text, &vector); err != nil {
				t.Fatal(err)
			}
			if err := check(t, schema, vector.Body); err != nil {
				t.Errorf("%s does not fit: %v", file, err)
			}
		}
		var examples struct{ Examples []json.RawMessage }
		if err := json.Unmarshal(style.Schema(nil), &examples); err != nil || len(examples.Examples) == 0 {
			t.Errorf("the schema of %s has no examples (%v)", style.Name, err)
		}
		for _, example := range examples.Examples {
			if err := check(t, schema, example); err != nil {
				t.Errorf("an example of %s does not fit: %v", style.Name, err)
			}
		}
	}
	t.Logf("%d bodies", bodies)
}

func files(t *testing.T, parts ...string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(append(parts, "*.json")...))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, name := range names {
		if all[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestSchemasAreClosed adds a member to each golden body, removes a required one, or makes it
// null. The schema must refuse that.
func TestSchemasAreClosed(t *testing.T) {
	for _, style := range styles.All {
		schema := compile(t, style)
		for file, body := range files(t, "../../problem/testdata", style.Name) {
			var members map[string]any
			if err := json.Unmarshal(body, &members); err != nil {
				t.Fatal(err)
			}
			refused := func(what string) {
				text, err := json.Marshal(members)
				if err != nil {
					t.Fatal(err)
				}
				if check(t, schema, text) == nil {
					t.Errorf("%s %s fits", file, what)
				}
			}
			for _, name := range schema.Required {
				value := members[name]
				delete(members, name)
				refused("without " + name)
				members[name] = nil
				refused("with null as " + name)
				members[name] = value
			}
			if style.Name != problem.RFC9457.Name { // RFC 9457 allows other members
				members["xyz"] = "?"
				refused("with another member")
			}
		}
	}
}
