package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/entryguard"
)

// silent is a logger that is switched off, because the peers log no errors.
var silent = slog.New(slog.DiscardHandler)

// responder answers in a format of a vendor.
func responder() *problem.Responder {
	return problem.New(problem.Config{Style: entryguard.Style, Logger: silent})
}

var threeFields = []problem.FieldError{
	{Path: problem.Path{"email"}, Rule: "email", Want: problem.TypeString, Presence: problem.Present},
	{Path: problem.Path{"password"}, Rule: "min", Param: "8", Min: "8", Max: "128", Want: problem.TypeString, Presence: problem.Present},
	{Path: problem.Path{"items", 1, "name"}, Rule: "required", Want: problem.TypeString, Presence: problem.Absent},
}

// envelope is the body of [entryguard.Style] as a struct, which is how one
// would send it without a library.
type envelope struct {
	Timestamp        string            `json:"timestamp"`
	Status           int               `json:"status"`
	Error            string            `json:"error"`
	Message          string            `json:"message"`
	Path             string            `json:"path"`
	ValidationErrors map[string]string `json:"validationErrors,omitempty"`
}

func newEnvelope(status int, message, path string, fields map[string]string) *envelope {
	return &envelope{
		Timestamp:        time.Now().UTC().Format("2006-01-02T15:04:05Z"),
		Status:           status,
		Error:            http.StatusText(status),
		Message:          message,
		Path:             path,
		ValidationErrors: fields,
	}
}

const slowDown = "Rate limit exceeded. Please try again later."

func fieldMap() map[string]string {
	return map[string]string{
		"email":         "must be a well-formed email address",
		"password":      "size must be between 8 and 128",
		"items[1].name": "must not be blank",
	}
}

// respondRateLimited is the whole answer, header and body.
func respondRateLimited() race {
	errs := responder()
	return race{
		want: answer{status: 429, header: []string{"Content-Type"}},
		contenders: []contender{
			{by: "backstop", handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				errs.Respond(w, r, problem.RateLimited)
			}), want: answer{body: []string{slowDown}, header: []string{"Cache-Control"}}},
			{by: "http.Error", less: "plain text", handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, slowDown, http.StatusTooManyRequests)
			})},
			{by: "json.Encoder", handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				respondJSON(w, 429, newEnvelope(429, slowDown, r.URL.Path, nil))
			})},
			{by: "huma", handler: byHuma(429, slowDown)},
		},
	}
}

func respondFields() race {
	errs := responder()
	invalid := problem.Validation.New("").WithFields(threeFields...)
	return race{
		want: answer{status: 400, header: []string{"Content-Type"}, body: []string{"items[1].name"}},
		contenders: []contender{
			{by: "backstop", handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				errs.Respond(w, r, invalid)
			})},
			{by: "json.Encoder", handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				respondJSON(w, 400, newEnvelope(400, "Validation failed", r.URL.Path, fieldMap()))
			})},
			{by: "huma", handler: byHuma(400, "Validation failed",
				&huma.ErrorDetail{Location: "body.email", Message: "expected string to be RFC 5322 email"},
				&huma.ErrorDetail{Location: "body.password", Message: "expected length >= 8"},
				&huma.ErrorDetail{Location: "body.items[1].name", Message: "expected required property name to be present"})},
		},
	}
}

func respondJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(err) // of a body that is part of the text here
	}
}

// byHuma calls what huma itself calls for an operation that failed.
func byHuma(status int, message string, details ...error) http.Handler {
	api := humago.New(http.NewServeMux(), huma.DefaultConfig("bench", "1"))
	op := &huma.Operation{OperationID: "bench", Method: "GET", Path: "/"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := huma.WriteErr(api, humago.NewContext(op, r, w), status, message, details...); err != nil {
			panic(err)
		}
	})
}
