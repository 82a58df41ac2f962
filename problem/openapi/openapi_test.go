package openapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/enpass"
	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/problem/openapi"
	"github.com/backstop-go/backstop/problem/scaivault"
)

// config returns the configuration for a small API in a style.
func config(style problem.Style, ops ...openapi.Operation) openapi.Config {
	return openapi.Config{
		Responder:  problem.New(problem.Config{Style: style}),
		Operations: ops,
		Title:      "Test",
		Version:    "1",
	}
}

func op(pattern string, errs ...error) openapi.Operation {
	return openapi.Operation{Pattern: pattern, Errors: errs}
}

// document makes the document that a test reads.
func document(t *testing.T, cfg openapi.Config) *openapi.Document {
	t.Helper()
	doc, err := openapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// at returns the JSON at a place in a document, or "" if there is nothing. The place is a
// list of names that are separated by spaces.
func at(t *testing.T, doc *openapi.Document, place string) string {
	t.Helper()
	text := doc.JSON()
	for name := range strings.FieldsSeq(place) {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatalf("%s: %v", place, err)
		}
		if text = members[name]; text == nil {
			return ""
		}
	}
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// names returns the names of the members at a place, in their order.
func names(t *testing.T, doc *openapi.Document, place string) []string {
	t.Helper()
	text := at(t, doc, place)
	if text == "" {
		return nil
	}
	dec := json.NewDecoder(strings.NewReader(text))
	var all []string
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
		all = append(all, name.(string))
	}
	return all
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %s\nwant %s", what, got, want)
	}
}

func TestOneResponsePerStatusWithAllItsErrors(t *testing.T) {
	doc := document(t, config(problem.RFC9457,
		op("GET /a/{id}", problem.TokenExpired, problem.Unauthenticated, problem.NotFound.New("No such a")),
		op("GET /b", problem.NotFound.New("No such b"), problem.NotFound.New("No such a"), problem.NotFound, problem.TokenExpired),
	))
	expect(t, "responses", fmt.Sprint(names(t, doc, "components responses")), "[Error401 Error404 Error500]")
	expect(t, "keys of 401", fmt.Sprint(names(t, doc, "components responses Error401 content application/problem+json examples")), "[token_expired unauthenticated]")
	expect(t, "keys of 404", fmt.Sprint(names(t, doc, "components responses Error404 content application/problem+json examples")), "[not_found not_found_2 not_found_3]")
	expect(t, "the second 404", at(t, doc, "components responses Error404 content application/problem+json examples not_found_2 value"),
		`{"type":"about:blank","title":"Not Found","status":404,"detail":"No such b","code":"not_found","request_id":"req_abc123xyz"}`)
	expect(t, "the 401 of a", at(t, doc, "paths /a/{id} get responses 401"),
		`{"$ref":"#/components/responses/Error401","description":"Token has expired / Authentication required"}`)
	expect(t, "the statuses of b", fmt.Sprint(names(t, doc, "paths /b get responses")), "[401 404 500]")
}

func TestValidationAddsTheShapeOfTheStyle(t *testing.T) {
	for style, want := range map[*problem.Style]string{
		&scaivault.Style: "[400 422 500]", &authrim.Style: "[422 500]", &entryguard.Style: "[400 500]", &problem.RFC9457: "[422 500]",
	} {
		doc := document(t, config(*style, op("GET /", problem.Validation)))
		expect(t, style.Name, fmt.Sprint(names(t, doc, "paths / get responses")), want)
	}
	doc := document(t, config(scaivault.Style, op("GET /", problem.Validation)))
	expect(t, "the shape", at(t, doc, "components responses Error400 content application/json examples validation value"),
		`{"error":{"code":"invalid_request","message":"Malformed request","details":{"fields":[{"field":"name","message":"must be a string"}]},"request_id":"req_abc123xyz"}}`)
	expect(t, "its text", at(t, doc, "paths / get responses 400 description"), `"Malformed request"`)
	named := document(t, config(scaivault.Style, op("GET /", scaivault.ValidationError)))
	expect(t, "with a code", fmt.Sprint(names(t, named, "paths / get responses")), "[422 500]")
}

func TestCodesStandInTheOrderOfThePageThenOfTheTable(t *testing.T) {
	own := problem.Code{Name: "out_of_paper", Kind: problem.Conflict, Status: 409}
	doc := document(t, config(enpass.Style, op("GET /", own, own.New("again"), problem.Code{Status: 418})))
	expect(t, "enum", at(t, doc, "components schemas Error properties code enum"),
		`["unknown_error","invalid_request","validation_error","unauthorized","forbidden","insufficient_scope","not_found",`+
			`"method_not_allowed","conflict","payload_too_large","unsupported_media_type","rate_limit_exceeded","service_unavailable","out_of_paper"]`)
}

func TestCodesAreThoseOfADerivedStyle(t *testing.T) {
	derived := enpass.Style
	derived.Codes = []problem.Code{{Name: "own", Kind: problem.Gone}}
	for k := range derived.Outcomes {
		derived.Outcomes[k].Code = "general"
	}
	derived.Shape = problem.Outcome{Status: 400, Code: "odd"}
	doc := document(t, config(derived, op("GET /")))
	expect(t, "enum", at(t, doc, "components schemas Error properties code enum"), `["own","general","odd"]`)
}

func TestExamplesAreMadeByTheResponder(t *testing.T) {
	cfg := config(problem.RFC9457, op("GET /", problem.NotFound, problem.Forbidden, problem.Unauthenticated))
	cfg.Responder = problem.New(problem.Config{
		HideForbidden: true,
		NoChallenge:   true,
		Map: func(_ context.Context, err error) error {
			if errors.Is(err, problem.Unauthenticated) {
				return problem.Unauthenticated.New("Bitte anmelden")
			}
			return nil
		},
	})
	doc := document(t, cfg)
	if text := string(doc.JSON()); strings.Contains(text, "forbidden") || strings.Contains(text, "Access denied") || strings.Contains(text, "WWW-Auth") {
		t.Errorf("the document shows an error that the responder hides:\n%s", text)
	}
	expect(t, "a mapped text", at(t, doc, "components responses Error401 content application/problem+json examples unauthenticated value detail"), `"Bitte anmelden"`)
}

func TestStyleThatIsNoJSON(t *testing.T) {
	plain := problem.Style{
		Name: "plain", ContentType: "text/plain; charset=utf-8",
		Append: func(dst []byte, v *problem.View) ([]byte, error) { return append(dst, v.Message...), nil },
		Schema: func([]string) []byte { return []byte(`{"type":"string"}`) },
	}
	doc := document(t, config(plain, op("GET /", problem.NotFound.New("404"))))
	expect(t, "the example", at(t, doc, "components responses Error404 content"),
		`{"text/plain; charset=utf-8":{"schema":{"$ref":"#/components/schemas/Error"},"examples":{"not_found":{"value":"404"}}}}`)
}

func TestSameConfigurationSameBytes(t *testing.T) {
	for _, style := range styles.All {
		errs := []error{}
		for k := range problem.ClientClosed {
			errs = append(errs, k)
		}
		cfg := config(style, op("GET /a/{id}", errs...), op("POST /b", errs...))
		first := document(t, cfg).JSON()
		for range 10 {
			if !bytes.Equal(document(t, cfg).JSON(), first) {
				t.Fatalf("%s: two documents of one configuration differ", style.Name)
			}
		}
		// Components and responses that Base already has are not added again.
		cfg.Base = first
		if again := document(t, cfg).JSON(); !bytes.Equal(again, first) {
			t.Errorf("%s: a document on top of itself is\n%s\nwant\n%s", style.Name, again, first)
		}
	}
}

func TestJSONIsACopyInTheDocumentedForm(t *testing.T) {
	doc := document(t, config(problem.RFC9457, op("GET /", problem.NotFound.New("a <b> & c"))))
	text := doc.JSON()
	if !bytes.HasPrefix(text, []byte("{\n  \"openapi\": \"3.1.0\",\n")) || !bytes.HasSuffix(text, []byte("}\n")) || !bytes.Contains(text, []byte("a <b> & c")) {
		t.Errorf("JSON() = %s\nwant an indent of two spaces, no HTML escapes, a final newline", text)
	}
	clear(text)
	if doc.JSON()[0] != '{' {
		t.Error("JSON() is not a copy")
	}
}

func TestLaterChangesOfTheConfigHaveNoEffect(t *testing.T) {
	errs := []error{problem.NotFound}
	cfg := config(problem.RFC9457, op("GET /"))
	cfg.Errors = errs[:1:1]
	cfg.Base = json.RawMessage(`{"openapi":"3.1.0","info":{"title":"T","version":"1"}}`)
	before := slices.Clone(cfg.Base)
	doc := document(t, cfg)
	want := doc.JSON()
	clear(cfg.Base)
	errs[0] = problem.Gone
	if !bytes.Equal(doc.JSON(), want) || bytes.Equal(cfg.Base, before) {
		t.Error("the document changes with its configuration")
	}
}
