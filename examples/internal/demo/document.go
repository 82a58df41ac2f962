package demo

import (
	_ "embed"
	"slices"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/openapi"
)

// successes is the part of the document that was written by hand: the requests and the
// successful responses.
//
//go:embed openapi.json
var successes []byte

// document adds the errors to successes. A stream has no deadline, so it has no 504.
func document(errs *problem.Responder, api []Route) *openapi.Document {
	cfg := openapi.Config{
		Responder: errs,
		Errors:    []error{problem.RateLimited.New("").WithRetryAfter(time.Second)},
		Base:      successes,
	}
	for _, route := range api {
		op := openapi.Operation{Pattern: route.Method + " " + route.Pattern, Errors: slices.Clip(route.Errors)}
		if route.Pattern != eventsPath {
			op.Errors = append(op.Errors, problem.Timeout)
		}
		cfg.Operations = append(cfg.Operations, op)
	}
	doc, err := openapi.New(cfg)
	if err != nil {
		panic(err) // only a mistake in this program can cause it
	}
	return doc
}

// ofBody returns the errors of validate for a body, and more.
func ofBody(more ...error) []error {
	return append([]error{
		problem.InvalidRequest, badBody, problem.PayloadTooLarge, problem.UnsupportedMediaType, problem.RequestTimeout,
	}, more...)
}

// ofToken returns the errors of authenticate, and more.
func ofToken(more ...error) []error {
	return append([]error{
		problem.Unauthenticated, problem.TokenExpired, problem.TokenInvalid, problem.TokenRevoked,
	}, more...)
}

// Examples of fields that break a rule.
var (
	badBody = problem.Validation.New("").WithFields(
		problem.FieldError{Path: problem.Path{"email"}, Rule: "email", Want: problem.TypeString, Presence: problem.Present},
		problem.FieldError{Path: problem.Path{"password"}, Rule: "min", Param: "8", Min: "8", Max: "128", Want: problem.TypeString, Presence: problem.Present},
	)
	badID = problem.Validation.New("").WithFields(
		problem.FieldError{In: problem.InPath, Path: problem.Path{"id"}, Rule: "uuid_rfc4122", Want: problem.TypeString, Presence: problem.Present},
	)
	badQuery = problem.Validation.New("").WithFields(
		problem.FieldError{In: problem.InQuery, Path: problem.Path{"limit"}, Rule: "max", Param: "100", Min: "1", Max: "100", Want: problem.TypeInteger, Presence: problem.Present},
	)
)
