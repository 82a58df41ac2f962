package backstop_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// block returns the first fenced block of the README in a language.
func block(t *testing.T, lang string) string {
	t.Helper()
	_, rest, ok := strings.Cut(read(t, "README.md"), "\n```"+lang+"\n")
	if !ok {
		t.Fatalf("README.md has no block of %s", lang)
	}
	text, _, _ := strings.Cut(rest, "```")
	return text
}

func TestReadmeProgramBuilds(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte(block(t, "go")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "program"), file).CombinedOutput(); err != nil {
		t.Errorf("the README's program does not build: %v\n%s", err, out)
	}
}

func TestReadmeProgramIsTheExample(t *testing.T) {
	example := read(t, "example_test.go")
	decls := regexp.MustCompile(`(?ms)^(type|func) .*?^}\n`).FindAllString(block(t, "go"), -1)
	if len(decls) < 4 {
		t.Fatalf("the README's program declares %d things, want Registration, register, service and main", len(decls))
	}
	for _, decl := range decls {
		if strings.HasPrefix(decl, "func main()") {
			continue // an example has no server to wait for
		}
		if !strings.Contains(example, decl) {
			t.Errorf("example_test.go has not the README's\n%s", decl)
		}
	}
}

func TestReadmeCommandsAreThoseOfTheGate(t *testing.T) {
	readme, gate := read(t, "README.md"), read(t, ".ci/run")
	for _, command := range []string{"go run ./examples/stdlib", "make test"} {
		if !strings.Contains(readme, "\n"+command) {
			t.Errorf("README.md does not show %q on a line of its own", command)
		}
	}
	for _, command := range []string{"make test", "make lint"} {
		if !strings.Contains(gate, "\n"+command+"\n") {
			t.Errorf(".ci/run does not call %q", command)
		}
	}
}
