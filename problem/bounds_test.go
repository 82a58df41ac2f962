package problem_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/backstop-go/backstop/problem"
)

// A small request must not cause a large answer.
func TestFieldSentencesAreBoundedTogether(t *testing.T) {
	words := make([]string, 249)
	for i := range words {
		words[i] = fmt.Sprint("alternative", i)
	}
	field := problem.FieldError{Path: problem.Path{"items", 1}, Rule: "oneof", OneOf: words}
	long := problem.FieldError{Path: problem.Path{strings.Repeat("x", 1000)}, Rule: "required"}
	angry := problem.FieldError{Path: problem.Path{"a"}, Message: strings.Repeat("\x01", 3000)}
	for name, fields := range map[string][]problem.FieldError{
		"a hundred long sentences":      slices.Repeat([]problem.FieldError{field}, 100),
		"a hundred long paths":          slices.Repeat([]problem.FieldError{long}, 100),
		"sentences that grow when sent": slices.Repeat([]problem.FieldError{angry}, 100),
		"long ones after short ones":    append(slices.Repeat([]problem.FieldError{{Path: problem.Path{"a"}, Rule: "required"}}, 90), field, field, field),
	} {
		for i := range fields {
			fields[i].Path = append(problem.Path{fmt.Sprint("f", i)}, fields[i].Path...)
		}
		for _, s := range allStyles {
			var book logbook
			w := respond(problem.Config{Style: s, Logger: book.logger()}, problem.Validation.New("").WithFields(fields...))
			if w.Body.Len() >= 48<<10 || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s, %s: the body has %d bytes, want less than 48 KiB of JSON", name, s.Name, w.Body.Len())
			}
			if r := book.one(t); strings.Contains(name, "sentences") && !strings.Contains(r["truncated"], " fields") {
				t.Errorf("%s, %s: truncated = %q, want how many fields", name, s.Name, r["truncated"])
			}
		}
	}
}

// A style may put any fact into a sentence, so each fact counts towards the bound.
func TestSentencesOfAllFieldsHave16KiB(t *testing.T) {
	for fact, field := range map[string]func(text string) problem.FieldError{
		"Message": func(text string) problem.FieldError { return problem.FieldError{Message: text} },
		"Param":   func(text string) problem.FieldError { return problem.FieldError{Param: text} },
		"Label":   func(text string) problem.FieldError { return problem.FieldError{Label: text} },
		"Other":   func(text string) problem.FieldError { return problem.FieldError{Other: text} },
		"OneOf":   func(text string) problem.FieldError { return problem.FieldError{OneOf: []string{text}} },
	} {
		for size, want := range map[int]int{10: 100, 163: 100, 164: 99, 1000: 16, 4 << 10: 4, 5 << 10: 4} {
			var book logbook
			kept := 0
			s := plainStyle(func(dst []byte, v *problem.View) ([]byte, error) {
				kept = len(v.Fields)
				return append(dst, "{}"...), nil
			})
			s.FieldText = func(f problem.FieldError) string {
				return f.Message + f.Param + f.Label + f.Other + strings.Join(f.OneOf, "")
			}
			fields := slices.Repeat([]problem.FieldError{field(strings.Repeat("x", size))}, 100)
			respond(problem.Config{Style: s, Logger: book.logger()}, problem.Validation.New("").WithFields(fields...))
			said := ""
			if want < 100 {
				said = fmt.Sprint(100-want, " fields")
			}
			if got := book.one(t)["truncated"]; kept != want || got != said {
				t.Errorf("of a hundred sentences with %d bytes of %s, %d are kept and truncated = %q, want %d and %q", size, fact, kept, got, want, said)
			}
		}
	}
}

func TestSentenceThatPanicsIsAFaultOfTheStyle(t *testing.T) {
	s := problem.RFC9457
	s.FieldText = func(problem.FieldError) string { panic("no") }
	fields := slices.Repeat([]problem.FieldError{{Message: strings.Repeat("x", 1000)}}, 100)
	if w := respond(problem.Config{Style: s}, problem.Validation.New("").WithFields(fields...)); w.Code != 500 || decode(t, w).Code != "internal" {
		t.Errorf("the answer is %d %s, want a plain Internal", w.Code, w.Body)
	}
}

// If the body of a style is too long, parts of the view are left out until it is not.
func TestBodyThatIsTooLongSaysLess(t *testing.T) {
	const tooLong = 48 << 10
	field := problem.FieldError{Path: problem.Path{"a"}, Rule: "required"}
	one := problem.Conflict.New("").WithDetail("a", 1)
	for _, c := range []struct {
		rule      string
		err       error
		long      func(*problem.View) bool
		want      int // bytes
		truncated string
	}{
		{"one field", problem.Validation.New("").WithFields(field), func(v *problem.View) bool { return len(v.Fields) > 0 }, 2, "1 fields"},
		{"half of the fields, again and again", problem.Validation.New("").WithFields(field, field, field, field, field), func(v *problem.View) bool { return len(v.Fields) > 2 }, 2, "3 fields"},
		{"one detail", one, func(v *problem.View) bool { return len(v.Details) > 0 }, 2, "detail a: has no place"},
		{"all details", one.WithDetail("b", 2), func(v *problem.View) bool { return len(v.Details) > 0 }, 2, "detail a: has no place; detail b: has no place"},
		{"fields before details", one.WithFields(field), func(v *problem.View) bool { return len(v.Fields) > 0 }, 2, "1 fields"},
		{"the debug block", problem.Conflict, func(v *problem.View) bool { return v.Debug != nil }, 2, ""},
		{"most of the text", problem.Conflict.New(strings.Repeat("x", 2<<10)), func(v *problem.View) bool { return len(v.Message) > 1<<10 }, 2, ""},
		{"a text of 1 KiB is not cut", problem.Conflict.New(strings.Repeat("x", 1<<10)), func(*problem.View) bool { return true }, tooLong, ""},
	} {
		var book logbook
		s := plainStyle(func(dst []byte, v *problem.View) ([]byte, error) {
			if v.Kind != problem.Internal && c.long(v) {
				return append(dst, make([]byte, tooLong)...), nil
			}
			return append(dst, "{}"...), nil
		})
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header = asked("true")
		w := serve(problem.Config{Style: s, Logger: book.logger(), Debug: always}, r, returning(c.err))
		if got := book.one(t)["truncated"]; w.Code == 500 || w.Body.Len() != c.want || got != c.truncated {
			t.Errorf("%s: the answer is %d with %d bytes, truncated = %q, want %d bytes and %q", c.rule, w.Code, w.Body.Len(), got, c.want, c.truncated)
		}
	}
}

// The log has one number for all fields that were left out because of any bound.
func TestNumberOfFieldsThatAreLeftOut(t *testing.T) {
	for _, c := range []struct {
		name string
		err  *problem.Error
	}{
		{"added at once", problem.Validation.New("").WithFields(manyFields(130)...)},
		{"added one after the other", problem.Validation.New("").WithFields(manyFields(90)...).WithFields(manyFields(30)...).WithFields(manyFields(10)...)},
		{"taken over", problem.Validation.WrapFields(nil, manyFields(130))},
	} {
		var book logbook
		w := respond(problem.Config{Logger: book.logger()}, c.err)
		sent := strings.Count(w.Body.String(), `"pointer":`)
		if got, want := book.one(t)["truncated"], fmt.Sprint(130-sent, " fields"); sent == 0 || got != want {
			t.Errorf("%s: truncated = %q, want %q", c.name, got, want)
		}
	}
}

// manyFields returns n fields, of which only about a dozen fit into an answer.
func manyFields(n int) []problem.FieldError {
	fields := make([]problem.FieldError, n)
	for i := range fields {
		fields[i] = problem.FieldError{Path: problem.Path{"items", i}, Message: strings.Repeat("x", 1200)}
	}
	return fields
}

func TestUsualFieldsAreAllThere(t *testing.T) {
	fields := make([]problem.FieldError, 100)
	for i := range fields {
		fields[i] = problem.FieldError{Path: problem.Path{"items", i, "name"}, Rule: "required"}
	}
	w := respond(problem.Config{}, problem.Validation.New("").WithFields(fields...))
	if n := strings.Count(w.Body.String(), `"pointer":`); n != 100 {
		t.Errorf("of a hundred usual fields %d are answered, want all", n)
	}
}

// A path is cut between two characters, however they are escaped.
func TestLongPathIsCutBetweenCharacters(t *testing.T) {
	for name, text := range map[string]string{
		"ASCII": "x", "two bytes": "é", "two high ones": "ÿ", "three": "€", "four": "🙂", "no UTF-8": "\xff", "bytes that only continue": "\x80",
	} {
		for shift := range 13 {
			path := "/" + strings.Repeat("a", shift) + strings.Repeat(text, 1200)
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.URL = &url.URL{Path: path}
			var got string
			s := problem.RFC9457
			s.Append = func(dst []byte, v *problem.View) ([]byte, error) { got = v.Path; return append(dst, "{}"...), nil }
			serve(problem.Config{Style: s}, r, returning(problem.NotFound))
			want := ""
			for rest := path; ; {
				_, size := utf8.DecodeRuneInString(rest)
				next := (&url.URL{Path: rest[:size]}).EscapedPath()
				if len(want)+len(next) > 1<<10 {
					break
				}
				want, rest = want+next, rest[size:]
			}
			if got != want {
				t.Errorf("%s, shifted by %d: the path is cut to %d bytes that end in %q, want the %d that make whole characters", name, shift, len(got), got[len(got)-15:], len(want))
			}
		}
	}
	for size, want := range map[int]string{1 << 10: "", 1<<10 + 1: "path"} {
		var book logbook
		r := httptest.NewRequest(http.MethodGet, "/"+strings.Repeat("x", size-1), nil)
		serve(problem.Config{Logger: book.logger()}, r, returning(problem.NotFound))
		if got := book.one(t)["truncated"]; got != want {
			t.Errorf("truncated of a path of %d bytes = %q, want %q", size, got, want)
		}
	}
}
