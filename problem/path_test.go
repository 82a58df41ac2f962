package problem_test

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/backstop-go/backstop/problem"
)

func TestAppendPath(t *testing.T) {
	type path = problem.Path
	type key = problem.Key
	long := strings.Repeat("é", 65)
	cut := strings.Repeat("é", 64) + "…"
	deep := make(path, 100)
	for i := range deep {
		deep[i] = "name"
	}
	for _, c := range []struct {
		rule                    string
		in                      problem.In
		path                    path
		brackets, dots, pointer string
	}{
		{"the whole body", problem.InBody, nil, "", "", "#"},
		{"a member", problem.InBody, path{"name"}, "name", "name", "#/name"},
		{"nested", problem.InBody, path{"items", 1, "name"}, "items[1].name", "items.1.name", "#/items/1/name"},
		{"a long list", problem.InBody, path{"items", 1234}, "items[1234]", "items.1234", "#/items/1234"},
		{"an index at the root", problem.InBody, path{0, "a"}, "[0].a", "0.a", "#/0/a"},
		{"a map key", problem.InBody, path{"meta", key("env-1")}, "meta[env-1]", "meta.env-1", "#/meta/env-1"},
		{"an odd map key", problem.InBody, path{"meta", key("a.b]c")}, `meta["a.b]c"]`, "meta.a.b]c", "#/meta/a.b%5Dc"},
		{"an odd member name", problem.InBody, path{"a.b"}, `["a.b"]`, "a.b", "#/a.b"},
		{"an empty name", problem.InBody, path{"a", ""}, `a[""]`, "a.", "#/a/"},
		{"characters of a pointer", problem.InBody, path{"a/b~c d%"}, `["a/b~c d%"]`, "a/b~c d%", "#/a~1b~0c%20d%25"},
		{"other letters", problem.InBody, path{"é"}, `["é"]`, "é", "#/%C3%A9"},
		{"invalid UTF-8", problem.InBody, path{"\xff"}, "[\"\ufffd\"]", "\xff", "#/%EF%BF%BD"},
		{"a name of 65 runes", problem.InBody, path{long}, `["` + cut + `"]`, cut, "#"},
		{"a name of 40 runes and 80 bytes", problem.InBody, path{long[:80]}, `["` + long[:80] + `"]`, long[:80], "#/" + strings.Repeat("%C3%A9", 40)},
		{"an element of another type", problem.InBody, path{"a", 1.5}, `a["?"]`, "a.?", "#/a/?"},
		{"a parameter", problem.InQuery, path{"page.size"}, "page.size", "page.size", "#/page.size"},
		{"a parameter without a name", problem.InQuery, path{1}, "[1]", "1", "#/1"},
		{"a header", problem.InHeader, path{"X-Tenant"}, "X-Tenant", "X-Tenant", "#/X-Tenant"},
		{"one of several parameters", problem.InQuery, path{"tag", 1}, "tag[1]", "tag.1", "#/tag/1"},
		{"a form is a body", problem.InForm, path{"a.b"}, `["a.b"]`, "a.b", "#/a.b"},
		{
			"a path of 500 bytes", problem.InBody, deep,
			strings.Repeat("name.", 50) + "name…", strings.Repeat("name.", 50) + "name…", "#" + strings.Repeat("/name", 51),
		},
	} {
		f := problem.FieldError{In: c.in, Path: c.path}
		for syntax, want := range []string{c.brackets, c.dots, c.pointer} {
			if got := string(f.AppendPath([]byte(">"), problem.PathSyntax(syntax))); got != ">"+want {
				t.Errorf("%s in syntax %d = %s, want %s", c.rule, syntax, got[1:], want)
			}
		}
	}
}

// Some characters print as they are. All others are quoted in brackets, and escaped in a
// pointer.
func TestCharactersThatStandForThemselves(t *testing.T) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	for c := range rune(256) {
		f := problem.FieldError{Path: problem.Path{string(c)}}
		for syntax, all := range map[problem.PathSyntax]string{problem.Brackets: letters + "_-", problem.Pointer: letters + "-._!$&'()*+,;=:@?"} {
			plain := strings.TrimPrefix(string(f.AppendPath(nil, syntax)), "#/") == string(c)
			if want := strings.ContainsRune(all, c); plain != want {
				t.Errorf("%q stands for itself in syntax %d: %t, want %t", c, syntax, plain, want)
			}
		}
	}
}

func FuzzPointer(f *testing.F) {
	f.Add("items", "name", 1)
	f.Add("a/b", "~1", 0)
	f.Add("%", "\"\\", 7)
	f.Add("é\u2028", "", -3)
	f.Add("…", strings.Repeat("x", 70), 2)
	f.Fuzz(func(t *testing.T, a, b string, n int) {
		// A pointer resolves in the body that was sent: to the value or, if it was cut,
		// to an object or list that contains the value.
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return // a body that is not valid UTF-8 is refused as a whole
		}
		n = n & 7
		list := make([]any, n+1)
		list[n] = map[string]any{b: "the value"}
		body := any(map[string]any{a: list})
		printed := string(problem.FieldError{Path: problem.Path{a, n, problem.Key(b)}}.AppendPath(nil, problem.Pointer))
		if _, err := url.Parse("http://a/" + printed); err != nil {
			t.Errorf("%q is no URI fragment: %v", printed, err)
		}
		tokens := strings.Split(strings.TrimPrefix(printed, "#"), "/")[1:]
		for _, token := range tokens {
			name, err := url.PathUnescape(token)
			if err != nil {
				t.Fatalf("%q does not unescape: %v", printed, err)
			}
			if utf8.RuneCountInString(name) > 64 {
				return // a name that was cut does not resolve
			}
			name = strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
			if body, err = step(body, name); err != nil {
				t.Fatalf("%q does not resolve for %q, %d, %q", printed, a, n, b)
			}
		}
		if len(tokens) == 3 && body != "the value" {
			t.Errorf("%q resolves to %v, want the value", printed, body)
		}
	})
}

func step(in any, name string) (any, error) {
	switch in := in.(type) {
	case map[string]any:
		if v, ok := in[name]; ok {
			return v, nil
		}
	case []any:
		if i, err := strconv.Atoi(name); err == nil && i < len(in) {
			return in[i], nil
		}
	}
	return nil, strconv.ErrSyntax
}

func FuzzPrintedPaths(f *testing.F) {
	f.Add("items", "name", 1)
	f.Add("\x00\xff", "]\"", 0)
	f.Fuzz(func(t *testing.T, a, b string, n int) {
		// A printed path is bounded, and a JSON body may hold it in any syntax.
		for syntax := problem.Brackets; syntax <= problem.Pointer; syntax++ {
			printed := problem.FieldError{Path: problem.Path{a, n, problem.Key(b)}}.AppendPath(nil, syntax)
			if len(printed) > 256+len("…") {
				t.Errorf("a path of %d bytes, want at most 256 and the mark", len(printed))
			}
			if raw, err := problem.AppendJSON(nil, string(printed)); err != nil || !json.Valid(raw) {
				t.Errorf("%q is no JSON: %v", raw, err)
			}
		}
	})
}
