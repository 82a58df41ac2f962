package problem_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// doors are the only files in the module that write a status, or call a function of the
// standard library that does so, each with its reason.
var doors = map[string]string{
	"internal/exchange/answer.go":           "the one door",
	"internal/exchange/recorder.go":         "the recorder passes on the status of a handler",
	"internal/exchange/keep.go":             "the recorder passes on a status that it has kept",
	"internal/exchange/optional.go":         "the writer that the recorder unwraps to passes on a status",
	"middleware/ginadapter/writer.go":       "gin's writer passes on the status of a handler",
	"middleware/echoadapter/echoadapter.go": "the writer inside echo's passes on the status of a handler",
}

// All errors are written by one call. The examples are not searched, because they are
// applications that write their successes.
func TestOneDoor(t *testing.T) {
	found := map[string]int{}
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (base == "testdata" || base == "examples" || base == "bench" || base == "guides" || strings.HasPrefix(base, ".")):
			return fs.SkipDir
		case d.IsDir(), !strings.HasSuffix(base, ".go"), strings.HasSuffix(base, "_test.go"):
			return nil
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, at := range statusCalls(file) {
			found[name]++
			if doors[name] == "" {
				t.Errorf("%s writes a status: return an error, or give the reason in doors", fset.Position(at))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range doors {
		if found[name] == 0 {
			t.Errorf("%s writes no status any more: delete it from doors", name)
		}
	}
	if n := found["internal/exchange/answer.go"]; n != 1 {
		t.Errorf("internal/exchange/answer.go writes %d statuses, want 1", n)
	}
}

// statusCalls returns the calls of WriteHeader and of functions that call it. A call with a
// constant status below 400 is no error, and is left out.
func statusCalls(file *ast.File) []token.Pos {
	writes := []string{"WriteHeader", "http.Error", "http.NotFound", "http.NotFoundHandler", "http.TimeoutHandler"}
	var found []token.Pos
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		fun, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		name := fun.Sel.Name
		if name != "WriteHeader" {
			name = fmt.Sprint(fun.X, ".", name)
		}
		if slices.Contains(writes, name) && !isSuccess(call) {
			found = append(found, call.Pos())
		}
		return true
	})
	return found
}

func isSuccess(call *ast.CallExpr) bool {
	if len(call.Args) != 1 {
		return false
	}
	status, ok := call.Args[0].(*ast.SelectorExpr)
	if !ok {
		return false
	}
	switch status.Sel.Name {
	case "StatusOK", "StatusCreated", "StatusAccepted", "StatusNoContent", "StatusNotModified":
		return true
	}
	return false
}

func TestStatusCallsAreFound(t *testing.T) {
	const source = `package x
func f() {
	w.WriteHeader(code)
	c.Writer.WriteHeader(http.StatusTeapot)
	http.Error(w, "no", 500)
	http.NotFound(w, r)
	w.WriteHeader(http.StatusNoContent)
	w.Header()
	WriteHeader(1)
}`
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := statusCalls(file); len(got) != 4 {
		t.Errorf("%d calls were found, want 4", len(got))
	}
}
