// Package errors_test is the code of docs/errors.md.
package errors_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// get prints the answer that a client reads.
func get(errs *problem.Responder, h problem.HandlerFunc, edit ...func(*http.Request)) {
	r := httptest.NewRequest("GET", "/notes/7", nil)
	r.SetPathValue("id", "7")
	for _, f := range edit {
		f(r)
	}
	w := httptest.NewRecorder()
	readLanguage(errs.Handler(h)).ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
}

type store struct{}

func (store) Find(_ context.Context, id string) (any, error) {
	switch id {
	case "1":
		return map[string]string{"id": id, "text": "Buy milk"}, nil
	case "7":
		return nil, sql.ErrNoRows
	}
	return nil, fmt.Errorf("the ID %q is none of those that are asked for", id)
}

func (store) Reserve(context.Context, string) (any, error)  { return nil, outOfStock{"lamp"} }
func (store) Replace(context.Context, string, string) error { return errStale }

var (
	notes    store
	errStale = errors.New("row version differs")
)

func getNote(w http.ResponseWriter, r *http.Request) error {
	note, err := notes.Find(r.Context(), r.PathValue("id"))
	if errors.Is(err, sql.ErrNoRows) {
		return problem.NotFound.Wrap(err, "There is no such note")
	}
	if err != nil {
		return fmt.Errorf("find note: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(note)
}

func Example_handler() {
	get(problem.New(problem.Config{}), getNote)
	get(problem.New(problem.Config{}), func(http.ResponseWriter, *http.Request) error {
		return fmt.Errorf("find note: %w", sql.ErrConnDone)
	})
	// Output:
	// 404 {"type":"about:blank","title":"Not Found","status":404,"detail":"There is no such note","code":"not_found"}
	// 500 {"type":"about:blank","title":"Internal Server Error","status":500,"detail":"An unexpected error occurred","code":"internal"}
}

type outOfStock struct{ Item string }

func (e outOfStock) Error() string { return "out of stock: " + e.Item }

func mapErrors(_ context.Context, err error) error {
	if e, ok := errors.AsType[outOfStock](err); ok {
		return problem.Conflict.Wrap(err, "This item is sold out").WithDetail("item", e.Item)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return problem.NotFound.Wrap(err, "")
	}
	return nil
}

func Example_map() {
	errs := problem.New(problem.Config{Map: mapErrors})
	reserve := func(_ http.ResponseWriter, r *http.Request) error {
		_, err := notes.Reserve(r.Context(), "lamp")
		return err
	}
	get(errs, reserve)
	// Output:
	// 409 {"type":"about:blank","title":"Conflict","status":409,"detail":"This item is sold out","code":"conflict","item":"lamp"}
}

var (
	noteLocked  = problem.Code{Name: "note_locked", Kind: problem.Conflict, Status: 423, Message: "Somebody else is editing this note"}
	noteChanged = problem.Code{Name: "note_changed", Kind: problem.Conflict, Message: "The note was changed meanwhile"}
)

func Example_codes() {
	errs := problem.New(problem.Config{})
	get(errs, func(http.ResponseWriter, *http.Request) error { return noteLocked })
	get(errs, func(_ http.ResponseWriter, r *http.Request) error {
		if err := notes.Replace(r.Context(), "7", "Buy milk"); errors.Is(err, errStale) {
			return noteChanged.Wrap(err, "").WithDetail("version", 4)
		}
		return nil
	})
	// Output:
	// 423 {"type":"about:blank","title":"Locked","status":423,"detail":"Somebody else is editing this note","code":"note_locked"}
	// 409 {"type":"about:blank","title":"Conflict","status":409,"detail":"The note was changed meanwhile","code":"note_changed","version":4}
}

func Example_fields() {
	errs := problem.New(problem.Config{})
	get(errs, func(http.ResponseWriter, *http.Request) error {
		return problem.Validation.New("").WithFields(problem.FieldError{
			Path: problem.Path{"email"}, Message: "is already taken",
		})
	})
	// Output:
	// 422 {"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"Validation failed","code":"validation","errors":[{"detail":"is already taken","pointer":"#/email"}]}
}

type booking struct {
	Seats int `json:"seats" validate:"even"`
}

func isEven(_ context.Context, field validator.FieldLevel) bool { return field.Field().Int()%2 == 0 }

func bookings() (http.Handler, error) {
	v, err := validate.New(validate.Config{Rules: map[string]validate.Rule{
		"even": {Check: isEven, Text: "must be even"},
	}})
	if err != nil {
		return nil, err
	}
	return validate.HandlerFunc(v, func(_ http.ResponseWriter, r *http.Request, in booking) error {
		return nil
	}), nil
}

func Example_rules() {
	h, err := bookings()
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest("POST", "/bookings", strings.NewReader(`{"seats":3}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	problem.New(problem.Config{}).Handler(h).ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output:
	// 422 {"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"Validation failed","code":"validation","errors":[{"detail":"must be even","pointer":"#/seats"}]}
}

type languageKey struct{}

func readLanguage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		language := r.Header.Get("Accept-Language")
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), languageKey{}, language)))
	})
}

var german = map[problem.Kind]string{
	problem.NotFound:   "Nicht gefunden",
	problem.Validation: "Bitte prüfen Sie Ihre Angaben",
}

func inGerman(ctx context.Context, err error) error {
	if ctx.Value(languageKey{}) != "de" {
		return nil
	}
	for kind, text := range german {
		if errors.Is(err, kind) {
			return kind.Wrap(err, text).WithFields(germanFields(err)...)
		}
	}
	return nil
}

func germanFields(err error) []problem.FieldError {
	e, ok := errors.AsType[*problem.Error](err)
	if !ok {
		return nil
	}
	fields := e.Fields()
	for n, f := range fields {
		if f.Rule == "required" {
			fields[n].Message = "fehlt"
		}
	}
	return fields
}

func Example_language() {
	errs := problem.New(problem.Config{Map: inGerman})
	handler := func(http.ResponseWriter, *http.Request) error {
		return problem.Validation.New("").WithFields(problem.FieldError{Path: problem.Path{"text"}, Rule: "required"})
	}
	get(errs, handler, func(r *http.Request) { r.Header.Set("Accept-Language", "de") })
	// Output:
	// 422 {"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"Bitte prüfen Sie Ihre Angaben","code":"validation","errors":[{"detail":"fehlt","pointer":"#/text"}]}
}

func Example_twoFormats() {
	public := problem.New(problem.Config{Style: kestrel()})
	internal := problem.New(problem.Config{})
	mux := http.NewServeMux()
	mux.Handle("/internal/notes/{id}", internal.Handler(problem.HandlerFunc(getNote)))
	mux.Handle("/notes/{id}", problem.HandlerFunc(getNote))
	app := middleware.Standard(public)(mux)

	for _, path := range []string{"/notes/7", "/internal/notes/7", "/internal/notes/1"} {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		fmt.Println(w.Code, w.Header().Get("Content-Type"))
	}
	// Output:
	// 404 application/json
	// 404 application/problem+json
	// 200 application/json
}
