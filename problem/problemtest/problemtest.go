// Package problemtest tests that a [problem.Style] keeps the promises of package
// problem:
//
//	func TestStyle(t *testing.T) { problemtest.Run(t, acme.Style) }
//
// It also tests that a handler does not send secrets:
//
//	func TestNoLeak(t *testing.T) { problemtest.NoLeak(t, app, "postgres://") }
//
// The package does not judge the texts and the statuses of a style; compare those
// with golden files. It tests what a client relies on. For example, a client can parse
// the body, a delay has the same value in the header and in the body, and an answer is
// either a complete error or cut.
package problemtest

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/backstop-go/backstop/problem"
)

// Run checks a style, with one sub-test for each promise. It starts servers on the
// loopback interface. If the style has a Decode, Run checks that, too.
func Run(t *testing.T, style problem.Style) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.promise, func(t *testing.T) { c.run(t, style) })
	}
}

// reporter is the part of [testing.T] that a check needs. The tests of this package use
// another reporter, to see a check fail.
type reporter interface {
	Errorf(format string, args ...any)
}

type check struct {
	promise string
	run     func(reporter, problem.Style)
}

// checks are the promises.
var checks = []check{
	{"every kind has an error status, a body and the declared type", everyKind},
	{"rendering does not change an error", sharedSentinel},
	{"hostile text arrives as text", hostileText},
	{"an error of any size has a bounded body", boundedBody},
	{"no member is null", noNull},
	{"HEAD has the header of GET", headAsGet},
	{"a second error writes nothing", answeredOnce},
	{"a started answer is cut", startedIsCut},
	{"an encoder that fails falls back", failingEncoder},
	{"a delay is one value in header and body", oneDelay},
	{"what is decoded is what was encoded", readBack},
	{"a derived style decodes by its own table", derivedTable},
	{"bodies of other styles are refused", othersRefused},
}

// answer is a response as a client reads it.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// render answers a GET of /things/7 with an error.
func render(style problem.Style, err error) answer { return renderWith(responder(style), err) }

func renderWith(p *problem.Responder, err error) answer {
	w := httptest.NewRecorder()
	p.Handler(returning(err)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/things/7", nil))
	return answer{w.Code, w.Header(), w.Body.Bytes()}
}

func responder(style problem.Style) *problem.Responder {
	return problem.New(problem.Config{Style: style, Logger: slog.New(slog.DiscardHandler)})
}

func returning(err error) problem.HandlerFunc {
	return func(http.ResponseWriter, *http.Request) error { return err }
}

// kinds are the kinds for which a style has an outcome.
func kinds() []problem.Kind {
	all := make([]problem.Kind, problem.ClientClosed)
	for i := range all {
		all[i] = problem.Kind(i)
	}
	return all
}

// errorsOf returns errors with fields, details, a delay, and so on.
func errorsOf() map[string]error {
	all := map[string]error{
		"a foreign error":        io.ErrUnexpectedEOF,
		"a code":                 problem.Code{Name: "custom_code", Kind: problem.Conflict, Status: 409, Message: "Custom"},
		"a text":                 problem.NotFound.New("Thing not found"),
		"details":                problem.Conflict.New("").WithDetail("version", 7).WithDetail("list", []string{"a"}),
		"a delay":                problem.RateLimited.New("").WithRetryAfter(7e9),
		"fields":                 problem.Validation.New("").WithFields(fields...),
		"a shape problem":        problem.Validation.New("").WithFields(problem.FieldError{Path: problem.Path{"age"}, Rule: "type", Want: problem.TypeInteger, Got: problem.TypeString}),
		"a status out of bounds": problem.Code{Name: "odd", Kind: problem.Gone, Status: 200},
	}
	for _, k := range kinds() {
		all[k.String()] = k
	}
	return all
}

// fields come from all parts of a request, and two have the same name.
var fields = []problem.FieldError{
	{Path: problem.Path{"email"}, Rule: "email", Want: problem.TypeString, Presence: problem.Present},
	{Path: problem.Path{"tags", 0, "key"}, Rule: "required", Want: problem.TypeString, Presence: problem.Absent},
	{Path: problem.Path{"meta", problem.Key("a\"b]")}, Rule: "max", Param: "9", Max: "9", Want: problem.TypeInteger},
	{In: problem.InQuery, Path: problem.Path{"email"}, Rule: "required", Want: problem.TypeString},
	{In: problem.InHeader, Path: problem.Path{"X-Tenant"}, Rule: "uuid", Want: problem.TypeString, Presence: problem.Present},
	{Path: problem.Path{"own"}, Message: "is already taken"},
}

// everyKind checks what all answers have in common.
func everyKind(t reporter, style problem.Style) {
	for name, err := range errorsOf() {
		a := render(style, err)
		if a.status < 400 || a.status > 599 {
			t.Errorf("%s is answered with status %d, want 400 to 599", name, a.status)
		}
		if got := a.header.Get("Content-Type"); got != style.ContentType {
			t.Errorf("%s is answered as %q, want the declared %q", name, got, style.ContentType)
		}
		if len(a.body) == 0 {
			t.Errorf("%s is answered without a body", name)
		}
		if got := a.header.Get("Content-Length"); got != fmt.Sprint(len(a.body)) {
			t.Errorf("%s is answered with Content-Length %s, want %d", name, got, len(a.body))
		}
		if err := a.check(style); err != nil {
			t.Errorf("%s is answered with a body that %v: %.200s", name, err, a.body)
		}
	}
}

var errTooLate = errors.New("too late")
