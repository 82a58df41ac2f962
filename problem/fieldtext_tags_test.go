package problem_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/problem"
)

// TestEveryBuiltInTagHasText reads the tags from the source of the validator in go.mod. If an
// update of the validator brings a new tag, this test fails until the tag has a sentence.
func TestEveryBuiltInTagHasText(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/go-playground/validator/v10").Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(out)), "baked_in.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	tags := map[string]bool{}
	for _, table := range []string{"bakedInAliases", "bakedInValidators"} {
		before := len(tags)
		for _, key := range keys(file, table) {
			tags[key] = true
		}
		if len(tags) == before {
			t.Fatalf("found no tags in %s: has the source moved?", table)
		}
	}
	// These two have no sentence: validateFn calls a method of the user, and the other one
	// only decides whether the next rules run.
	delete(tags, "validateFn")
	delete(tags, "skip_unless")
	for tag := range tags {
		// Other tests compare the sentence. This one checks only that there is one.
		f := field{Rule: tag, Param: "1", Want: problem.TypeString, Presence: problem.Zero, Min: "1", OneOf: []string{"a"}}
		if got := problem.FieldText(f); got == "is not valid" {
			t.Errorf("problem.FieldText has no words for the tag %q", tag)
		}
	}
}

// keys returns the string keys of a map literal in a variable.
func keys(file *ast.File, name string) []string {
	var keys []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Names) == 0 || spec.Names[0].Name != name || len(spec.Values) == 0 {
			return true
		}
		for _, e := range spec.Values[0].(*ast.CompositeLit).Elts {
			if key, ok := e.(*ast.KeyValueExpr).Key.(*ast.BasicLit); ok {
				if s, err := strconv.Unquote(key.Value); err == nil {
					keys = append(keys, s)
				}
			}
		}
		return false
	})
	return keys
}
