package golden_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/internal/golden"
)

// probe is a test that may fail without failing this one.
type probe struct {
	testing.TB
	report  []string
	cleanup []func()
}

func (p *probe) Helper()          {}
func (p *probe) Failed() bool     { return len(p.report) > 0 }
func (p *probe) Cleanup(f func()) { p.cleanup = append(p.cleanup, f) }

func (p *probe) Errorf(format string, args ...any) {
	p.report = append(p.report, fmt.Sprintf(format, args...))
}

func (p *probe) Fatal(args ...any) {
	p.report = append(p.report, fmt.Sprint(args...))
	panic(p)
}

func (p *probe) Fatalf(format string, args ...any) {
	p.Errorf(format, args...)
	panic(p)
}

// run runs a test to its end and returns what it reported.
func run(t *testing.T, test func(t testing.TB)) string {
	t.Helper()
	p := &probe{TB: t}
	func() {
		defer func() {
			if v := recover(); v != nil && v != any(p) {
				panic(v)
			}
		}()
		test(p)
	}()
	for _, f := range p.cleanup {
		f()
	}
	return strings.Join(p.report, "\n")
}

func TestGoldenFiles(t *testing.T) {
	t.Setenv("UPDATE_GOLDEN", "")
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.json", "{\n  \"x\": 1,\n  \"y\": \"<\"\n}\n")
	tests := []struct {
		name, file, body string
		want             string // a part of the report; empty means that it passes
	}{
		{"only white space differs", "a", `{ "x":1,"y":"<"}`, ""},
		{"order counts", "a", `{"y":"<","x":1}`, "differs"},
		{"spelling counts", "a", `{"x":1,"y":"\u003c"}`, "differs"},
		{"a body has to be JSON", "a", `{"x":1`, "no JSON"},
		{"a missing file is not made", "b", `{}`, "UPDATE_GOLDEN=1"},
	}
	for _, test := range tests {
		got := run(t, func(t testing.TB) { golden.Open(t, dir).JSON(t, test.file, []byte(test.body)) })
		if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: reported %q, want %q", test.name, got, test.want)
		}
	}
	if got := run(t, func(t testing.TB) { golden.Open(t, dir) }); !strings.Contains(got, "no test compares") {
		t.Errorf("a file without test: reported %q", got)
	}

	t.Setenv("UPDATE_GOLDEN", "1")
	for _, body := range []string{`{"z":[]}`, `{"z":[1]}`} {
		sub := filepath.Join(dir, "sub")
		if got := run(t, func(t testing.TB) { golden.Open(t, sub).JSON(t, "c", []byte(body)) }); got != "" {
			t.Errorf("an update reported %q", got)
		}
		data, err := os.ReadFile(filepath.Join(sub, "c.json"))
		if err != nil || strings.Join(strings.Fields(string(data)), "") != body {
			t.Errorf("an update wrote %q, %v, want %s", data, err, body)
		}
	}
}

func TestVectors(t *testing.T) {
	t.Setenv("UPDATE_GOLDEN", "1") // must not reach an original
	dir := t.TempDir()
	file := filepath.Join(dir, "late.json")
	const text = `{"request":{"method":"PUT","path":"/a%20b","headers":{"X-A":"b"},"body":{"k":1}},
		"status":404,"headers":{"Retry-After":"60"},"body":{"timestamp":"2024-01-15T10:30:00Z","a": 1}}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	v := golden.Vectors(t, dir)[0]
	if r := v.NewRequest(); v.Name != "late" || r.Method != "PUT" || r.URL.EscapedPath() != "/a%20b" || r.Header.Get("X-A") != "b" {
		t.Errorf("NewRequest of %s = %s %s %v", v.Name, r.Method, r.URL, r.Header)
	}
	synctest.Test(t, func(t *testing.T) {
		v.Wait(t)
		if now := time.Now().UTC().Format(time.RFC3339); now != "2024-01-15T10:30:00Z" {
			t.Errorf("after Wait it is %s", now)
		}
	})
	const body = `{"timestamp":"2024-01-15T10:30:00Z","a":1}`
	for _, test := range []struct {
		status            int
		body, retry, want string
	}{
		{404, body, "60", ""},
		{404, strings.ReplaceAll(body, ",", " , "), "60", ""},
		{400, body, "60", "status = 400"},
		{404, `{"a":1,"timestamp":"2024-01-15T10:30:00Z"}`, "60", "differs"},
		{404, "x", "60", "no JSON"},
		{404, body, "61", "Retry-After"},
	} {
		got := run(t, func(t testing.TB) {
			v.Compare(t, test.status, map[string][]string{"Retry-After": {test.retry}}, []byte(test.body), "Retry-After")
		})
		if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("Compare(%d, %s, %s) reported %q, want %q", test.status, test.body, test.retry, got, test.want)
		}
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != text {
		t.Errorf("the original was changed: %s, %v", data, err)
	}
	if got := run(t, func(t testing.TB) { golden.Vectors(t, t.TempDir()) }); !strings.Contains(got, "no originals") {
		t.Errorf("an empty directory reported %q", got)
	}
}
