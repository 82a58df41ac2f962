package validate_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// rooms are the groups of files of the package, in the order in which a request passes through
// them after all types are described. The name of a file begins with that of its room; other files
// are in the last room. A room uses only itself and the rooms before it.
var rooms = []string{"config", "describe", "finding", "read", "fill", "judge", "check", "door"}

func room(file string) int {
	name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".go"), "_")
	for i, room := range rooms {
		if name == room {
			return i
		}
	}
	return len(rooms) - 1
}

func TestRoomsUseOnlyRoomsBefore(t *testing.T) {
	set := token.NewFileSet()
	var files []*ast.File
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	checker := types.Config{Importer: importer.ForCompiler(set, "gc", exports(t))}
	pkg, err := checker.Check("validate", set, files, info)
	if err != nil {
		t.Fatal(err)
	}
	arrows := 0
	for use, object := range info.Uses {
		if object.Pkg() != pkg || !object.Pos().IsValid() {
			continue
		}
		from, to := set.Position(use.Pos()), set.Position(object.Pos())
		arrows++
		if room(from.Filename) < room(to.Filename) {
			t.Errorf("%s uses %s of %s, which is a later room", from, object.Name(), to.Filename)
		}
	}
	if arrows < 1000 {
		t.Errorf("only %d uses of names of the package were found, so this test proves nothing", arrows)
	}
}

// exports returns a function that opens the export data of a package.
func exports(t *testing.T) importer.Lookup {
	t.Helper()
	out, err := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		files[p.ImportPath] = p.Export
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }
}
