package problem_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// plainStyle returns a style with the given encoder.
func plainStyle(appendBody func(dst []byte, v *problem.View) ([]byte, error)) problem.Style {
	s := problem.RFC9457
	s.Name, s.ContentType, s.Append = "plain", "text/plain", appendBody
	return s
}

func TestEncodersThatFail(t *testing.T) {
	failing := func(dst []byte, v *problem.View) ([]byte, error) {
		if v.Kind != problem.Internal {
			return append(dst, "half"...), errors.New("encoder: secret")
		}
		return append(dst, "plain: "+v.Message...), nil
	}
	panicky := func(dst []byte, v *problem.View) ([]byte, error) {
		if v.Kind != problem.Internal || len(v.Details) > 0 {
			panic("encoder: secret")
		}
		return append(dst, "plain: "+v.Message...), nil
	}
	var broken atomic.Bool
	dead := func(dst []byte, v *problem.View) ([]byte, error) {
		if broken.Load() {
			return nil, errors.New("encoder: secret")
		}
		return append(dst, "constant"...), nil
	}
	rich := problem.RateLimited.New("Slow down").WithDetail("a", 1).WithRetryAfter(1)
	for name, c := range map[string]struct {
		encoder func([]byte, *problem.View) ([]byte, error)
		err     error
		want    string
	}{
		"an error":                {failing, rich, "plain: An unexpected error occurred"},
		"a panic":                 {panicky, rich, "plain: An unexpected error occurred"},
		"a panic for an Internal": {panicky, problem.Internal.New("").WithDetail("a", 1), "plain: An unexpected error occurred"},
		"an error for every kind": {dead, rich, "constant"},
		"an error for every kind, for an Internal": {dead, io.EOF, "constant"},
	} {
		broken.Store(false)
		var book logbook
		p := problem.New(problem.Config{Style: plainStyle(c.encoder), Logger: book.logger()})
		broken.Store(true)
		w := httptest.NewRecorder()
		p.Handler(returning(c.err)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != 500 || w.Body.String() != c.want || w.Header().Get("Content-Type") != "text/plain" {
			t.Errorf("%s: answered %d %q, want 500 %q", name, w.Code, w.Body, c.want)
		}
		if w.Header().Get("Retry-After") != "" {
			t.Errorf("%s: the answer has a Retry-After, but it is a plain Internal", name)
		}
		if r := book.one(t); r["level"] != "ERROR" || !strings.Contains(r["encoder"], "secret") {
			t.Errorf("%s: logged %v, want level ERROR and the encoder's error", name, r)
		}
	}
}

// If the encoder fails, the fallback still has the path, the ID and the time of the request,
// so that a client can report it.
func TestFaultOfAnEncoderHasItsPathAndID(t *testing.T) {
	s := plainStyle(func(dst []byte, v *problem.View) ([]byte, error) {
		if v.Kind != problem.Internal {
			return nil, io.EOF
		}
		return fmt.Append(dst, v.Path, " ", v.RequestID, " ", v.Time.IsZero()), nil
	})
	w := serve(problem.Config{Style: s}, httptest.NewRequest(http.MethodGet, "/things/7", nil), problem.HandlerFunc(
		func(_ http.ResponseWriter, r *http.Request) error {
			exchange.From(r.Context()).Identify(&idHeader, "req_1")
			return problem.Gone
		}))
	if got := w.Body.String(); w.Code != 500 || got != "/things/7 req_1 false" {
		t.Errorf("the answer is %d %q, want a 500 with path, ID and time", w.Code, got)
	}
}

// The slice that a style returns is not changed later.
func TestAStyleMayReturnAConstant(t *testing.T) {
	constant := append(make([]byte, 0, 100), "constant"...)
	calls := 0
	p := problem.New(problem.Config{Logger: silent, Style: plainStyle(func(dst []byte, _ *problem.View) ([]byte, error) {
		if calls++; calls%2 == 0 {
			return constant, nil
		}
		return append(dst, "overwritten"...), nil
	})})
	for range 8 {
		w := httptest.NewRecorder()
		p.Respond(w, httptest.NewRequest(http.MethodGet, "/", nil), problem.Gone)
		if got := w.Body.String(); got != "constant" && got != "overwritten" {
			t.Errorf("body = %q", got)
		}
	}
	if string(constant) != "constant" {
		t.Errorf("the style's constant has become %q", constant)
	}
}
