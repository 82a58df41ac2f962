package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/client"
	"github.com/backstop-go/backstop/problem/enpass"
	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/problem/scaivault"
	"github.com/backstop-go/backstop/requestid"
	"golang.org/x/time/rate"
)

// newVault returns the client of the whole program: one for each API.
func newVault(hosts ...string) (*http.Client, error) {
	api, err := client.New(client.Config{Style: scaivault.Style, Base: &requestid.Transport{Hosts: hosts}})
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: api, Timeout: 20 * time.Second}, nil
}

// readSecret returns a secret, or the typed error of the vault.
func readSecret(ctx context.Context, vault *http.Client, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := vault.Do(req)
	if err != nil {
		return nil, err // no answer
	}
	defer resp.Body.Close()
	if err := client.Decode(resp, scaivault.Style); err != nil {
		return nil, err
	}
	return io.ReadAll(resp.Body) // read all: only then is a cut answer an error
}

// One call of a service, and the error that the service has sent.
func Example() {
	url, closeServer := serveExample(scaivault.Style, func(http.ResponseWriter, *http.Request) error {
		return scaivault.SecretNotFound.New("Secret 'db/missing' not found").WithDetail("path", "db/missing")
	})
	defer closeServer()
	vault, err := newVault("vault.internal")
	if err != nil {
		fmt.Println(err)
		return
	}

	_, err = readSecret(context.Background(), vault, url)
	fmt.Println(errors.Is(err, problem.NotFound), errors.Is(err, scaivault.SecretNotFound))
	if e, ok := errors.AsType[*problem.Error](err); ok {
		code, _ := e.Code()
		fmt.Println(code.Status, code.Name)
		fmt.Println(e.Message())
		fmt.Printf("%s %s\n", e.Details()[0].Name, e.Details()[0].Value)
	}
	// Output:
	// true true
	// 404 secret_not_found
	// Secret 'db/missing' not found
	// path "db/missing"
}

// shared returns two clients of one API: people wait for two seconds, and a batch
// waits longer. Both have one budget, because they burden the same API.
func shared() (people, batch *http.Client, err error) {
	api, err := client.New(client.Config{Style: scaivault.Style})
	if err != nil {
		return nil, nil, err
	}
	return &http.Client{Transport: api, Timeout: 2 * time.Second}, &http.Client{Transport: api, Timeout: 5 * time.Minute}, nil
}

// A caller whose deadline is too short for the wait gets the refusal at once.
func ExampleTransport_shared() {
	url, closeServer := serveExample(scaivault.Style, func(http.ResponseWriter, *http.Request) error {
		return problem.RateLimited.New("").WithRetryAfter(30 * time.Second)
	})
	defer closeServer()
	people, _, err := shared()
	if err != nil {
		fmt.Println(err)
		return
	}
	begun := time.Now()
	_, err = readSecret(context.Background(), people, url)
	fmt.Println(errors.Is(err, problem.RateLimited), time.Since(begun) < time.Second)
	// Output: true true
}

// newGuard returns a client that gets a new token when EntryGuard rejects the old
// one. All requests with the old token wait for one exchange. The exchange must not
// use the token that was rejected.
func newGuard(exchange func(context.Context) (token string, err error)) (*http.Client, error) {
	api, err := client.New(client.Config{
		Style: entryguard.Style,
		Refresh: func(ctx context.Context, _ string) (string, error) {
			token, err := exchange(ctx)
			return "Bearer " + token, err
		},
	})
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: api, Timeout: 20 * time.Second}, nil
}

// A token that has expired is replaced, and the request is sent once more.
func ExampleConfig_refresh() {
	url, closeServer := serveExample(entryguard.Style, func(w http.ResponseWriter, r *http.Request) error {
		fmt.Println("server:", r.Method, r.Header.Get("Authorization"))
		if r.Header.Get("Authorization") != "Bearer new" {
			return problem.TokenExpired
		}
		w.WriteHeader(http.StatusCreated)
		return nil
	})
	defer closeServer()
	guard, err := newGuard(func(context.Context) (string, error) { return "new", nil })
	if err != nil {
		fmt.Println(err)
		return
	}
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Authorization", "Bearer old")
	resp, err := guard.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println("client:", resp.StatusCode)
	// Output:
	// server: POST Bearer old
	// server: POST Bearer new
	// client: 201
}

// newPaced returns a client that sends no more than the 30 requests a minute that
// Enpass allows, so that it is not refused. With a burst of one, no two requests
// come closer than two seconds. Other code can use the same limiter.
func newPaced() (*http.Client, error) {
	api, err := client.New(client.Config{
		Style: enpass.Style,
		Pace:  rate.NewLimiter(rate.Every(2*time.Second), 1),
	})
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: api, Timeout: time.Minute}, nil
}

// The second request has to wait two seconds, and this caller has less.
func ExampleConfig_pace() {
	url, closeServer := serveExample(enpass.Style, func(http.ResponseWriter, *http.Request) error { return nil })
	defer closeServer()
	paced, err := newPaced()
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp, err := paced.Do(req)
		if err != nil {
			fmt.Println("not sent:", errors.Unwrap(err))
			return
		}
		resp.Body.Close()
		fmt.Println(resp.StatusCode)
	}
	// Output:
	// 200
	// not sent: rate: Wait(n=1) would exceed context deadline
}

// countAttempts counts by kind, code and reason. With Prometheus, inc is
//
//	func(labels ...string) { attempts.WithLabelValues(labels...).Inc() }
//
// The other service chooses its codes, and each new code would be a new series. So
// only codes that the vendor has published are counted.
func countAttempts(s problem.Style, inc func(labels ...string)) func(context.Context, *client.Attempt) {
	return func(_ context.Context, a *client.Attempt) {
		kind, name := "", ""
		if e, ok := errors.AsType[*problem.Error](a.Err); ok {
			kind = e.Kind().String()
			if code, _ := e.Code(); slices.ContainsFunc(s.Codes, func(c problem.Code) bool { return c.Name == code.Name }) {
				name = code.Name
			}
		}
		inc(kind, name, a.Stop)
	}
}

// OnAttempt counts every attempt with its result.
func ExampleConfig_onAttempt() {
	answers := []error{scaivault.InternalError, scaivault.SecretNotFound}
	url, closeServer := serveExample(scaivault.Style, func(http.ResponseWriter, *http.Request) error {
		answer := answers[0]
		answers = answers[1:]
		return answer
	})
	defer closeServer()
	api, err := client.New(client.Config{
		Style:     scaivault.Style,
		OnAttempt: countAttempts(scaivault.Style, func(labels ...string) { fmt.Printf("%q\n", labels) }),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = readSecret(context.Background(), &http.Client{Transport: api}, url)
	fmt.Println(errors.Is(err, scaivault.SecretNotFound))
	// Output:
	// ["internal" "internal_error" ""]
	// ["not_found" "secret_not_found" "class"]
	// true
}

// proxySecret is a handler that calls the vault. Our client does not learn what the
// vault says about our request: it is answered 502, or 504 for a timeout.
func proxySecret(vault *http.Client, url string) problem.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		secret, err := readSecret(r.Context(), vault, url)
		if errors.Is(err, problem.NotFound) {
			return problem.NotFound.Wrap(err, "Secret not found") // in our own words
		}
		if _, ok := errors.AsType[*problem.Error](err); err != nil && !ok && !errors.Is(err, context.Canceled) {
			if os.IsTimeout(err) || errors.Is(err, problem.Timeout) { // of vault, or of middleware.Timeout
				return problem.UpstreamTimeout.Wrap(err, "")
			}
			return problem.UpstreamFailed.Wrap(err, "") // no answer
		}
		if err != nil {
			return err
		}
		_, err = w.Write(secret)
		return err
	}
}

// If the vault rejects our token, our client must not be logged out.
func ExampleDecode_inAHandler() {
	url, closeServer := serveExample(scaivault.Style, func(http.ResponseWriter, *http.Request) error {
		return scaivault.TokenExpired.New("Token of service account 7 has expired")
	})
	defer closeServer()
	vault, err := newVault()
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	errs := problem.New(problem.Config{Logger: silent})
	errs.Handler(proxySecret(vault, url)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	fmt.Println(w.Code, w.Body)
	// Output:
	// 502 {"type":"about:blank","title":"Bad Gateway","status":502,"detail":"Upstream service failed","code":"upstream_failed"}
}

// A JSON decoder stops after the first value. So it takes an answer that was cut there
// for a whole one: here a list of two, of which the second never came.
func Example_incorrect() {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"name":"first"}`+"\n")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler) // the second one cannot be read here
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	defer server.Close()
	vault, err := newVault()
	if err != nil {
		fmt.Println(err)
		return
	}

	resp, err := vault.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	var secret struct{ Name string }
	err = json.NewDecoder(resp.Body).Decode(&secret)
	resp.Body.Close()
	fmt.Println("json.Decoder:", secret.Name, err)

	_, err = readSecret(context.Background(), vault, server.URL)
	fmt.Println("io.ReadAll:", err)
	// Output:
	// json.Decoder: first <nil>
	// io.ReadAll: unexpected EOF
}

// onceOnly sends a request one time, for a caller that repeats it by itself.
func onceOnly(ctx context.Context, vault *http.Client, url string) ([]byte, error) {
	return readSecret(client.Once(ctx), vault, url)
}

// A request under Once is sent once, and its error says what to do next.
func ExampleOnce() {
	url, closeServer := serveExample(scaivault.Style, func(http.ResponseWriter, *http.Request) error {
		fmt.Println("server: called")
		return problem.Unavailable.New("").WithRetryAfter(7 * time.Second)
	})
	defer closeServer()
	vault, err := newVault()
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = onceOnly(context.Background(), vault, url)
	if e, ok := errors.AsType[*problem.Error](err); ok {
		code, _ := e.Code()
		fmt.Println(code.Retry == problem.Backoff, e.RetryAfter())
	}
	// Output:
	// server: called
	// true 7s
}

// serveExample starts a service of a style.
func serveExample(s problem.Style, h problem.HandlerFunc) (url string, closeServer func()) {
	server := httptest.NewServer(problem.New(problem.Config{Style: s, Logger: silent}).Handler(h))
	return server.URL, server.Close
}
