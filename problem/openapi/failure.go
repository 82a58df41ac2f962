package openapi

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// failure is an error that an operation may end in.
type failure struct {
	err  error // as given
	kind problem.Kind
	text string
	code string // "" if err has none
}

// failures reads a list of errors. Faults begin with where.
func (b *builder) failures(where string, errs []error) []failure {
	var all []failure
	for _, err := range errs {
		e, ok := typed(err)
		if !ok {
			b.fault("%s: %T %v is not a Kind, Code or *Error", where, err, err)
			continue
		}
		if e.Kind() == problem.ClientClosed {
			b.fault("%s: %v is never answered", where, e.Kind())
			continue
		}
		all = append(all, b.failure(err, e))
		_, named := e.Code()
		if e.Kind() == problem.Validation && !named && b.style.Shape != b.style.Outcomes[problem.Validation] {
			f := b.failure(problem.Validation.New(e.Message()).WithFields(malformed), e)
			f.text = cmp.Or(e.Message(), b.style.Shape.Message)
			all = append(all, f)
		}
	}
	return all
}

// malformed is a field of the wrong type. Some styles have an outcome of their own for
// such a field, [problem.Style.Shape].
var malformed = problem.FieldError{Path: problem.Path{"name"}, Rule: "type", Want: problem.TypeString, Got: problem.TypeInteger}

func typed(err error) (e *problem.Error, ok bool) {
	switch err := err.(type) {
	case problem.Kind:
		return err.New(""), true
	case problem.Code:
		return err.New(""), true
	case *problem.Error:
		return err, err != nil
	}
	return nil, false
}

func (b *builder) failure(err error, e *problem.Error) failure {
	f := failure{err: err, kind: e.Kind(), text: e.Message()}
	if code, ok := e.Code(); ok {
		f.code = code.Name
	}
	if f.kind == problem.Forbidden && b.hidesForbidden {
		f = failure{err: err, kind: problem.NotFound} // the document must not show a difference either
	}
	f.text = cmp.Or(f.text, b.style.Outcomes[f.kind].Message)
	return f
}

// answer is a failure as the responder sends it.
type answer struct {
	status int
	header http.Header
	body   string
}

// exampleTime and exampleID are the time and the request ID in every example.
var exampleTime = time.Date(2024, time.January, 15, 10, 30, 0, 0, time.UTC)

const exampleID = "req_abc123xyz"

// preview asks the responder for its answer to a request for a path.
func (b *builder) preview(err error, method, path string) answer {
	path = strings.ReplaceAll(path, "?", "%3F") // an expression of chi may have one; a path has no query
	r := &http.Request{Method: method, URL: &url.URL{Path: path}, Header: http.Header{}}
	var a answer
	var body []byte
	a.status, a.header, body = b.cfg.Responder.Preview(exchange.Example(r, path, exampleID), err, exampleTime)
	a.body = string(body)
	return a
}
