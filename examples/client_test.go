package examples_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/internal/questions"
	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/client"
	"github.com/backstop-go/backstop/problem/entryguard"
)

// demoClient calls a running demo. It decodes errors in the style of the demo.
type demoClient struct {
	http.Client
	url   string
	style problem.Style
}

func newDemoClient(t *testing.T, s *questions.Server, style problem.Style, refresh func(context.Context, string) (string, error)) *demoClient {
	t.Helper()
	style.Advice.BaseDelay = time.Millisecond
	base := &http.Transport{}
	t.Cleanup(base.CloseIdleConnections)
	api, err := client.New(client.Config{Style: style, Base: base, MaxWait: time.Second, Budget: 10_000, Refresh: refresh})
	if err != nil {
		t.Fatal(err)
	}
	return &demoClient{Client: http.Client{Transport: api, Timeout: 20 * time.Second}, url: "http://" + s.Addr, style: style}
}

// call returns the body of a success, or the error of the request or of Decode.
func (c *demoClient) call(t *testing.T, method, path, token, body string) (string, error) {
	t.Helper()
	return c.callUnder(t, t.Context(), method, path, token, body)
}

func (c *demoClient) callUnder(t *testing.T, ctx context.Context, method, path, token, body string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if err := client.Decode(resp, c.style); err != nil {
		for _, other := range styles.All {
			if e, ok := client.Decode(resp, other).(*problem.Error); other.Name != c.style.Name && (!ok || e.Message() != "") {
				t.Errorf("the style %s decodes an answer of %s as %v, want it refused", other.Name, c.style.Name, e)
			}
		}
		return "", err
	}
	data, err := io.ReadAll(resp.Body)
	return string(data), err
}

// In every style a client of the demo decodes the errors that its handlers have returned.
func TestTheClientUnderstandsTheDemo(t *testing.T) {
	for _, style := range styles.All {
		t.Run(style.Name, func(t *testing.T) {
			t.Parallel()
			s := questions.Start(t, "stdlib", "-style", style.Name, "-rate", "100000", "-timeout", "1s")
			c := newDemoClient(t, s, style, nil)

			if body, err := c.call(t, "GET", "/api/v1/sessions", "user-token", ""); err != nil || body == "" {
				t.Errorf("a success is %q, %v", body, err)
			}
			for kind := range problem.ClientClosed {
				_, err := c.call(t, "GET", "/api/v1/faults/"+kind.String(), "", "")
				e, ok := err.(*problem.Error)
				if !ok || !e.Remote() || e.RequestID() == "" {
					t.Errorf("%v is decoded as %v, want a remote error with a request ID", kind, err)
					continue
				}
				// Of two kinds with the same outcome, the first is decoded.
				read, said := style.Outcomes[e.Kind()], style.Outcomes[kind]
				if e.Kind() != kind && (read.Status != said.Status || read.Code != said.Code || e.Kind() > kind) {
					t.Errorf("%v is decoded as %v", kind, e.Kind())
				}
			}
			for _, code := range style.Codes {
				if _, err := c.call(t, "GET", "/api/v1/faults/code/"+code.Name, "", ""); !errors.Is(err, code) || !errors.Is(err, code.Kind) {
					t.Errorf("%s is decoded as %v", code.Name, err)
				}
			}
			_, err := c.call(t, "POST", "/api/v1/auth/register", "", `{"organizationName":"Acme","email":"ann","password":"short"}`)
			e, ok := err.(*problem.Error)
			if !ok || !errors.Is(e, problem.Validation) && style.Name != "enkryptify" {
				t.Errorf("an error with two fields is decoded as %v", err)
			} else if n := len(e.Fields()); n != 2 && style.Name != "enpass" && style.Name != "enkryptify" {
				t.Errorf("an error with two fields is decoded with %d", n)
			}
			if _, err := c.callUnder(t, client.Once(t.Context()), "GET", "/api/v1/faults/slow", "", ""); !errors.Is(err, problem.Timeout) {
				t.Errorf("the error of a slow handler is decoded as %v", err)
			}
			if _, err := c.call(t, "GET", "/api/v1/faults/plain", "", ""); !errors.Is(err, problem.Internal) || strings.Contains(err.Error(), "pq:") {
				t.Errorf("an error in plain text is decoded as %v", err)
			}
			if body, err := c.call(t, "GET", "/api/v1/faults/double", "", ""); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("an answer that was cut is read as %q, %v, want an unexpected EOF", body, err)
			}
			if _, err := c.call(t, "GET", "/api/v1/faults/abort", "", ""); err == nil {
				t.Error("a connection that ends without an answer is read as a success")
			}
			checkEvents(t, c)
		})
	}
}

// checkEvents checks that the first event arrives before the last one is sent, 200 ms later.
// It tries several times, because a busy machine may be slow once.
func checkEvents(t *testing.T, c *demoClient) {
	t.Helper()
	quickest := time.Hour
	for range 3 {
		req, err := http.NewRequestWithContext(t.Context(), "GET", c.url+"/api/v1/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer user-token")
		begun := time.Now()
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if line, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || len(line) < 2 {
			t.Fatalf("the first event is %q, %v", line, err)
		}
		quickest = min(quickest, time.Since(begun))
	}
	if quickest > 150*time.Millisecond {
		t.Errorf("the first event comes after %v", quickest)
	}
}

// TestTheDocumentedCall makes the call in the README.
func TestTheDocumentedCall(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("client_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "## Calling such a service")
	_, rest, _ = strings.Cut(rest, "```go\n")
	block, _, ok := strings.Cut(rest, "```")
	lines := strings.ReplaceAll("\n"+strings.TrimSpace(block), "\n", "\n\t") // here they are inside a function
	if !ok || !strings.Contains(string(text), lines+"\n") {
		t.Errorf("client_test.go does not contain this block of the README:\n%s", block)
	}
	s := questions.Start(t, "stdlib")
	demo = "http://" + s.Addr
	api := &newDemoClient(t, s, entryguard.Style, nil).Client
	if body, err := readResource(t.Context(), api, "550e8400-e29b-41d4-a716-446655440000"); err != nil || !strings.Contains(body, "Production Database") {
		t.Errorf("the resource is %q, %v", body, err)
	}
	_, err = readResource(t.Context(), api, "550e8400-e29b-41d4-a716-446655440001")
	e, ok := err.(*problem.Error)
	if !ok || !errors.Is(err, problem.NotFound) || e.Message() != "Resource not found" || !strings.HasPrefix(e.RequestID(), "req_") || !e.Remote() {
		t.Errorf("the error of an unknown resource is %v, want the one in the README", err)
	}
}

var demo string

// readResource returns a resource of the demo, or its typed error.
func readResource(ctx context.Context, api *http.Client, id string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, demo+"/api/v1/resources/"+id, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer user-token")
	resp, err := api.Do(req)
	if err != nil {
		return "", err // no answer
	}
	defer resp.Body.Close()
	if err := client.Decode(resp, entryguard.Style); err != nil {
		return "", err
	}
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// If the vendor advises it, a client replaces an expired token, and the call succeeds.
func TestTheClientRefreshesAToken(t *testing.T) {
	for _, style := range styles.All {
		s := questions.Start(t, "stdlib", "-style", style.Name)
		c := newDemoClient(t, s, style, func(_ context.Context, rejected string) (string, error) {
			if rejected != "Bearer expired-token" {
				t.Errorf("Refresh is asked to replace %q", rejected)
			}
			return "Bearer user-token", nil
		})
		_, err := c.call(t, "GET", "/api/v1/sessions", "expired-token", "")
		if (err == nil) != style.Advice.Refresh {
			t.Errorf("%s: with an expired token: %v", style.Name, err)
		}
	}
}
