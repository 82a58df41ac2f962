package openapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/enkryptify"
	"github.com/backstop-go/backstop/problem/enpass"
	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/problem/openapi"
	"github.com/backstop-go/backstop/problem/scaivault"
)

var styles = []problem.Style{
	entryguard.Style, enpass.Style, enkryptify.Style, authrim.Style, scaivault.Style, problem.RFC9457,
}

// config is a small API in a style.
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

// at returns what stands at a place in a document, names separated by blanks, as
// JSON with sorted names; "" if there is nothing.
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
	// Two templates that differ in names alone are one path.
	expect(t, "the paths", fmt.Sprint(names(t, doc, "paths")), "[/a/{x}/{y}]")
	expect(t, "the parameters of the second", at(t, doc, "paths /a/{x}/{y} post parameters"), at(t, doc, "paths /a/{x}/{y} get parameters"))
}

func TestHeaders(t *testing.T) {
	limited := op("GET /", problem.RateLimited, problem.Unavailable, problem.Unauthenticated, problem.Forbidden,
		problem.InsufficientScope, problem.Conflict, problem.Gone.New("").WithRetryAfter(1))
	fields := problem.RFC9457
	fields.RateLimit = problem.RateLimitFields
	for _, tt := range []struct {
		style  problem.Style
		status string
		want   string
	}{
		{problem.RFC9457, "409", "[X-Request-ID]"},
		{problem.RFC9457, "410", "[X-Request-ID Retry-After]"},
		{problem.RFC9457, "401", "[X-Request-ID WWW-Authenticate]"},
		{problem.RFC9457, "403", "[X-Request-ID WWW-Authenticate]"},
		{problem.RFC9457, "503", "[X-Request-ID Retry-After]"},
		{problem.RFC9457, "429", "[X-Request-ID Retry-After X-RateLimit-Limit X-RateLimit-Remaining X-RateLimit-Reset]"},
		{fields, "429", "[X-Request-ID Retry-After RateLimit-Policy RateLimit]"},
		{enkryptify.Style, "429", "[X-Request-ID Retry-After X-RateLimit-Limit X-RateLimit-Remaining X-RateLimit-Reset RateLimit-Limit RateLimit-Remaining RateLimit-Reset]"},
	} {
		doc := document(t, config(tt.style, limited))
		expect(t, tt.style.Name+" "+tt.status, fmt.Sprint(names(t, doc, "components responses Error"+tt.status+" headers")), tt.want)
	}
	// InsufficientScope has a challenge, and Forbidden, with the same body in this
	// style, has none.
	for _, errs := range [][]error{{problem.Forbidden, problem.InsufficientScope}, {problem.InsufficientScope, problem.Forbidden}} {
		doc := document(t, config(enkryptify.Style, op("GET /", errs...)))
		expect(t, "required", at(t, doc, "components responses Error403 headers WWW-Authenticate required"), "")
	}
	doc := document(t, config(enkryptify.Style, limited))
	expect(t, "required", at(t, doc, "components responses Error401 headers WWW-Authenticate required"), "true")
	expect(t, "the ID", at(t, doc, "components responses Error401 headers X-Request-ID required"), "true")
	expect(t, "the delay", at(t, doc, "components responses Error429 headers Retry-After required"), "")

	cfg := config(problem.RFC9457, limited)
	cfg.RequestID = "X-Trace"
	expect(t, "another header", fmt.Sprint(names(t, document(t, cfg), "components responses Error409 headers")), "[X-Trace]")
	quota := document(t, config(problem.RFC9457, op("GET /", problem.QuotaExceeded)))
	expect(t, "429 without a limiter", fmt.Sprint(names(t, quota, "components responses Error429 headers")), "[X-Request-ID Retry-After]")
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
		t.Errorf("the document tells what the responder hides:\n%s", text)
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
		"a wrong schema":       {config(wrong, get), []string{`"wrong"`, "no JSON"}},
		"a schema that panics": {config(panics, get), []string{`"panics"`, "panic"}},
		"an odd header":        {header, []string{`"X Request"`}},
		"a pattern twice":      {config(problem.RFC9457, op("GET /a/{id}"), op("POST /a/{id}"), op("GET /a/:name")), []string{`"GET /a/:name"`, `"GET /a/{id}"`}},
		"errors that are none": {
			config(problem.RFC9457, op("GET /x", errors.New("boom"), nil, nothing, fmt.Errorf("wrapped: %w", problem.NotFound), problem.ClientClosed)),
			[]string{`operation "GET /x"`, "boom", "<nil>", "wrapped", "client_closed"},
		},
		"a common error that is none": {openapi.Config{Responder: problem.New(problem.Config{}), Title: "T", Version: "1", Errors: []error{http.ErrAbortHandler}}, []string{"Config.Errors", "abort"}},
		"all at once":                 {openapi.Config{Responder: problem.New(problem.Config{Style: bare}), Operations: []openapi.Operation{op("x"), op("GET y")}}, []string{"Title", "Version", "bare", `"x"`, `"GET y"`}},
		"3.0":                         {base(`{"openapi":"3.0.3","info":{},"paths":{}}`, get), []string{`"3.0.3"`}},
		"3.2":                         {base(`{"openapi":"3.2.0"}`, get), []string{`"3.2.0"`}},
		"3.10":                        {base(`{"openapi":"3.10.0"}`, get), []string{`"3.10.0"`}},
		"2.0":                         {base(`{"swagger":"2.0"}`, get), []string{"OpenAPI"}},
		"a version that is a number":  {base(`{"openapi":3.1}`, get), []string{"OpenAPI"}},
		"YAML":                        {base("openapi: 3.1.0\ninfo: {}\n", get), []string{"no JSON object"}},
		"an array":                    {base("[]", get), []string{"no JSON object"}},
		"null":                        {base("null", get), []string{"no JSON object"}},
		"half an object":              {base(`{"openapi":"3.1.0"`, get), []string{"no JSON object"}},
		"more than an object":         {base(`{"openapi":"3.1.0"}{}`, get), []string{"no JSON object"}},
		"a name twice":                {base(`{"openapi":"3.1.0","paths":{},"paths":{}}`, get), []string{"twice"}},
		"paths":                       {base(`{"openapi":"3.1.0","paths":[]}`, get), []string{"paths"}},
		"a path":                      {base(`{"openapi":"3.1.0","paths":{"/x":7}}`, get), []string{`"GET /x"`, "path"}},
		"a path that is a reference":  {base(`{"openapi":"3.1.0","paths":{"/x":{"$ref":"y"}}}`, get), []string{`"GET /x"`, "reference"}},
		"an operation":                {base(`{"openapi":"3.1.0","paths":{"/x":{"get":"y"}}}`, get), []string{`"GET /x"`}},
		"responses":                   {base(`{"openapi":"3.1.0","paths":{"/x":{"get":{"responses":[]}}}}`, get), []string{`"GET /x"`, "responses"}},
		"components":                  {base(`{"openapi":"3.1.0","components":null}`, get), []string{"components"}},
		"schemas":                     {base(`{"openapi":"3.1.0","components":{"schemas":[]}}`, get), []string{"components/schemas"}},
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
		for line := range strings.Lines(err.Error()) {
			if !strings.HasPrefix(line, "openapi: ") {
				t.Errorf("%s: the fault %q does not name the package", name, line)
			}
		}
	}
}

func TestSameConfigurationSameBytes(t *testing.T) {
	for _, style := range styles {
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
		// What is there already is not added again.
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

func TestServeHTTP(t *testing.T) {
	doc := document(t, config(problem.RFC9457, op("GET /")))
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	ask := func(method string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/openapi.json", nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		errs.Handler(doc).ServeHTTP(w, r)
		return w
	}
	got := ask("GET")
	etag := got.Header().Get("ETag")
	if got.Code != 200 || got.Body.String() != string(doc.JSON()) || got.Header().Get("Content-Type") != "application/json" ||
		len(etag) < 10 || !strings.HasPrefix(etag, `"`) || strings.HasPrefix(etag, "W/") {
		t.Errorf("GET = %d %v, want the document with a strong ETag", got.Code, got.Header())
	}
	if got := ask("HEAD"); got.Code != 200 || got.Body.Len() > 0 || got.Header().Get("Content-Length") != fmt.Sprint(len(doc.JSON())) {
		t.Errorf("HEAD = %d %v %q, want the header of GET", got.Code, got.Header(), got.Body)
	}
	for _, none := range []string{etag, "*", `"x", ` + etag, "W/" + etag} {
		for _, method := range []string{"GET", "HEAD"} {
			if got := ask(method, "If-None-Match", none); got.Code != 304 || got.Body.Len() > 0 || got.Header().Get("ETag") != etag {
				t.Errorf("%s with If-None-Match %s = %d %q, want 304", method, none, got.Code, got.Body)
			}
		}
	}
	if got := ask("GET", "If-None-Match", `"other"`); got.Code != 200 {
		t.Errorf("GET with another ETag = %d, want 200", got.Code)
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if got := ask(method); got.Code != 405 || got.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s = %d, Allow %q, want 405", method, got.Code, got.Header().Get("Allow"))
		}
	}
	other := document(t, config(problem.RFC9457, op("GET /other")))
	w := httptest.NewRecorder()
	other.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Header().Get("ETag") == etag {
		t.Error("two documents have one ETag")
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
