package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/client"
)

// gateway is a handler that calls another service and returns its error. If pass is set,
// the error goes through [problem.Passthrough].
func gateway(api http.RoundTripper, s problem.Style, pass bool) problem.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) error {
		req, err := http.NewRequestWithContext(r.Context(), "GET", "http://api.example/", nil)
		if err != nil {
			return err
		}
		resp, err := api.RoundTrip(req)
		switch {
		case errors.Is(err, context.Canceled):
			return err
		case err != nil:
			return problem.UpstreamFailed.Wrap(err, "")
		}
		defer resp.Body.Close()
		err = client.Decode(resp, s)
		if pass {
			return problem.Passthrough(err)
		}
		return err
	}
}

// The error of the other service is logged and never sent, in any style. Passthrough is the
// exception.
func TestHandlersDoNotLeakTheOtherService(t *testing.T) {
	secret := problem.Code{Name: "planted_code", Kind: problem.Forbidden, Status: 403, Message: "planted text"}
	for _, there := range allStyles {
		for _, here := range allStyles {
			for name, failure := range map[string]error{
				"a code":   secret.New("").WithDetail("planted", "planted").WithRetryAfter(4711 * time.Second),
				"fields":   problem.Validation.New("planted text").WithFields(problem.FieldError{Path: problem.Path{"planted"}, Message: "planted"}),
				"a 401":    problem.Unauthenticated.New("planted text"),
				"a 504":    problem.Timeout.New("planted text"),
				"a 408":    problem.RequestTimeout.New("planted text"),
				"upstream": problem.UpstreamTimeout.New("planted text"),
			} {
				b := &base{answer: func(int, *http.Request) (*http.Response, error) { return respond(there, failure), nil }}
				api := newTransport(t, client.Config{Style: there, Base: b, Attempts: 1})
				var log strings.Builder
				errs := problem.New(problem.Config{Style: here, Logger: slog.New(slog.NewTextHandler(&log, nil))})
				w := httptest.NewRecorder()
				errs.Handler(gateway(api, there, false)).ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
				want := 502
				if strings.Contains("a 504 a 408 upstream", name) {
					want = 504
				}
				said := fmt.Sprint(w.Header(), w.Body)
				if w.Code != want || strings.Contains(said, "planted") || strings.Contains(said, "4711") || strings.Contains(said, "req_there") {
					t.Errorf("%s of %s in %s is answered %d %s, want %d and nothing of the error", name, there.Name, here.Name, w.Code, said, want)
				}
				if w.Header().Get("WWW-Authenticate") != "" {
					t.Errorf("%s of %s in %s: our client is asked for credentials", name, there.Name, here.Name)
				}
				if !strings.Contains(log.String(), "planted") && there.Name != "enkryptify" && there.Name != "enpass" {
					t.Errorf("%s of %s in %s is not in the log: %s", name, there.Name, here.Name, log.String())
				}

				w = httptest.NewRecorder()
				errs.Handler(gateway(api, there, true)).ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
				if status := respond(there, failure).StatusCode; w.Code != status || !strings.Contains(w.Body.String(), "planted") {
					t.Errorf("%s of %s in %s, passed through, is answered %d %s, want %d and its text", name, there.Name, here.Name, w.Code, w.Body, status)
				}
			}
		}
	}
}

// If the connection fails, the handler answers 502 by returning UpstreamFailed. The context
// of the incoming request bounds all waits: if its client leaves, that is not a failure of
// the other service.
func TestHandlersAndConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &base{answer: func(int, *http.Request) (*http.Response, error) { return nil, errReset }}
		w := httptest.NewRecorder()
		errs := problem.New(problem.Config{Logger: silent})
		errs.Handler(gateway(newTransport(t, client.Config{Base: b}), problem.RFC9457, false)).ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
		if w.Code != 502 || strings.Contains(w.Body.String(), "reset") {
			t.Errorf("a connection that is reset is answered %d %s, want 502 without the cause", w.Code, w.Body)
		}

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begun := time.Now()
		w = httptest.NewRecorder()
		api := newTransport(t, client.Config{Base: always(503, "", "Retry-After", "30")})
		errs.Handler(gateway(api, problem.RFC9457, false)).ServeHTTP(w, httptest.NewRequest("GET", "/x", nil).WithContext(ctx))
		if w.Code != 499 || time.Since(begun) != time.Second {
			t.Errorf("a client that leaves is answered %d after %v, want 499 after 1s", w.Code, time.Since(begun))
		}
	})
}

// The handler of docs/client.md tells a timeout, its own or that of [problem.Timeout], from
// other failures.
func TestProxySecretAnswersATimeout(t *testing.T) {
	reset := func(*http.Request) (*http.Response, error) { return nil, errReset }
	silence := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, context.Cause(r.Context()) // as net/http does
	}
	for _, c := range []struct {
		name             string
		answer           func(*http.Request) (*http.Response, error)
		client, deadline time.Duration // 0 is none
		want             int
	}{
		{"the connection is reset", reset, 0, 0, 502},
		{"the timeout of the client", silence, time.Second, 0, 504},
		{"the deadline of middleware.Timeout", silence, 0, time.Second, 504},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := newTransport(t, client.Config{Base: &base{answer: func(_ int, r *http.Request) (*http.Response, error) { return c.answer(r) }}})
				r := httptest.NewRequest("GET", "/x", nil)
				if c.deadline > 0 {
					ctx, cancel := context.WithTimeoutCause(r.Context(), c.deadline, problem.Timeout)
					defer cancel()
					r = r.WithContext(ctx)
				}
				w := httptest.NewRecorder()
				vault := &http.Client{Transport: api, Timeout: c.client}
				problem.New(problem.Config{Logger: silent}).Handler(proxySecret(vault, "http://vault.example/")).ServeHTTP(w, r)
				if w.Code != c.want {
					t.Errorf("the answer is %d, want %d", w.Code, c.want)
				}
			})
		})
	}
}
