package routers_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/problemtest"
	"github.com/backstop-go/backstop/validate"
)

const dsn = "dsn=postgres://u:p@h"

// gossip is a body with a member whose decoder returns a secret as its error.
type gossip struct {
	A own `json:"a" validate:"required"`
}

type own struct{}

func (*own) UnmarshalJSON([]byte) error { return errors.New(dsn) }

// gossipAloud is a body with a member whose decoder panics with a secret.
type gossipAloud struct {
	A ownAloud `json:"a"`
}

type ownAloud struct{}

func (*ownAloud) UnmarshalJSON([]byte) error { panic(dsn) }

// TestNothingLeaksThroughAnyRouter puts a secret into every place where a handler may have
// one. It tries every style and every house, with and without [problem.Config.Debug].
func TestNothingLeaksThroughAnyRouter(t *testing.T) {
	cases := map[string]http.Handler{
		"returned": failing(func(http.ResponseWriter, *http.Request) error {
			return fmt.Errorf("load: %w", errors.Join(problem.NotFound, errors.New(dsn)))
		}),
		"panic":            http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(dsn) }),
		"panic with error": http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(errors.New(dsn)) }),
		"panic after a header was set": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for _, name := range []string{"Content-Disposition", "Content-Location", "Etag", "Location", "Set-Cookie"} {
				w.Header().Set(name, dsn)
			}
			w.WriteHeader(http.StatusNoContent)
			panic(dsn)
		}),
		"http.Error": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, dsn, http.StatusBadRequest)
		}),
		"text by hand": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			io.WriteString(w, dsn)
		}),
		"an unmarshaler that fails":  validate.HandlerFunc(nil, accept[gossip]),
		"an unmarshaler that panics": validate.HandlerFunc(nil, accept[gossipAloud]),
		"a handler behind validation": validate.Handler[struct{}](nil)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, dsn, http.StatusInternalServerError)
		})),
	}
	for _, style := range styles.All {
		for _, gate := range []func(*http.Request) bool{nil, problem.DebugLoopback} {
			standard := middleware.Standard(problem.New(problem.Config{
				Style: style, Debug: gate, Logger: slog.New(slog.DiscardHandler),
			}))
			for _, house := range houses {
				for name, h := range cases {
					t.Run(fmt.Sprintf("%s/gate %v/%s/%s", style.Name, gate != nil, house.name, name), func(t *testing.T) {
						t.Parallel()
						app := house.build(standard, h)
						problemtest.NoLeak(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							r.URL.Path = "/case/1"
							app.ServeHTTP(w, r)
						}), dsn)
					})
				}
			}
		}
	}
}

func accept[T any](w http.ResponseWriter, _ *http.Request, _ T) error {
	w.WriteHeader(http.StatusCreated)
	return nil
}
