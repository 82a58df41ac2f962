package contract_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
	_ "github.com/oapi-codegen/runtime" // imported by the generated clients

	"github.com/backstop-go/backstop/internal/questions"
	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/problem"
)

// TestGeneratedClientsMeetEachErrorTyped generates and compiles a client from the document of
// each style, and makes calls that fail in all ways. Each error must arrive as a value of the
// type that was generated for it, with all its data.
func TestGeneratedClientsMeetEachErrorTyped(t *testing.T) {
	t.Parallel() // because most of its time is that of the compiler

	dir, err := os.MkdirTemp("testdata", "generated-") // a package of this module can import the runtime
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })

	var kinds []string
	for kind := range problem.ClientClosed {
		kinds = append(kinds, kind.String())
	}
	args := []string{strings.Join(kinds, ",")}
	var want, imports, meets strings.Builder
	instantiate(t, dir, "typed/typed.go", "typed.go.txt")
	for _, style := range styles.All {
		s := questions.Start(t, questions.Programs[0], "-style", style.Name, "-rate", "100000")
		generate(t, filepath.Join(dir, style.Name, "client.go"), style.Name, published(t, s))
		instantiate(t, dir, style.Name+"/meet.go", "meet.go.txt", "STYLE", style.Name)
		fmt.Fprintf(&imports, "\t%q\n", "github.com/backstop-go/backstop/internal/contract/"+filepath.ToSlash(dir)+"/"+style.Name)
		fmt.Fprintf(&meets, "\t%q: %s.Meet,\n", style.Name, style.Name)
		var codes []string
		for _, c := range style.Codes {
			codes = append(codes, c.Name)
		}
		args = append(args, style.Name, "http://"+s.Addr, strings.Join(codes, ","))
		fmt.Fprintln(&want, style.Name, len(kinds)+len(codes)+2, nil)
	}
	instantiate(t, dir, "main.go", "main.go.txt", "IMPORTS", imports.String(), "MEETS", meets.String())

	out, err := exec.CommandContext(t.Context(), "go", append([]string{"run", "./" + filepath.ToSlash(dir)}, args...)...).CombinedOutput()
	if err != nil || string(out) != want.String() {
		t.Errorf("the clients end with %v and print\n%s\nwant\n%s", err, out, want.String())
	}
}

// generate writes a client for a document.
func generate(t *testing.T, file, pkg string, document []byte) {
	t.Helper()
	spec, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	code, err := codegen.Generate(spec, codegen.Configuration{
		PackageName: pkg,
		Generate:    codegen.GenerateOptions{Client: true, Models: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
}

// instantiate writes a file of the program that uses the clients, from a template and the
// words that replace its placeholders.
func instantiate(t *testing.T, dir, file, template string, words ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "client", template))
	if err != nil {
		t.Fatal(err)
	}
	words = append(words, "GENERATED", filepath.Base(dir))
	file = filepath.Join(dir, file)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.NewReplacer(words...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
}
