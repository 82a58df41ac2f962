package problem_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/problem"
)

// A body is appended to a buffer that is reused. So rendering allocates only the sentences of
// the fields, and here the fields have a Message.
func TestRenderingAllocatesNothing(t *testing.T) {
	sentences := slices.Clone(threeFields)
	for i := range sentences {
		sentences[i].Message = "must be better"
	}
	views := map[string]problem.View{
		"429": {Kind: problem.RateLimited, Status: 429, Code: "rate_limited", Message: "Rate limit exceeded", Path: "/api", RequestID: "req_1", RetryAfter: 2},
		"400": {Kind: problem.Validation, Status: 400, Code: "validation", Message: "Validation failed", Path: "/api", RequestID: "req_1", Fields: sentences},
	}
	buf := make([]byte, 0, 4<<10)
	for _, s := range allStyles {
		for name, v := range views {
			v.Time = time.Unix(0, 0)
			allocs := testing.AllocsPerRun(100, func() {
				if _, err := s.Append(buf, &v); err != nil {
					t.Error(err)
				}
			})
			if allocs != 0 {
				t.Errorf("a %s of %s costs %v allocations, want 0", name, s.Name, allocs)
			}
		}
	}
}

// Whatever is in an error, the body of every style is JSON that the style can decode. It has
// the text of the error, unless the style sends the fields instead.
func FuzzBodies(f *testing.F) {
	f.Add("Not found", "/a", "name", "max", "3", "Name", "limit", "1", byte(9), byte(1))
	f.Add("\xff\u2028<", "/\"", "a.b]", "required", "", "", "fields", "[1", byte(2), byte(0))
	f.Add("", "", "", "unknown", "\x00", "é", "error", `{"code":"x"}`, byte(18), byte(3))
	f.Add("x", "#", "…", "datetime", "2006-01-02", "", "title", "null", byte(200), byte(255))
	f.Fuzz(func(t *testing.T, text, path, name, rule, param, label, detail, value string, kind, in byte) {
		field := problem.FieldError{
			In: problem.In(in % 7), Path: problem.Path{name, int(kind), problem.Key(param), name}[:in%5],
			Key: in > 99, Rule: rule, Param: param, Label: label, Min: param, OneOf: []string{param, name},
			Want: problem.Type(kind % 20), Got: problem.Type(in % 20), Presence: problem.Presence(in % 6),
		}
		failure := problem.Kind(kind).New(text).WithDetail(detail, value).WithDetail("raw", json.RawMessage(value))
		if in%2 == 1 {
			failure = failure.WithFields(field, field)
		}
		for _, s := range allStyles {
			w := answer(t, s, failure)
			if problem.Kind(kind) == problem.ClientClosed {
				continue // has no body
			}
			body := w.Body.Bytes()
			if !json.Valid(body) {
				t.Fatalf("%s made no JSON: %q", s.Name, body)
			}
			e, err := s.Decode(&s, w.Code, w.Header(), body)
			if err != nil {
				t.Fatalf("%s cannot read %s: %v", s.Name, body, err)
			}
			isText := problem.Kind(kind) != problem.Validation && text != ""
			if want := strings.ToValidUTF8(text, "\ufffd"); isText && len(text) < 1<<10 && e.Message() != want {
				t.Errorf("%s read the text %q, want %q", s.Name, e.Message(), want)
			}
		}
	})
}

func BenchmarkRender(b *testing.B) {
	views := []struct {
		name string
		view problem.View
	}{
		{"429", problem.View{
			Kind: problem.RateLimited, Status: 429, Code: "rate_limited", Message: "Rate limit exceeded",
			Path: "/api/v1/sessions", RequestID: "req_1234567890123456789012", RetryAfter: 2, Time: time.Unix(0, 0),
		}},
		{"400-three-fields", problem.View{
			Kind: problem.Validation, Status: 400, Code: "validation", Message: "Validation failed",
			Path: "/api/v1/auth/register", RequestID: "req_1234567890123456789012", Time: time.Unix(0, 0),
		}},
	}
	buf := make([]byte, 0, 4<<10)
	for _, s := range allStyles {
		for _, v := range views {
			b.Run(s.Name+"/"+v.name, func(b *testing.B) {
				b.ReportAllocs()
				view := v.view
				if view.Kind == problem.Validation {
					view.Fields = slices.Clone(threeFields)
				}
				for b.Loop() {
					// Making the sentences is a part of rendering.
					for i := range view.Fields {
						view.Fields[i].Message = s.FieldText(threeFields[i])
					}
					if _, err := s.Append(buf, &view); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
