package contract_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/backstop-go/backstop/internal/questions"
	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/problem"
)

// mutant is an answer that breaks the contract in one place.
type mutant struct {
	name string
	response
}

// mutants returns answers that do not fit the document: a member is missing or has another
// type, a header is missing, the status is another one, or the media type is another one.
func mutants(t *testing.T, d *document, op *operation, r response) []mutant {
	t.Helper()
	var all []mutant
	var body map[string]any
	if err := json.Unmarshal(r.body, &body); err != nil {
		t.Fatal(err)
	}
	edit := func(name string, object map[string]any, member string, change func()) {
		before := object[member]
		change()
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		object[member] = before
		all = append(all, mutant{name + " " + member, response{r.status, r.header, text}})
	}
	var members func(object map[string]any, schema *openapi3.Schema)
	members = func(object map[string]any, schema *openapi3.Schema) {
		for _, member := range schema.Required {
			edit("without", object, member, func() { delete(object, member) })
			edit("with an array as", object, member, func() { object[member] = []any{} })
			if inner, ok := object[member].(map[string]any); ok {
				members(inner, schema.Properties[member].Value)
			}
		}
	}
	members(body, d.kin.Components.Schemas["Error"].Value)
	for name, h := range op.spec.Responses.Status(r.status).Value.Headers {
		if h.Value.Required {
			header := maps.Clone(r.header)
			delete(header, http.CanonicalHeaderKey(name))
			all = append(all, mutant{"without " + name, response{r.status, header, r.body}})
		}
	}
	html := maps.Clone(r.header)
	html["Content-Type"] = []string{"text/html"}
	moved := 400
	for op.spec.Responses.Value(strconv.Itoa(moved)) != nil {
		moved++
	}
	return append(all,
		mutant{"as HTML", response{r.status, html, r.body}},
		mutant{"with status " + strconv.Itoa(moved), response{moved, r.header, r.body}},
	)
}

// TestMutantsAreRefused breaks good answers with all kinds of error in all styles. Each judge
// must refuse them; a judge that accepts a mutant would make the other tests worthless.
func TestMutantsAreRefused(t *testing.T) {
	for _, style := range styles.All {
		t.Run(style.Name, func(t *testing.T) {
			t.Parallel()
			s := questions.Start(t, questions.Programs[0], "-style", style.Name, "-rate", "100000")
			d := read(t, published(t, s))
			asked := []questions.Question{
				questions.Send("{}", questions.Fails(problem.Validation)),
				questions.Get("/api/v1/sessions", questions.Fails(problem.Unauthenticated)),
			}
			for kind := range problem.ClientClosed {
				asked = append(asked, questions.Get("/api/v1/faults/"+kind.String(), questions.Fails(kind)))
			}
			names := map[string]bool{}
			for _, q := range asked {
				op := d.find(q.Method, q.Target)
				for _, a := range s.Send(q.Call) {
					r := unmasked(t, a)
					for _, m := range append(mutants(t, d, op, r), mutant{"", r}) {
						names[m.name] = true
						for _, j := range judges {
							if err := j.judge(d, op, m.response); (err == nil) != (m.name == "") {
								t.Errorf("%s: for the answer %s the result of %s is %v\n%v", q.Name, m.name, j.name, err, m.response)
							}
						}
					}
				}
			}
			for _, want := range []string{"without X-Request-ID", "without WWW-Authenticate", "as HTML"} {
				if !names[want] {
					t.Errorf("there is no answer %s among %v", want, slices.Sorted(maps.Keys(names)))
				}
			}
		})
	}
}
