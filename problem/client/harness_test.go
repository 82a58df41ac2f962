package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/problem/client"
)

var allStyles = styles.All

// base is a Base that answers with a function. It reads and closes the body of the request,
// as a RoundTripper must, and records the requests.
type base struct {
	answer func(n int, r *http.Request) (*http.Response, error) // n from 1

	mu   sync.Mutex
	sent []sent
}

type sent struct {
	at     time.Time
	body   string
	header http.Header
}

func (b *base) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body.Close()
	}
	b.mu.Lock()
	b.sent = append(b.sent, sent{time.Now(), string(body), r.Header.Clone()})
	n := len(b.sent)
	b.mu.Unlock()
	resp, err := b.answer(n, r)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

func (b *base) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.sent)
}

// waits returns the times between the requests.
func (b *base) waits() []time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []time.Duration
	for i := 1; i < len(b.sent); i++ {
		all = append(all, b.sent[i].at.Sub(b.sent[i-1].at))
	}
	return all
}

// always returns a base that gives every request the same answer.
func always(status int, body string, header ...string) *base {
	return &base{answer: func(int, *http.Request) (*http.Response, error) { return answer(status, body, header...), nil }}
}

// script returns a base that gives the answers one after the other, and then always the
// last one.
func script(answers ...*http.Response) *base {
	return &base{answer: func(n int, _ *http.Request) (*http.Response, error) {
		return answers[min(n, len(answers))-1], nil
	}}
}

// answer makes a response. The header is given as names and values in turn.
func answer(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1}
}

// problemJSON makes an answer in the default style.
func problemJSON(status int, code string, header ...string) *http.Response {
	body := fmt.Sprintf(`{"type":"about:blank","title":%q,"status":%d,"detail":"told","code":%q}`, http.StatusText(status), status, code)
	return answer(status, body, append(header, "Content-Type", "application/problem+json")...)
}

func newTransport(t testing.TB, cfg client.Config) *client.Transport {
	t.Helper()
	api, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func newRequest(t testing.TB, ctx context.Context, method, body string, header ...string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://api.example/v1/things", r)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return req
}

// get sends a GET, and returns the status, the body and the error.
func get(t testing.TB, api http.RoundTripper, ctx context.Context) (int, string, error) {
	t.Helper()
	return do(t, api, newRequest(t, ctx, "GET", ""))
}

func do(t testing.TB, api http.RoundTripper, req *http.Request) (int, string, error) {
	t.Helper()
	resp, err := api.RoundTrip(req)
	if err != nil {
		if resp != nil {
			t.Errorf("RoundTrip returned an answer and the error %v", err)
		}
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

// hook records the attempts that OnAttempt is called with.
type hook struct {
	mu  sync.Mutex
	all []client.Attempt
}

func (h *hook) on(_ context.Context, a *client.Attempt) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, *a)
}

// last returns the last attempt.
func (h *hook) last() client.Attempt {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.all) == 0 {
		return client.Attempt{}
	}
	return h.all[len(h.all)-1]
}

var silent = slog.New(slog.DiscardHandler)

var errPlanted = errors.New("planted")

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
