package problem_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/backstop-go/backstop/problem"
)

// emailTaken and nameTaken are two codes of an API. sameName has the name of emailTaken, and
// withoutName has its kind.
var (
	emailTaken  = problem.Code{Name: "email_taken", Kind: problem.Conflict, Status: 409, Message: "E-mail is taken"}
	nameTaken   = problem.Code{Name: "name_taken", Kind: problem.Conflict}
	sameName    = problem.Code{Name: "email_taken", Kind: problem.Validation, Status: 422}
	withoutName = problem.Code{Kind: problem.Conflict, Status: 418, Message: "Teapot"}
)

func TestIs(t *testing.T) {
	one := problem.NotFound.New("")
	for _, c := range []struct {
		rule   string
		err    error
		target error
		want   bool
	}{
		{"a kind is itself", problem.NotFound, problem.NotFound, true},
		{"a kind is no other kind", problem.TokenExpired, problem.Unauthenticated, false},
		{"a kind is no code", problem.Conflict, emailTaken, false},
		{"an error is its kind", problem.NotFound.New("gone"), problem.NotFound, true},
		{"an error is not a broader kind", problem.TokenExpired.New(""), problem.Unauthenticated, false},
		{"a wrapped error is its kind", fmt.Errorf("load: %w", problem.NotFound.New("")), problem.NotFound, true},
		{"a joined error is its kind", errors.Join(io.EOF, problem.NotFound.New("")), problem.NotFound, true},
		{"a code is its kind", emailTaken, problem.Conflict, true},
		{"a code is itself", emailTaken, emailTaken, true},
		{"a code is another code with the same name", emailTaken, sameName, true},
		{"a code is no other code of its kind", emailTaken, nameTaken, false},
		{"codes without names are not the same code", withoutName, problem.Code{Kind: problem.Conflict}, false},
		{"an error with a code is the code", emailTaken.New("x"), emailTaken, true},
		{"an error with a code is its kind", emailTaken.Wrap(io.EOF, ""), problem.Conflict, true},
		{"an error with a code is no other code", emailTaken.New(""), nameTaken, false},
		{"an error of a kind is no code of that kind", problem.Conflict.New(""), emailTaken, false},
		{"an error is its cause", problem.Internal.Wrap(io.EOF, ""), io.EOF, true},
		{"an error is itself", one, one, true},
		{"an error is no other error with the same text", one, problem.NotFound.New(""), false},
		{"a copy is no longer the original", one.WithRetryAfter(1), one, false},
		{"a copy is of the same kind", one.WithRetryAfter(1), problem.NotFound, true},
		{"a nil error is nothing", (*problem.Error)(nil), problem.Internal, false},
	} {
		if got := errors.Is(c.err, c.target); got != c.want {
			t.Errorf("%s: errors.Is(%v, %v) = %v, want %v", c.rule, c.err, c.target, got, c.want)
		}
	}
}

func TestCodeIsThereIfItWasNamed(t *testing.T) {
	for _, c := range []struct {
		err  *problem.Error
		want problem.Code
		ok   bool
	}{
		{emailTaken.New("x"), emailTaken, true}, {withoutName.New(""), withoutName, true}, {problem.Conflict.New(""), problem.Code{}, false},
	} {
		if got, ok := c.err.Code(); got != c.want || ok != c.ok {
			t.Errorf("Code() of %v = %+v, %t, want %+v, %t", c.err, got, ok, c.want, c.ok)
		}
	}
}

func TestKindNames(t *testing.T) {
	seen := map[string]problem.Kind{}
	for k := problem.Internal; k <= problem.ClientClosed; k++ {
		name := k.String()
		if other, ok := seen[name]; ok || name == "" {
			t.Errorf("Kind(%d).String() = %q, which is also Kind(%d)", k, name, other)
		}
		seen[name] = k
		if k.Error() != name {
			t.Errorf("Kind(%d).Error() = %q, want %q", k, k.Error(), name)
		}
	}
	for _, k := range []problem.Kind{problem.ClientClosed + 1, 200} {
		if got := k.String(); got != "internal" {
			t.Errorf("Kind(%d).String() = %q, want internal, as for every number that is no kind", k, got)
		}
	}
	if got := problem.Kind(200).New("").Kind(); got != problem.Internal {
		t.Errorf("Kind(200).New().Kind() = %v, want internal", got)
	}
	for _, err := range []error{problem.Kind(200).New("x"), problem.Code{Name: "x", Kind: 200}.New("")} {
		if !errors.Is(err, problem.Internal) {
			t.Errorf("%v is not of the kind Internal, want that it is", err)
		}
	}
}

func TestErrorIsForLogs(t *testing.T) {
	fields := []problem.FieldError{
		{Path: problem.Path{"tags", 0, "key"}, Rule: "required"},
		{Path: problem.Path{"age"}, Rule: "max", Param: "9"},
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{problem.NotFound, "not_found"},
		{problem.NotFound.New("Secret not found"), "not_found: Secret not found"},
		{problem.NotFound.Wrap(io.EOF, ""), "not_found: EOF"},
		{problem.NotFound.Wrap(io.EOF, "Gone"), "not_found: Gone: EOF"},
		{problem.Validation.Wrap(io.EOF, "").WithFields(fields...), "validation: tags[0].key required, age max: EOF"},
		{problem.Validation.New("").WithFields(fields[1]), "validation: age max"},
		{emailTaken, "email_taken: E-mail is taken"},
		{nameTaken, "name_taken"},
		{withoutName, "Teapot"},
		{problem.Code{Kind: problem.Gone}, "gone"},
		{emailTaken.New(""), "email_taken: E-mail is taken"},
		{emailTaken.Wrap(io.EOF, "Taken"), "email_taken: Taken: EOF"},
		{(*problem.Error)(nil), "<nil>"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("Error() = %q, want %q", got, c.want)
		}
	}
}

func TestLogValueGroups(t *testing.T) {
	for want, e := range map[string]*problem.Error{
		"[kind=conflict code=email_taken text=Taken fields=email unique cause=EOF]": emailTaken.Wrap(io.EOF, "Taken").
			WithFields(problem.FieldError{Path: problem.Path{"email"}, Rule: "unique"}),
		"[kind=gone]": problem.Gone.New(""),
	} {
		if got := e.LogValue().String(); got != want {
			t.Errorf("LogValue() = %s, want %s", got, want)
		}
	}
	if got := (*problem.Error)(nil).LogValue(); !got.Equal(slog.Value{}) {
		t.Errorf("LogValue() of nil = %v, want nothing", got)
	}
}

func TestStatusText(t *testing.T) {
	for status, want := range map[int]string{
		400: "Bad Request",
		413: "Content Too Large",
		422: "Unprocessable Content",
		499: "Client Error",
		503: "Service Unavailable",
		599: "Server Error",
	} {
		if got := problem.StatusText(status); got != want {
			t.Errorf("StatusText(%d) = %q, want %q", status, got, want)
		}
	}
	for status := 400; status < 600; status++ {
		if text := http.StatusText(status); text != "" && status != 413 && status != 422 && problem.StatusText(status) != text {
			t.Errorf("StatusText(%d) = %q, want %q as in net/http", status, problem.StatusText(status), text)
		}
	}
}

func TestKindOf(t *testing.T) {
	named := map[int]problem.Kind{
		401: problem.Unauthenticated, 403: problem.Forbidden, 404: problem.NotFound, 405: problem.MethodNotAllowed,
		406: problem.NotAcceptable, 408: problem.RequestTimeout, 409: problem.Conflict, 410: problem.Gone,
		413: problem.PayloadTooLarge, 415: problem.UnsupportedMediaType, 422: problem.Validation, 429: problem.RateLimited,
		502: problem.UpstreamFailed, 503: problem.Unavailable, 504: problem.Timeout,
	}
	for status := 400; status < 600; status++ {
		want, ok := named[status]
		if !ok {
			want = []problem.Kind{problem.InvalidRequest, problem.Internal}[status/500]
		}
		if got := problem.KindOf(status); got != want {
			t.Errorf("KindOf(%d) = %v, want %v", status, got, want)
		}
	}
}

// A Code with a status but without a kind has the kind of that status.
func TestCodeWithoutKind(t *testing.T) {
	for _, c := range []struct {
		code problem.Code
		want problem.Kind
	}{
		{problem.Code{Status: 403}, problem.Forbidden},
		{problem.Code{Status: 404, Name: "no_such_thing"}, problem.NotFound},
		{problem.Code{Status: 402, Message: "Pay"}, problem.InvalidRequest},
		{problem.Code{Status: 499}, problem.InvalidRequest},
		{problem.Code{Status: 504}, problem.Timeout},
		{problem.Code{Status: 507}, problem.Internal},
		{problem.Code{Status: 403, Kind: problem.NotFound}, problem.NotFound},
		{problem.Code{Status: 200}, problem.Internal}, // answered as 500
		{problem.Code{Name: "odd"}, problem.Internal},
	} {
		for name, err := range map[string]error{"bare": c.code, "New": c.code.New("x"), "Wrap": c.code.Wrap(io.EOF, "")} {
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %+v is not %v, want that it is", name, c.code, c.want)
			}
			if c.want != problem.Internal && errors.Is(err, problem.Internal) {
				t.Errorf("%s: %+v is also Internal", name, c.code)
			}
		}
	}
	if got := (problem.Code{Status: 403}).Error(); got != "forbidden" {
		t.Errorf("Error() = %q, want forbidden", got)
	}
}

// A Code with the status 403 and without a kind is hidden as Forbidden is.
func TestCodeWithoutKindIsHidden(t *testing.T) {
	var book logbook
	w := respond(problem.Config{HideForbidden: true, Logger: book.logger()}, problem.Code{Status: 403})
	if w.Code != 404 {
		t.Errorf("a hidden Code{Status: 403} is answered %d, want 404", w.Code)
	}
	if r := book.one(t); r["kind"] != "forbidden" || r["hidden"] != "true" {
		t.Errorf("logged %v, want the kind forbidden, hidden", r)
	}
}
