package enpass_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/backstop-go/backstop/internal/golden"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/enpass"
)

// published says what a handler returns for each example of the page.
var published = map[string]error{
	"unknown-error": problem.Internal,
}

// TestPublishedBodies reproduces every example of the page, byte for byte but
// for white space.
func TestPublishedBodies(t *testing.T) {
	errs := problem.New(problem.Config{Style: enpass.Style, Logger: slog.New(slog.DiscardHandler)})
	for _, v := range golden.Vectors(t, "testdata/vectors") {
		t.Run(v.Name, func(t *testing.T) {
			failure, ok := published[v.Name]
			if !ok {
				t.Fatal("no test knows what a handler returns for this example")
			}
			synctest.Test(t, func(t *testing.T) {
				v.Wait(t)
				w := httptest.NewRecorder()
				handler := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return failure })
				errs.Handler(handler).ServeHTTP(w, v.NewRequest())
				v.Compare(t, w.Code, w.Header(), w.Body.Bytes())
			})
		})
	}
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
		{"another kind has its text", problem.View{Kind: problem.Conflict, Message: "Name is taken", Fields: fields}, "Name is taken"},
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
