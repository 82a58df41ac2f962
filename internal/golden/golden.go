// Package golden compares bodies and other texts with files, for tests. There are two kinds
// of file.
//
// Golden files ([Open]) are ours: one per case, indented, so that a change is
// read as a diff. UPDATE_GOLDEN=1 in the environment rewrites them; it is not a
// flag, because a flag breaks every package that does not define it.
//
// Originals ([Vectors]) are a vendor's published examples. Nothing writes them.
//
// Bytes are compared, never decoded values: decoding sorts members and hides the
// order that is promised.
package golden

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Dir is a directory of golden files, every one of which has to be compared.
type Dir struct {
	path string
	seen map[string]bool
}

// Open opens the golden files of a test. When the test ends, a file in the
// directory that it has not compared fails it: the case was renamed or is gone.
// Parallel sub-tests cannot share a Dir.
func Open(t testing.TB, path string) *Dir {
	t.Helper()
	d := &Dir{path: path, seen: map[string]bool{}}
	t.Cleanup(func() {
		if !t.Failed() && !isFiltered() {
			d.checkSeen(t)
		}
	})
	return d
}

// isFiltered reports whether only some sub-tests were asked for.
func isFiltered() bool {
	run, skip := flag.Lookup("test.run"), flag.Lookup("test.skip")
	return run != nil && strings.Contains(run.Value.String(), "/") || skip != nil && skip.Value.String() != ""
}

func (d *Dir) checkSeen(t testing.TB) {
	t.Helper()
	for _, file := range list(t, filepath.Join(d.path, "*.*")) {
		if !d.seen[filepath.Base(file)] {
			t.Errorf("no test compares %s: delete it, or test it", file)
		}
	}
}

// JSON compares a body with the file name.json. Only white space may differ.
func (d *Dir) JSON(t testing.TB, name string, body []byte) {
	t.Helper()
	var got bytes.Buffer
	if err := json.Indent(&got, body, "", "  "); err != nil {
		t.Fatalf("body is no JSON: %v\n%s", err, body)
	}
	d.Text(t, name+".json", got.String()+"\n")
}

// Text compares a text with a file.
func (d *Dir) Text(t testing.TB, name, got string) {
	t.Helper()
	d.seen[name] = true
	file := filepath.Join(d.path, name)
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.MkdirAll(d.path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (UPDATE_GOLDEN=1 writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs\n got: %s\nwant: %s", file, got, want)
	}
}

func list(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return files
}
