package contract_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/backstop-go/backstop/internal/questions"
	"github.com/backstop-go/backstop/internal/styles"
)

// linters are packages of npm, with their commands.
var linters = []struct {
	name string
	args []string
}{
	{"@redocly/cli@2.77.0", []string{"redocly", "lint", "--extends=recommended"}},
	{"@stoplight/spectral-cli@6.16.3", []string{"spectral", "lint", "--ruleset=spectral.yaml", "--fail-severity=error"}},
}

// TestLintersFindNoError lints the documents of all styles, by the rules that the
// linters recommend.
func TestLintersFindNoError(t *testing.T) {
	t.Parallel() // because most of its time is that of npm
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("the linters are programs for node: apt-get install npm")
	}
	dir := t.TempDir()
	write := func(name string, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("spectral.yaml", []byte(`extends: ["spectral:oas"]`))
	write("broken.json", []byte(`{"openapi":"3.1.0","info":{"title":"T"},"paths":{"/x":{"get":{}}}}`))
	var files []string
	for _, style := range styles.All {
		s := questions.Start(t, questions.Programs[0], "-style", style.Name)
		write(style.Name+".json", published(t, s))
		files = append(files, style.Name+".json")
	}
	for _, l := range linters {
		t.Run(l.args[0], func(t *testing.T) {
			t.Parallel()
			npm := func(args ...string) ([]byte, error) {
				cmd := exec.CommandContext(t.Context(), "npm", append([]string{"exec", "--yes", "--package=" + l.name, "--"}, args...)...)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
				return cmd.CombinedOutput()
			}
			if out, err := npm(l.args[0], "--version"); err != nil {
				t.Skipf("npm cannot install %s, which takes a network: %v\n%s", l.name, err, out)
			}
			if out, err := npm(append(l.args, files...)...); err != nil {
				t.Errorf("%s: %v\n%s", l.name, err, out)
			}
			if out, err := npm(append(l.args, "broken.json")...); err == nil {
				t.Errorf("%s finds no fault with a document that has some\n%s", l.name, out)
			}
		})
	}
}
