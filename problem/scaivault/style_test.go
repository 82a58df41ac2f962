package scaivault_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/internal/golden"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/problemtest"
	"github.com/backstop-go/backstop/problem/scaivault"
)

func TestStyleKeepsItsPromises(t *testing.T) { problemtest.Run(t, scaivault.Style) }

// published is what a handler returns for each example of the page.
var published = map[string]error{
	"secret-not-found": scaivault.SecretNotFound.New("Secret 'environments/production/missing' not found").
		WithDetail("path", "environments/production/missing"),
}

// TestPublishedBodies reproduces every example of the page, byte by byte except for
// white space.
func TestPublishedBodies(t *testing.T) {
	golden.Replay(t, "testdata/vectors", published, func(w http.ResponseWriter, r *http.Request, failure error) {
		respond(w, r, "req_abc", failure)
	})
}

// respond answers a request that has an ID.
func respond(w http.ResponseWriter, r *http.Request, id string, failure error) {
	errs := problem.New(problem.Config{Style: scaivault.Style, Logger: slog.New(slog.DiscardHandler)})
	x, w, r := exchange.Enter(w, r)
	header := "X-Request-Id"
	x.Identify(&header, id)
	errs.Respond(w, r, failure)
}

func TestDetails(t *testing.T) {
	wrongType := problem.FieldError{Path: problem.Path{"tags", 0, "key"}, Rule: "type", Want: problem.TypeString, Got: problem.TypeInteger}
	tooLong := problem.FieldError{Path: problem.Path{"name"}, Rule: "max", Param: "9", Max: "9", Want: problem.TypeString}
	tests := []struct {
		name   string
		err    error
		status int
		want   string
	}{
		{
			"a broken rule is a validation error", problem.Validation.New("").WithFields(tooLong), 422,
			`{"error":{"code":"validation_error","message":"Validation failed","details":{"fields":[` +
				`{"field":"name","message":"must be at most 9 characters"}]},"request_id":"req_1"}}`,
		},
		{
			"a shape problem is an invalid request, with all fields", problem.Validation.New("").WithFields(tooLong, wrongType), 400,
			`{"error":{"code":"invalid_request","message":"Malformed request","details":{"fields":[` +
				`{"field":"name","message":"must be at most 9 characters"},{"field":"tags[0].key","message":"must be a string"}]},"request_id":"req_1"}}`,
		},
		{
			"a malformed body has no details", problem.InvalidRequest, 400,
			`{"error":{"code":"invalid_request","message":"Malformed request","request_id":"req_1"}}`,
		},
		{
			"fields replace a detail with the name fields", problem.Validation.New("").WithFields(tooLong).WithDetail("a", 1).WithDetail("fields", 2).WithDetail("b", "x"), 422,
			`{"error":{"code":"validation_error","message":"Validation failed","details":{"fields":[` +
				`{"field":"name","message":"must be at most 9 characters"}],"a":1,"b":"x"},"request_id":"req_1"}}`,
		},
		{
			"without fields a detail may have the name fields", scaivault.InvalidPolicy.New("").WithDetail("fields", 2), 400,
			`{"error":{"code":"invalid_policy","message":"Policy rules/bindings invalid","details":{"fields":2},"request_id":"req_1"}}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			respond(w, httptest.NewRequest("POST", "/", nil), "req_1", test.err)
			if w.Code != test.status || w.Body.String() != test.want {
				t.Errorf("answer\n got: %d %s\nwant: %d %s", w.Code, w.Body, test.status, test.want)
			}
		})
	}
}

func TestWithoutRequestID(t *testing.T) {
	w := httptest.NewRecorder()
	respond(w, httptest.NewRequest("GET", "/", nil), "", problem.NotFound)
	if got, want := w.Body.String(), `{"error":{"code":"not_found","message":"Resource not found"}}`; got != want {
		t.Errorf("body = %s, want %s", got, want)
	}
}
