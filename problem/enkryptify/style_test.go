package enkryptify_test

import (
	"log/slog"
	"net/http/httptest"
	"testing"

	"github.com/backstop-go/backstop/internal/golden"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/enkryptify"
	"github.com/backstop-go/backstop/problem/problemtest"
)

func TestStyleKeepsItsPromises(t *testing.T) { problemtest.Run(t, enkryptify.Style) }

// published is what a handler returns for each example of the page.
var published = map[string]error{
	"forbidden":    problem.Forbidden,
	"not-found":    problem.NotFound.New("Secret not found"),
	"shape":        problem.Conflict.New("Human-readable description of what went wrong"),
	"unauthorized": problem.Unauthenticated,
	"validation": problem.Validation.New("").WithFields(problem.FieldError{
		Path: problem.Path{"name"}, Rule: "required", Want: problem.TypeString, Presence: problem.Zero,
	}),
}

// TestPublishedBodies reproduces every example of the page, byte by byte except for
// white space.
func TestPublishedBodies(t *testing.T) {
	errs := problem.New(problem.Config{Style: enkryptify.Style, Logger: slog.New(slog.DiscardHandler)})
	golden.Replay(t, "testdata/vectors", published, errs.Respond)
}

func TestMessageListsIssues(t *testing.T) {
	unknown := func(path ...any) problem.FieldError {
		return problem.FieldError{Path: path, Rule: "unknown"}
	}
	missing := problem.FieldError{Path: problem.Path{"tags", 0, "key"}, Rule: "required", Want: problem.TypeString}
	tests := []struct {
		name   string
		fields []problem.FieldError
		want   string
	}{
		{"without fields the message is that of the kind", nil, "Validation failed"},
		{"issues are joined with a comma", []problem.FieldError{missing, missing}, "tags.0.key: Required, tags.0.key: Required"},
		{"the whole body has no path", []problem.FieldError{{Rule: "json"}, missing}, "Invalid input, tags.0.key: Required"},
		{
			"unknown members of the root are one issue without path",
			[]problem.FieldError{unknown("x"), unknown("y")},
			"Unrecognized key(s) in object: 'x', 'y'",
		},
		{
			"unknown members of one object are one issue",
			[]problem.FieldError{unknown("items", 0, "x"), unknown("items", 0, "y")},
			"items.0: Unrecognized key(s) in object: 'x', 'y'",
		},
		{
			"unknown members of each object are one issue",
			[]problem.FieldError{unknown("items", 0, "x"), unknown("items", 1, "x"), unknown("x"), unknown("items", 0, "y")},
			"items.0: Unrecognized key(s) in object: 'x', 'y', items.1: Unrecognized key(s) in object: 'x', Unrecognized key(s) in object: 'x'",
		},
		{
			"another field between unknown members comes after them",
			[]problem.FieldError{unknown("x"), missing, unknown("y")},
			"Unrecognized key(s) in object: 'x', 'y', tags.0.key: Required",
		},
		{
			"unknown members are not joined if Go cannot compare their paths",
			[]problem.FieldError{unknown([]int{1}, "x"), unknown([]int{1}, "y")},
			"?: Unrecognized key(s) in object: 'x', ?: Unrecognized key(s) in object: 'y'",
		},
		{
			"an unknown member with a message is an issue of its own",
			[]problem.FieldError{unknown("x"), {Path: problem.Path{"y"}, Rule: "unknown", Message: "is no setting"}},
			"Unrecognized key(s) in object: 'x', y: is no setting",
		},
	}
	errs := problem.New(problem.Config{Style: enkryptify.Style, Logger: slog.New(slog.DiscardHandler)})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			errs.Respond(w, httptest.NewRequest("POST", "/", nil), problem.Validation.New("").WithFields(test.fields...))
			body := w.Body.String()
			if want := `{"message":"` + test.want + `"}`; body != want {
				t.Errorf("body\n got: %s\nwant: %s", body, want)
			}
		})
	}
}

func TestUnknownMembersAreSeparateIssuesInOtherWords(t *testing.T) {
	s := enkryptify.Style
	s.FieldText = func(problem.FieldError) string { return "unbekannt" }
	errs := problem.New(problem.Config{Style: s, Logger: slog.New(slog.DiscardHandler)})
	w := httptest.NewRecorder()
	errs.Respond(w, httptest.NewRequest("POST", "/", nil), problem.Validation.New("").WithFields(
		problem.FieldError{Path: problem.Path{"x"}, Rule: "unknown"},
		problem.FieldError{Path: problem.Path{"y"}, Rule: "unknown"},
	))
	if got, want := w.Body.String(), `{"message":"x: unbekannt, y: unbekannt"}`; got != want {
		t.Errorf("body = %s, want %s", got, want)
	}
}
