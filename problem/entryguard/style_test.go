package entryguard_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/backstop-go/backstop/internal/golden"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/problem/problemtest"
)

func TestStyleKeepsItsPromises(t *testing.T) { problemtest.Run(t, entryguard.Style) }

// published is what a handler returns for each example of the page.
var published = map[string]error{
	"api-key-scope":   problem.InsufficientScope,
	"business-rule":   problem.InvalidRequest.New("Maximum number of users (10) reached for your organization"),
	"expired-token":   problem.TokenExpired,
	"forbidden-admin": problem.Forbidden.New("Access denied. Administrator privileges required."),
	"internal":        http.ErrBodyNotAllowed, // any error of another package
	"missing-token":   problem.Unauthenticated,
	"not-found":       problem.NotFound,
	"rate-limited":    problem.RateLimited,
	"validation-format": problem.Validation.New("").WithFields(
		problem.FieldError{Path: problem.Path{"email"}, Rule: "required", Want: problem.TypeString, Presence: problem.Absent},
		tooShort,
	),
	"validation-register": problem.Validation.New("").WithFields(
		problem.FieldError{Path: problem.Path{"organizationName"}, Rule: "required", Want: problem.TypeString, Presence: problem.Zero},
		problem.FieldError{Path: problem.Path{"email"}, Rule: "email", Want: problem.TypeString, Presence: problem.Present},
		tooShort,
	),
}

var tooShort = problem.FieldError{
	Path: problem.Path{"password"}, Rule: "min", Param: "8", Min: "8", Max: "128",
	Want: problem.TypeString, Presence: problem.Present,
}

// TestPublishedBodies reproduces every example of the page, byte by byte except for
// white space.
func TestPublishedBodies(t *testing.T) {
	errs := problem.New(problem.Config{Style: entryguard.Style, Logger: slog.New(slog.DiscardHandler)})
	golden.Replay(t, "testdata/vectors", published, errs.Respond)
}

// The vendor's client decodes validationErrors into a map[string]string. If a value were
// not a string, it could not decode the body at all.
func TestFieldsAreOneStringEach(t *testing.T) {
	field := func(in problem.In, path problem.Path, text string) problem.FieldError {
		return problem.FieldError{In: in, Path: path, Message: text}
	}
	v := problem.View{Status: 400, Message: "Validation failed", Path: "/x", Fields: []problem.FieldError{
		field(problem.InPath, problem.Path{"id"}, "must be a valid UUID"),
		field(problem.InBody, problem.Path{"tags", 0, "key"}, "b"),
		field(problem.InBody, problem.Path{"id"}, "the second of its name"),
		field(problem.InBody, problem.Path{"meta", problem.Key(`a.b]"c`)}, "c"),
		field(problem.InBody, nil, "the whole body"),
	}}
	body, err := entryguard.Style.Append(nil, &v)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"timestamp":"0001-01-01T00:00:00Z","status":400,"error":"Bad Request","message":"Validation failed","path":"/x",` +
		`"validationErrors":{"id":"must be a valid UUID","tags[0].key":"b","meta[\"a.b]\\\"c\"]":"c","":"the whole body"}}`
	if string(body) != want {
		t.Errorf("body\n got: %s\nwant: %s", body, want)
	}
}
