package problem_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/problem"
)

func TestParsePath(t *testing.T) {
	tests := []struct {
		text   string
		syntax problem.PathSyntax
		want   problem.Path
	}{
		{"", problem.Brackets, nil},
		{"a", problem.Brackets, problem.Path{"a"}},
		{"a.b", problem.Brackets, problem.Path{"a", "b"}},
		{"items[1].name", problem.Brackets, problem.Path{"items", 1, "name"}},
		{"[0][2].x", problem.Brackets, problem.Path{0, 2, "x"}},
		{"meta[key]", problem.Brackets, problem.Path{"meta", problem.Key("key")}},
		{"meta[key].x", problem.Brackets, problem.Path{"meta", problem.Key("key"), "x"}},
		{"[key]", problem.Brackets, problem.Path{problem.Key("key")}},
		{"meta[99999999999999999999]", problem.Brackets, problem.Path{"meta", problem.Key("99999999999999999999")}},
		{"meta[01]", problem.Brackets, problem.Path{"meta", problem.Key("01")}},
		{`meta["a.b]\"c"].d`, problem.Brackets, problem.Path{"meta", problem.Key(`a.b]"c`), "d"}},
		{`["a.b"]`, problem.Brackets, problem.Path{"a.b"}},
		{"a[", problem.Brackets, problem.Path{"a["}},
		{"a[1", problem.Brackets, problem.Path{"a[1"}},
		{"a[b", problem.Brackets, problem.Path{"a[b"}},
		{"a[1]bc", problem.Brackets, problem.Path{"a[1]bc"}},
		{`a["\x41"]`, problem.Brackets, problem.Path{`a["\x41"]`}},
		{"a[]", problem.Brackets, problem.Path{"a[]"}},
		{"a[b c]", problem.Brackets, problem.Path{"a[b c]"}},
		{`a["b]`, problem.Brackets, problem.Path{`a["b]`}},
		{`a["b"`, problem.Brackets, problem.Path{`a["b"`}},
		{"a[1]b", problem.Brackets, problem.Path{"a[1]b"}},
		{"a..b", problem.Brackets, problem.Path{"a..b"}},
		{".a", problem.Brackets, problem.Path{".a"}},
		{"items.1.name", problem.Dots, problem.Path{"items", 1, "name"}},
		{"", problem.Dots, nil},
		{"#", problem.Pointer, nil},
		{"#/items/1/name", problem.Pointer, problem.Path{"items", 1, "name"}},
		{"#/a~1b~01/%C3%A9%20", problem.Pointer, problem.Path{"a/b~1", "é "}},
		{"#/", problem.Pointer, problem.Path{""}},
		{"/a", problem.Pointer, problem.Path{"/a"}},
		{"#a", problem.Pointer, problem.Path{"#a"}},
		{"#/%zz", problem.Pointer, problem.Path{"#/%zz"}},
		{"#/-1", problem.Pointer, problem.Path{"-1"}},
	}
	for _, test := range tests {
		if got := problem.ParsePath(test.text, test.syntax); !reflect.DeepEqual(got, test.want) {
			t.Errorf("ParsePath(%q, %d) = %#v, want %#v", test.text, test.syntax, got, test.want)
		}
	}
	for size, want := range map[int]int{1 << 10: 512, 1<<10 + 2: 1} {
		if got := problem.ParsePath(strings.Repeat("a.", size/2-1)+"aa", problem.Dots); len(got) != want {
			t.Errorf("ParsePath of %d bytes has %d segments, want %d", size, len(got), want)
		}
	}
}

// A path that was printed and parsed prints the same text again.
func FuzzParsePath(f *testing.F) {
	f.Add("items", 1, "name", "key")
	f.Add("a.b", -1, "", `x"]`)
	f.Add("#/", 0, "~1", "…")
	f.Fuzz(func(t *testing.T, first string, index int, name, key string) {
		p := problem.Path{first, max(index, 0), name, problem.Key(key)}
		for _, syntax := range []problem.PathSyntax{problem.Brackets, problem.Dots, problem.Pointer} {
			printed := string(problem.FieldError{Path: p}.AppendPath(nil, syntax))
			if strings.Contains(printed, "…") || strings.Contains(printed, "%E2%80%A6") {
				continue // a path with "…" may be one that was cut
			}
			read := problem.FieldError{Path: problem.ParsePath(printed, syntax)}
			if again := string(read.AppendPath(nil, syntax)); again != printed {
				t.Errorf("%q was read as %#v, which prints %q", printed, read.Path, again)
			}
		}
	})
}
