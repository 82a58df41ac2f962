package validate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/enkryptify"
	"github.com/backstop-go/backstop/problem/enpass"
	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/problem/scaivault"
	"github.com/backstop-go/backstop/validate"
)

// The dialects of field sentences: Bean Validation, Zod 3, full sentences, and neutral texts.
var dialects = map[string]func(problem.FieldError) string{
	"B": entryguard.FieldText,
	"Z": enkryptify.FieldText,
	"S": authrim.FieldText,
	"N": problem.FieldText,
}

func TestSentencesOfTheEdgeCases(t *testing.T) {
	for _, tt := range []struct {
		input   string
		dialect string
		want    []string
	}{
		{`"email":1`, "B", []string{"must be a string"}},
		{`"email":1`, "Z", []string{"Expected string, received number"}},
		{`"age":1.5`, "Z", []string{"Expected integer, received float"}},
		{`"age":1e2`, "Z", []string{"Expected integer, received float"}},
		{`"age":99999999999999999999`, "N", []string{"must be at most 9223372036854775807"}},
		{`"age":-1`, "N", []string{"must be between 0 and 150"}},
		{`"age":151`, "N", []string{"must be between 0 and 150"}},
		{`"start":1`, "Z", []string{"Expected string, received number"}},
		{`"ttl":1`, "B", []string{"must be longer than or equal to 1 second"}},
		{`{}`, "B", []string{"must not be blank", "must not be blank", "must not be blank"}},
		{`{}`, "Z", []string{"Required", "Required", "Required"}},
		{`{"email":"","password":"short","name":""}`, "B", []string{"must not be blank", "size must be between 8 and 128", "must not be blank"}},
		{`"email":""`, "Z", []string{"String must contain at least 1 character(s)"}},
		{`"email":""`, "S", []string{"Email is required"}},
		{`"email":""`, "N", []string{"must not be empty"}},
		{`"password":""`, "Z", []string{"String must contain at least 8 character(s)"}},
		{`"email":null`, "B", []string{"must not be blank"}},
		{`"email":null`, "Z", []string{"Expected string, received null"}},
		{`"email":"invalid-email"`, "B", []string{"must be a well-formed email address"}},
		{`"email":"invalid-email"`, "Z", []string{"Invalid email"}},
		{`"email":"invalid-email"`, "S", []string{"Please enter a valid email address"}},
		{`"name":" \t\u00a0"`, "Z", []string{"String must contain at least 1 character(s)"}},
		{`"password":"` + times(129, "é") + `"`, "B", []string{"size must be between 8 and 128"}},
		{`"role":"root"`, "Z", []string{"Invalid enum value. Expected 'admin' | 'member'"}},
		{`"role":7`, "Z", []string{"Expected 'admin' | 'member', received number"}},
		{`"confirm":"other"`, "N", []string{"must match password"}},
		{`"Email":"a@b.co"`, "N", []string{"is not a known field, did you mean email?"}},
		{`"meta":{"` + times(33, "k") + `":"v"}`, "B", []string{"key size must be between 0 and 32"}},
	} {
		_, err := validate.Decode[user](nil, nil, post(request(tt.input)))
		var got []string
		for _, f := range fields(t, err) {
			got = append(got, dialects[tt.dialect](f))
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.want) {
			t.Errorf("%s in dialect %s = %q, want %q", tt.input, tt.dialect, got, tt.want)
		}
	}
}

func TestSentencesOfZeroValues(t *testing.T) {
	type zero struct {
		B bool    `json:"b" validate:"required"`
		I int     `json:"i" validate:"required"`
		F float64 `json:"f" validate:"required"`
	}
	_, err := validate.Decode[zero](nil, nil, post(`{"b":false,"i":0,"f":1e400}`))
	got := fields(t, err)
	for i, want := range []string{"must be true", "must not be 0", "numeric value out of bounds"} {
		if text := entryguard.FieldText(got[i]); text != want {
			t.Errorf("%v in dialect B = %q, want %q", got[i].Path, text, want)
		}
	}
	if text := problem.FieldText(got[2]); text != "is out of range" {
		t.Errorf("f in dialect N = %q, want is out of range", text)
	}
}

func TestFallbackAndMessage(t *testing.T) {
	type either struct {
		To    string `json:"to" validate:"email|e164"`
		Taken string `json:"taken" validate:"email" msg:"is already taken"`
	}
	_, err := validate.Decode[either](nil, nil, post(`{"to":"x","taken":"x"}`))
	got := fields(t, err)
	for dialect, want := range map[string][2]string{
		"B": {"is invalid", "is already taken"},
		"Z": {"Invalid input", "is already taken"},
		"N": {"is not valid", "is already taken"},
		"S": {"To is not valid", "Taken is already taken"},
	} {
		for i := range want {
			if text := dialects[dialect](got[i]); text != want[i] {
				t.Errorf("%v in dialect %s = %q, want %q", got[i].Path, dialect, text, want[i])
			}
		}
	}
}

// The same handler refuses the same request in every style.
func TestEveryStyleAnswersAValidRefusal(t *testing.T) {
	body := request(`"items":[{"name":2,"qty":0,"x":1,"y":2}]`)
	v, err := validate.New(validate.Config{ReportUnknown: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		style  problem.Style
		status int
		has    string
	}{
		{problem.RFC9457, 422, `"pointer":"#/items/0/name"`},
		{entryguard.Style, 400, `"items[0].name":"must be a string"`},
		{enkryptify.Style, 400, `items.0: Unrecognized key(s) in object: 'x', 'y'`},
		{enpass.Style, 400, `items[0].name`},
		{authrim.Style, 422, `items[0].name`},
		{scaivault.Style, 400, `items[0].name`}, // a shape problem is a 400 in this style
	} {
		errs := problem.New(problem.Config{Style: tt.style, Logger: slog.New(slog.DiscardHandler)})
		w := httptest.NewRecorder()
		errs.Handler(validate.HandlerFunc(v, handle[user])).ServeHTTP(w, post(body))
		if w.Code != tt.status || !json.Valid(w.Body.Bytes()) || !bytes.Contains(w.Body.Bytes(), []byte(tt.has)) {
			t.Errorf("%s answers %d %s, want %d with %s", tt.style.Name, w.Code, w.Body, tt.status, tt.has)
		}
	}
}

// If an update of validator brings a new tag, this test fails until the tag has a sentence in
// every dialect. It reads the list of tags from the source of validator.
func TestEveryBuiltInTagHasASentenceInEveryDialect(t *testing.T) {
	fallback := map[string]string{"B": "is invalid", "S": "Name is not valid", "N": "is not valid"}
	speechless := map[string]bool{"validateFn": true, "skip_unless": true}
	tags := builtInTags(t)
	if len(tags) < 150 {
		t.Fatalf("found %d built-in tags, want validator's whole list", len(tags))
	}
	for _, tag := range tags {
		for dialect, want := range fallback {
			f := problem.FieldError{Path: problem.Path{"name"}, Rule: tag, Param: "1", OneOf: []string{"a"}, Want: problem.TypeString, Min: "1", Max: "2", Presence: problem.Present}
			if strings.HasPrefix(tag, "required") {
				f.Presence = problem.Absent
			}
			text := dialects[dialect](f)
			if (text == want) != speechless[tag] {
				t.Errorf("rule %s in dialect %s = %q, want a sentence of its own", tag, dialect, text)
			}
		}
	}
}

// builtInTags reads the keys of the tables in validator's baked_in.go.
func builtInTags(t *testing.T) []string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/go-playground/validator/v10").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "baked_in.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var tags []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || spec.Names[0].Name != "bakedInValidators" && spec.Names[0].Name != "bakedInAliases" {
			return true
		}
		for _, e := range spec.Values[0].(*ast.CompositeLit).Elts {
			tag, err := strconv.Unquote(e.(*ast.KeyValueExpr).Key.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			tags = append(tags, tag)
		}
		return false
	})
	return tags
}
