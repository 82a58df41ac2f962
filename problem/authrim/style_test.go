package authrim_test

import (
	"bytes"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/internal/golden"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/problemtest"
)

func TestStyleKeepsItsPromises(t *testing.T) { problemtest.Run(t, authrim.Style) }

var (
	badEmail = problem.FieldError{Path: problem.Path{"email"}, Rule: "email", Want: problem.TypeString, Presence: problem.Present}
	noName   = problem.FieldError{Path: problem.Path{"name"}, Rule: "required", Want: problem.TypeString, Presence: problem.Absent}
)

// published is what a handler returns for each example of the page.
var published = map[string]error{
	"conflict":        problem.Conflict.New("This email address is already in use"),
	"debug":           problem.Validation.New("").WithFields(badEmail),
	"forbidden":       problem.Forbidden,
	"internal":        problem.Internal,
	"invalid-request": problem.InvalidRequest,
	"not-found":       problem.NotFound.New("The specified user was not found"),
	"rate-limited":    problem.RateLimited.New("").WithRetryAfter(time.Minute),
	"shape": problem.Code{Name: "error_code", Kind: problem.Conflict}.New("Detailed error description").
		WithDetail("field", "Additional information (optional)"),
	"unauthorized": problem.Unauthenticated,
	"validation":   problem.Validation.New("").WithFields(badEmail, noName),
}

func responder(debug bool) *problem.Responder {
	return problem.New(problem.Config{
		Style:  authrim.Style,
		Logger: slog.New(slog.DiscardHandler),
		Debug:  func(*http.Request) bool { return debug },
	})
}

// TestPublishedBodies reproduces every example of the page, byte by byte except for
// white space. In the debug block the page shows {...} for the body of the request,
// where the test sends {}, and "..." for the stack, which the test replaces.
func TestPublishedBodies(t *testing.T) {
	errs := responder(true)
	golden.Replay(t, "testdata/vectors", published, func(w http.ResponseWriter, r *http.Request, failure error) {
		if r.Header.Get("X-Debug") != "" {
			r.Body = io.NopCloser(strings.NewReader("{}"))
		}
		answer := httptest.NewRecorder()
		errs.Handler(readAndFail(failure)).ServeHTTP(answer, r)
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		w.Write(bytes.Replace(answer.Body.Bytes(), []byte(`"stack_trace":""`), []byte(`"stack_trace":"..."`), 1))
	}, "Retry-After")
}

func readAndFail(failure error) problem.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) error {
		if _, err := io.ReadAll(r.Body); err != nil {
			return err
		}
		return failure
	}
}

func TestDetails(t *testing.T) {
	errs := responder(false)
	tests := []struct {
		name string
		err  error
		want string // what follows the description
	}{
		{"a validation error always has details", problem.Validation, `,"details":{}}`},
		{
			"the details of a validation error are sentences only", problem.Validation.New("").WithFields(noName).WithDetail("limit", 3),
			`,"details":{"name":"Name is required"}}`,
		},
		{
			"of two sentences for a path the first is sent", problem.Validation.New("").WithFields(noName, problem.FieldError{Path: noName.Path, Message: "No"}),
			`,"details":{"name":"Name is required"}}`,
		},
		{
			"another code has the details of the handler", authrim.UserLocked.New("").WithDetail("until", 3).WithDetail("by", "ann"),
			`,"details":{"until":3,"by":"ann"}}`,
		},
		{
			"the fields of another code replace the details of the handler", authrim.InvalidEmail.New("").WithFields(badEmail).WithDetail("limit", 3),
			`,"details":{"email":"Please enter a valid email address"}}`,
		},
		{"without fields and details there is no member", problem.NotFound, `}`},
		{"a delay is in the body only with status 429", problem.Unavailable.New("").WithRetryAfter(time.Second), `}`},
		{"a delay is rounded up", problem.RateLimited.New("").WithRetryAfter(1100 * time.Millisecond), `,"retry_after":2}`},
		{"without a delay there is no retry_after", problem.RateLimited, `}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			errs.Respond(w, httptest.NewRequest("POST", "/", nil), test.err)
			_, rest, _ := bytes.Cut(w.Body.Bytes(), []byte(`"error_description":"`))
			_, got, _ := bytes.Cut(rest, []byte(`"`))
			if string(got) != test.want {
				t.Errorf("after the description the body has %s, want %s", got, test.want)
			}
		})
	}
}

func TestDebugNeedsTwoLocks(t *testing.T) {
	for _, open := range []bool{false, true} {
		for _, asked := range []bool{false, true} {
			r := httptest.NewRequest("POST", "/", bytes.NewReader([]byte(`{"password":"x"}`)))
			if asked {
				r.Header.Set("X-Debug", "true")
			}
			w := httptest.NewRecorder()
			responder(open).Handler(readAndFail(problem.NotFound)).ServeHTTP(w, r)
			got := bytes.Contains(w.Body.Bytes(), []byte(`,"debug":{"stack_trace":"","request_body":{"password":"[REDACTED]"},"timestamp":"`))
			if got != (open && asked) {
				t.Errorf("with Config.Debug saying %t and X-Debug sent %t the body is %s", open, asked, w.Body)
			}
		}
	}
}

func TestDebugWithoutBody(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Debug", "true")
	w := httptest.NewRecorder()
	synctest.Test(t, func(*testing.T) { responder(true).Handler(readAndFail(problem.NotFound)).ServeHTTP(w, r) })
	const want = `{"error":"not_found","error_description":"Resource not found","debug":{"stack_trace":"","timestamp":"2000-01-01T00:00:00Z"}}`
	if got := w.Body.String(); got != want {
		t.Errorf("body = %s, want %s", got, want)
	}
}
