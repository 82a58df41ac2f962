package errors_test

import (
	"net/http"
	"testing"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/problemtest"
)

type kestrelBody struct {
	OK     bool              `json:"ok"`
	Reason string            `json:"reason"`
	Text   string            `json:"text"`
	Fields map[string]string `json:"fields,omitempty"`
	Ref    string            `json:"ref,omitempty"`
}

func kestrel() problem.Style {
	s := problem.RFC9457
	s.Name, s.ContentType = "kestrel", "application/json"
	s.Outcomes[problem.Validation] = problem.Outcome{Status: 400, Code: "BAD_INPUT", Message: "Please check your input"}
	s.Outcomes[problem.NotFound] = problem.Outcome{Status: 404, Code: "NOTHING_HERE", Message: "There is nothing here"}
	s.Append = func(dst []byte, v *problem.View) ([]byte, error) {
		return problem.AppendJSON(dst, kestrelBody{
			Reason: v.Code, Text: v.Message, Fields: v.FieldMap(), Ref: v.RequestID,
		})
	}
	s.Decode = nil
	return s
}

func Example_style() {
	errs := problem.New(problem.Config{Style: kestrel()})
	get(errs, func(http.ResponseWriter, *http.Request) error { return problem.NotFound })
	get(errs, func(http.ResponseWriter, *http.Request) error {
		return problem.Validation.New("").WithFields(problem.FieldError{
			Path: problem.Path{"tags", 0}, Message: "is already there",
		})
	})
	// Output:
	// 404 {"ok":false,"reason":"NOTHING_HERE","text":"There is nothing here"}
	// 400 {"ok":false,"reason":"BAD_INPUT","text":"Please check your input","fields":{"tags[0]":"is already there"}}
}

func TestKestrel(t *testing.T) { problemtest.Run(t, kestrel()) }
