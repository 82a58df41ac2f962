package validate_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

func TestErrorOfAnUnmarshalerBesideOthers(t *testing.T) {
	type paint struct {
		Name  string `json:"name" validate:"required"`
		Color color  `json:"color"`
		Age   int    `json:"age"`
	}
	const body = `{"color":"blue","age":"x"}`
	_, err := validate.Decode[paint](nil, nil, post(body))
	if got, want := outcome(err), "V(name required, color format, age type)"; got != want {
		t.Errorf("Decode = %s, want %s", got, want)
	}
	isSilent[paint](t, body, "s3cr3t")
}

// isSilent fails if the secret is in an answer of any style, in a log or in an error.
func isSilent[T any](t *testing.T, body, secret string) {
	t.Helper()
	_, err := validate.Decode[T](nil, nil, post(body))
	said := map[string]string{"error": fmt.Sprintf("%v %+v %#v", err, err, err)}
	for _, style := range styles.All {
		var log strings.Builder
		errs := problem.New(problem.Config{Style: style, Logger: slog.New(slog.NewJSONHandler(&log, nil))})
		w := httptest.NewRecorder()
		errs.Handler(validate.HandlerFunc(nil, handle[T])).ServeHTTP(w, post(body))
		if w.Code < 400 {
			t.Errorf("%s answers %.80s with %d, want a refusal", style.Name, body, w.Code)
		}
		said["answer of "+style.Name] = fmt.Sprint(w.Header(), w.Body)
		said["log of "+style.Name] = log.String()
	}
	for where, text := range said {
		if strings.Contains(text, secret) {
			t.Errorf("the %s to %.80s has %q: %s", where, body, secret, text)
		}
	}
}

func TestPanicsOfTheRuntimeDoNotTellValues(t *testing.T) {
	v, err := validate.New(validate.Config{Rules: map[string]validate.Rule{"pin": {
		Check: func(_ context.Context, fl validator.FieldLevel) bool { return [3]bool{}[fl.Field().Int()] },
	}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = validate.Decode[struct {
		Pin int `json:"pin" validate:"omitempty,pin"`
	}](v, nil, post(`{"pin":424242}`))
	if text := fmt.Sprint(err); strings.Contains(text, "424242") || !strings.Contains(text, "runtime.boundsError") {
		t.Errorf("Decode with a rule that panics = %v, want the type of the panic and not the pin", err)
	}
}

type bomb struct{}

func (*bomb) UnmarshalJSON([]byte) error { panic("s3cr3t") }

func TestPanicsAreContained(t *testing.T) {
	boom := validate.Config{Rules: map[string]validate.Rule{"boom": {
		Check: func(_ context.Context, fl validator.FieldLevel) bool {
			if fl.Field().String() == "abort" {
				panic(fmt.Errorf("give up: %w", http.ErrAbortHandler))
			}
			panic("s3cr3t " + fl.Field().String())
		},
	}}}
	type bombed struct {
		B bomb `json:"b"`
	}
	type ruled struct {
		A string `json:"a" validate:"omitempty,boom"`
	}
	v, err := validate.New(boom)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := validate.Decode[bombed](v, nil, post(`{"b":1}`))
		if outcome(err) != "internal" || strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "UnmarshalJSON") {
			t.Errorf("an unmarshaler that panics = %v, want an internal error with a stack and without the value", err)
		}
		_, err = validate.Decode[ruled](v, nil, post(`{"a":"x"}`))
		if outcome(err) != "internal" || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("a rule that panics = %v, want an internal error without the value", err)
		}
		if _, err := validate.Decode[ruled](v, nil, post(`{}`)); err != nil {
			t.Errorf("the next request = %v, want it served", err)
		}
	}
	defer func() {
		if p, ok := recover().(error); !ok || !errors.Is(p, http.ErrAbortHandler) {
			t.Errorf("a rule that aborts panics with %v, want http.ErrAbortHandler to pass", p)
		}
	}()
	_, err = validate.Decode[ruled](v, nil, post(`{"a":"abort"}`))
	t.Errorf("a rule that aborts = %v, want a panic", err)
}

// A value that a client sends must be neither in an answer nor in a log.
func TestNoValueIsEverEchoed(t *testing.T) {
	bodies := []string{
		request(`"password":"hunter2"`),
		request(`"role":"hunter2"`),
		request(`"age":"hunter2"`),
		request(`"start":"hunter2"`),
		request(`"items":["hunter2"]`),
		request(`"confirm":"hunter2"`),
		request(`"email":"hunter2"`),
		`{"email":"hunter2`,
		`{"email":hunter2}`,
		`hunter2`,
		`{"password":"hunter2","password":"hunter2"}`,
		request(`"meta":{"k":"` + times(30, "hunter2-hunter2") + `"}`),
	}
	for _, body := range bodies {
		isSilent[user](t, body, "hunter2")
	}
}
