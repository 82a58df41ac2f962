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

// A small request must not be able to ask for a large answer.
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
		"one of them behind short ones": append(slices.Repeat([]problem.FieldError{{Path: problem.Path{"a"}, Rule: "required"}}, 90), field, field, field),
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
		"ASCII": "x", "two bytes": "é", "three": "€", "four": "🙂", "no UTF-8": "\xff", "bytes that only continue": "\x80",
	} {
		for shift := range 13 {
			path := "/" + strings.Repeat("a", shift) + strings.Repeat(text, 1200)
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.URL = &url.URL{Path: path}
			var got string
			s := problem.RFC9457
			s.Append = func(dst []byte, v *problem.View) ([]byte, error) { got = v.Path; return append(dst, "{}"...), nil }
			serve(problem.Config{Style: s}, r, returning(problem.NotFound))
			plain, err := url.PathUnescape(got)
			if err != nil || !strings.HasPrefix(path, plain) || utf8.ValidString(text) && !utf8.ValidString(plain) || len(got) > 1<<10 || len(got) < 1<<10-12 {
				t.Errorf("%s, shifted by %d: the path is cut to %d bytes that end in %q (%v)", name, shift, len(got), got[len(got)-15:], err)
			}
		}
	}
}
