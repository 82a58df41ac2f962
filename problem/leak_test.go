package problem_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/problemtest"
)

const dsn = "dsn=postgres://u:p@h"

// secretive has a secret in the text of every error that it returns or is.
type secretive struct{}

func (secretive) Error() string                { return dsn }
func (secretive) MarshalJSON() ([]byte, error) { return nil, errors.New(dsn) }

// recovered is a simple middleware that recovers from panics.
func recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if value := recover(); value != nil {
				problem.Respond(w, r, problem.Internal.Wrap(fmt.Errorf("panic: %v", value), ""))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// No text of an error, value or header field that is private reaches a client, in any style,
// with and without [problem.Config.Debug].
func TestNothingLeaks(t *testing.T) {
	foreign, leak := errors.New(dsn), &fs.PathError{Op: dsn, Path: dsn, Err: io.EOF}
	upstream := problem.Remote(&authrim.Style, 401, http.Header{"X-Request-Id": {dsn}}, problem.View{
		Code: dsn, Message: dsn, Details: []problem.Detail{{Name: "a", Value: []byte(`"` + dsn + `"`)}},
		Fields: []problem.FieldError{{Path: problem.Path{dsn}, Message: dsn}},
	})
	fail := func(err error) http.Handler { return returning(err) }
	cases := map[string]http.Handler{
		"returned":               fail(foreign),
		"wrapped":                fail(fmt.Errorf("load %s: %w", dsn, problem.NotFound.Wrap(foreign, ""))),
		"joined":                 fail(errors.Join(foreign, problem.Conflict, problem.Gone.Wrap(foreign, ""))),
		"beside a deadline":      fail(errors.Join(foreign, context.DeadlineExceeded)),
		"beside a cancellation":  fail(errors.Join(foreign, context.Canceled)),
		"a cause of validation":  fail(problem.Validation.Wrap(foreign, "").WithFields(problem.FieldError{Path: problem.Path{"a"}, Rule: "own"})),
		"an error as a detail":   fail(problem.Conflict.New("").WithDetail("cause", foreign)),
		"a failing marshaler":    fail(problem.Conflict.New("").WithDetail("cause", secretive{}).WithDetail("list", []any{secretive{}})),
		"a stranger's methods":   fail(fmt.Errorf("query: %w", stranger{})),
		"an error in a detail":   fail(problem.Conflict.New("").WithDetail("causes", []error{leak}).WithDetail("more", map[string]any{"cause": leak})),
		"another service":        fail(fmt.Errorf("call: %w", upstream)),
		"a hidden resource":      fail(problem.Forbidden.Wrap(foreign, dsn).WithDetail("policy", dsn)),
		"a panic":                recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(dsn) })),
		"a panic with an error":  recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(problem.NotFound.New(dsn)) })),
		"headers of the success": problem.HandlerFunc(stale),
		"a reading error": problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
			if _, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, 10)); err != nil {
				return fmt.Errorf("%s: %w", dsn, err)
			}
			return foreign
		}),
		"an answer that was begun": problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
			io.WriteString(w, "begun")
			return foreign
		}),
	}
	for _, style := range allStyles {
		for _, open := range []bool{false, true} {
			cfg := problem.Config{Style: style, Logger: silent, HideForbidden: true}
			if open {
				cfg.Debug = problem.DebugLoopback
			}
			p := problem.New(cfg)
			for name, h := range cases {
				t.Run(fmt.Sprintf("%s/gate open %v/%s", style.Name, open, name), func(t *testing.T) {
					t.Parallel()
					problemtest.NoLeak(t, asking(p.Handler(h)), dsn)
				})
			}
		}
	}
}

// asking adds X-Debug to every request.
func asking(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Debug", "true")
		next.ServeHTTP(w, r)
	})
}

// The functions in a Config may fail, too. The client is not told why.
func TestConfigsDoNotLeak(t *testing.T) {
	for name, cfg := range map[string]problem.Config{
		"a mapper that panics": {Map: func(context.Context, error) error { panic(dsn) }},
		"a mapper":             {Map: func(context.Context, error) error { return errors.New(dsn) }},
		"a hook that panics":   {OnError: func(context.Context, *problem.Event) { panic(dsn) }},
		"a gate that panics":   {Debug: func(*http.Request) bool { panic(dsn) }},
		"a logger that panics": {Logger: slog.New(bomb{})},
	} {
		if cfg.Logger == nil {
			cfg.Logger = silent
		}
		for _, style := range allStyles {
			cfg.Style = style
			t.Run(style.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				problemtest.NoLeak(t, asking(problem.New(cfg).Handler(returning(problem.Conflict.Wrap(errors.New(dsn), "")))), dsn)
			})
		}
	}
}

// stale is a handler that sets the header of a success and then fails.
func stale(w http.ResponseWriter, _ *http.Request) error {
	for _, name := range []string{"Content-Disposition", "Content-Location", "Etag", "Location", "Trailer:X-Sum"} {
		w.Header().Set(name, dsn)
	}
	return problem.NotFound
}

// The error of an encoder that fails is logged and not sent.
func TestEncodersDoNotLeak(t *testing.T) {
	for _, style := range allStyles {
		ready := time.Now()
		broken := style
		broken.Append = func(dst []byte, v *problem.View) ([]byte, error) {
			switch {
			case v.Time.Before(ready): // New tries the encoder
				return style.Append(dst, v)
			case v.Kind == problem.Internal:
				panic(dsn)
			}
			return append(dst, dsn...), errors.New(dsn)
		}
		for _, gate := range []func(*http.Request) bool{nil, always} {
			p := problem.New(problem.Config{Style: broken, Logger: silent, Debug: gate})
			problemtest.NoLeak(t, asking(p.Handler(returning(problem.NotFound))), dsn)
		}
	}
}
