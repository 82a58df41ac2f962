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

// demoClient calls a running demo in its style.
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

// call returns the body of a success, or the error of either half.
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
				t.Errorf("%s takes an answer of %s for its own: %v", other.Name, c.style.Name, e)
			}
		}
		return "", err
	}
	data, err := io.ReadAll(resp.Body)
	return string(data), err
}

// A client of the demo is told what its handlers have said, in every style.
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
					t.Errorf("%v is told as %v", kind, err)
					continue
				}
				// A row that is written like another is read as the upper one.
				read, said := style.Outcomes[e.Kind()], style.Outcomes[kind]
				if e.Kind() != kind && (read.Status != said.Status || read.Code != said.Code || e.Kind() > kind) {
					t.Errorf("%v is told as %v", kind, e.Kind())
				}
			}
			for _, code := range style.Codes {
				if _, err := c.call(t, "GET", "/api/v1/faults/code/"+code.Name, "", ""); !errors.Is(err, code) || !errors.Is(err, code.Kind) {
					t.Errorf("%s is told as %v", code.Name, err)
				}
			}
			_, err := c.call(t, "POST", "/api/v1/auth/register", "", `{"organizationName":"Acme","email":"ann","password":"short"}`)
			e, ok := err.(*problem.Error)
			if !ok || !errors.Is(e, problem.Validation) && style.Name != "enkryptify" {
				t.Errorf("two bad fields are told as %v", err)
			} else if n := len(e.Fields()); n != 2 && style.Name != "enpass" && style.Name != "enkryptify" {
				t.Errorf("two bad fields are told as %d", n)
			}
			if _, err := c.callUnder(t, client.Once(t.Context()), "GET", "/api/v1/faults/slow", "", ""); !errors.Is(err, problem.Timeout) {
				t.Errorf("a slow handler is told as %v", err)
			}
			if _, err := c.call(t, "GET", "/api/v1/faults/plain", "", ""); !errors.Is(err, problem.Internal) || strings.Contains(err.Error(), "pq:") {
				t.Errorf("plain text is told as %v", err)
			}
			if body, err := c.call(t, "GET", "/api/v1/faults/double", "", ""); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("an answer that was cut is told as %q, %v", body, err)
			}
			if _, err := c.call(t, "GET", "/api/v1/faults/abort", "", ""); err == nil {
				t.Error("no answer is told as a success")
			}
			checkEvents(t, c)
		})
	}
}

// checkEvents reads the first event before the last one was sent, which is 200 ms
// later. A busy machine may be late, but not each time.
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

// TestTheDocumentedCall makes the call that the README shows.
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
	lines := strings.ReplaceAll("\n"+strings.TrimSpace(block), "\n", "\n\t") // they stand in a function
	if !ok || !strings.Contains(string(text), lines+"\n") {
		t.Errorf("client_test.go has not the README's\n%s", block)
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
		t.Errorf("an unknown resource is %v, want what the README says", err)
	}
}

var demo string

// readResource reads a resource of the demo, or its typed error.
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

// An expired token is replaced, and the call succeeds, where the vendor advises
// it.
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
