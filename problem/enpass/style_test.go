package enpass_test

import (
	"log/slog"
	"testing"

	"github.com/backstop-go/backstop/internal/golden"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/enpass"
	"github.com/backstop-go/backstop/problem/problemtest"
)

func TestStyleKeepsItsPromises(t *testing.T) { problemtest.Run(t, enpass.Style) }

// published is what a handler returns for each example of the page.
var published = map[string]error{
	"unknown-error": problem.Internal,
}

// TestPublishedBodies reproduces every example of the page, byte by byte except for
// white space.
func TestPublishedBodies(t *testing.T) {
	errs := problem.New(problem.Config{Style: enpass.Style, Logger: slog.New(slog.DiscardHandler)})
	golden.Replay(t, "testdata/vectors", published, errs.Respond)
}

func TestDescriptionListsFields(t *testing.T) {
	fields := []problem.FieldError{
		{Path: problem.Path{"items", 1, "name"}, Rule: "required"},
		{Rule: "json"},
		{In: problem.InQuery, Path: problem.Path{"limit"}, Message: `must not be "0"`},
	}
	tests := []struct {
		name string
		view problem.View
		want string
	}{
		{
			"fields",
			problem.View{Kind: problem.Validation, Message: "Validation failed", Fields: fields},
			`items[1].name: is required; must be a valid JSON string; limit: must not be \"0\"`,
		},
		{"no fields", problem.View{Kind: problem.Validation, Message: "Validation failed"}, "Validation failed"},
		{"an error of another kind has its text", problem.View{Kind: problem.Conflict, Message: "Name is taken", Fields: fields}, "Name is taken"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.view.Code = "some_code"
			body, err := enpass.Style.Append(nil, &test.view)
			if err != nil {
				t.Fatal(err)
			}
			want := `{"error":true,"code":"some_code","description":"` + test.want + `"}`
			if string(body) != want {
				t.Errorf("body\n got: %s\nwant: %s", body, want)
			}
		})
	}
}
