package problem_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/enkryptify"
	"github.com/backstop-go/backstop/problem/entryguard"
)

// quiet keeps the log out of the examples.
var quiet = slog.New(slog.DiscardHandler)

// get prints what a client reads.
func get(h http.Handler, path string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	fmt.Println(w.Code, w.Body)
}

// A handler says what went wrong. The client is not told why; the log is.
func Example() {
	secret := func(_ http.ResponseWriter, r *http.Request) error {
		err := sql.ErrNoRows // from the database
		if errors.Is(err, sql.ErrNoRows) {
			return problem.NotFound.Wrap(err, "Secret not found")
		}
		return fmt.Errorf("load secret %s: %w", r.PathValue("id"), err)
	}
	errs := problem.New(problem.Config{Logger: quiet})
	mux := http.NewServeMux()
	mux.Handle("GET /secrets/{id}", problem.HandlerFunc(secret))

	get(errs.Handler(mux), "/secrets/7")
	// Output:
	// 404 {"type":"about:blank","title":"Not Found","status":404,"detail":"Secret not found","code":"not_found"}
}

// One handler in two styles: another word, another status, another body.
func ExampleConfig() {
	register := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return problem.Validation.New("").WithFields(problem.FieldError{
			Path: problem.Path{"email"}, Rule: "email",
		})
	})
	get(problem.New(problem.Config{Style: enkryptify.Style, Logger: quiet}).Handler(register), "/register")
	get(problem.New(problem.Config{Logger: quiet}).Handler(register), "/register")
	// Output:
	// 400 {"message":"email: Invalid email"}
	// 422 {"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"Validation failed","code":"validation","errors":[{"detail":"must be a valid email address","pointer":"#/email"}]}
}

// Map gives kinds to errors that this package does not know.
func ExampleConfig_map() {
	errs := problem.New(problem.Config{
		Logger: quiet,
		Map: func(_ context.Context, err error) error {
			if errors.Is(err, sql.ErrNoRows) {
				return problem.NotFound.Wrap(err, "")
			}
			return nil // not mine
		},
	})
	get(errs.Handler(problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return fmt.Errorf("load secret: %w", sql.ErrNoRows)
	})), "/secrets/7")
	// Output:
	// 404 {"type":"about:blank","title":"Not Found","status":404,"detail":"Resource not found","code":"not_found"}
}

// errors.Is compares an error with a kind or a code.
func ExampleKind() {
	for _, err := range []error{
		problem.NotFound.New("Secret not found"),
		fmt.Errorf("register: %w", authrim.EmailAlreadyExists),
		authrim.Conflict.New(""),
		sql.ErrConnDone,
	} {
		switch {
		case errors.Is(err, problem.NotFound):
			fmt.Println("nothing there")
		case errors.Is(err, authrim.EmailAlreadyExists):
			fmt.Println("this e-mail address is taken")
		case errors.Is(err, problem.Conflict):
			fmt.Println("some other conflict")
		default:
			fmt.Println("not for the client to know")
		}
	}
	// Output:
	// nothing there
	// this e-mail address is taken
	// some other conflict
	// not for the client to know
}

// A code keeps its name, status and text in any style that has a place for them.
func ExampleCode() {
	versionConflict := problem.Code{
		Name: "version_conflict", Kind: problem.Conflict, Status: http.StatusPreconditionFailed,
		Message: "The secret was changed by somebody else",
	}
	errs := problem.New(problem.Config{Logger: quiet})
	get(errs.Handler(problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return versionConflict.New("").WithDetail("version", 7)
	})), "/secrets/7")
	// Output:
	// 412 {"type":"about:blank","title":"Precondition Failed","status":412,"detail":"The secret was changed by somebody else","code":"version_conflict","version":7}
}

type acmeBody struct {
	OK     bool              `json:"ok"`
	Reason string            `json:"reason"`
	Text   string            `json:"text"`
	Trace  string            `json:"trace,omitempty"`
	Bad    map[string]string `json:"bad,omitempty"`
}

// acme is a style of your own: a copy with another outcome and another encoder.
func acme() problem.Style {
	s := problem.RFC9457 // a copy: the outcomes are an array
	s.Name, s.ContentType = "acme", "application/json"
	s.Outcomes[problem.Validation] = problem.Outcome{Status: 400, Code: "bad_input"}
	s.Append = func(dst []byte, v *problem.View) ([]byte, error) {
		return problem.AppendJSON(dst, acmeBody{false, v.Code, v.Message, v.RequestID, v.FieldMap()})
	}
	s.Decode = nil // clients of acme are not ours
	return s
}

func ExampleStyle() {
	errs := problem.New(problem.Config{Style: acme(), Logger: quiet})
	get(errs.Handler(problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return problem.Validation.New("").WithFields(
			problem.FieldError{Path: problem.Path{"tags", 0, "key"}, Rule: "required"},
			problem.FieldError{Path: problem.Path{"email"}, Message: "is already taken"},
		)
	})), "/things")
	// Output:
	// 400 {"ok":false,"reason":"bad_input","text":"Validation failed","bad":{"email":"is already taken","tags[0].key":"is required"}}
}

// A process can have two responders. The innermost one that a request has reached
// answers it.
func ExampleResponder_Handler() {
	outer := problem.New(problem.Config{Logger: quiet})
	public := problem.New(problem.Config{Style: entryguard.Style, Logger: quiet})
	gone := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return problem.Gone })
	mux := http.NewServeMux()
	mux.Handle("/admin/", gone)
	mux.Handle("/public/", public.Handler(gone))
	app := outer.Handler(mux)
	for _, path := range []string{"/admin/", "/public/"} {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		fmt.Println(path, w.Header().Get("Content-Type"))
	}
	// Output:
	// /admin/ application/problem+json
	// /public/ application/json
}
