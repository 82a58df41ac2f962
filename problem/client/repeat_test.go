package client_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/client"
)

// repeated has the advice of each vendor for its kinds and published codes: "b" means to
// repeat with backoff, "d" after a delay, "1" once. What is missing is never repeated.
var repeated = map[string]map[string]string{
	"entryguard": {
		"internal": "b", "rate_limited": "d", "unavailable": "b", "timeout": "b", "upstream_failed": "b", "upstream_timeout": "b",
	},
	"enpass": {
		"internal": "1", "rate_limited": "b", "unavailable": "b", "timeout": "1", "upstream_failed": "1", "upstream_timeout": "1",
		"unknown_error": "1",
	},
	"enkryptify": {
		"internal": "b", "rate_limited": "d", "unavailable": "b", "timeout": "b", "upstream_failed": "b", "upstream_timeout": "b",
	},
	"authrim": {
		"internal": "b", "rate_limited": "d", "unavailable": "b", "timeout": "b", "upstream_failed": "b", "upstream_timeout": "b",
		"quota_exceeded": "d", // has the same code as rate_limited
		"internal_error": "b", "service_unavailable": "b", "database_error": "b", "job_failed": "b", "export_failed": "b",
		"rate_limit_exceeded": "d",
	},
	"scaivault": {
		"internal": "1", "rate_limited": "d", "unavailable": "b",
		"internal_error": "1", "service_unavailable": "b",
	},
	"rfc9457": {"rate_limited": "d", "unavailable": "b"},
}

// TestVendorsAdviceIsObeyed answers each method with each kind and published code of each
// style. It compares the number of requests and the waits with the vendor's advice.
func TestVendorsAdviceIsObeyed(t *testing.T) {
	for _, s := range allStyles {
		failures := map[string]error{}
		for k := range problem.ClientClosed {
			failures[k.String()] = k
		}
		for _, c := range s.Codes {
			failures[c.Name] = c
		}
		for name, failure := range failures {
			for _, r := range []struct {
				method, key string
				idempotent  bool
			}{{"GET", "", true}, {"POST", "", false}, {"POST", "Idempotency-Key", true}, {"PATCH", "X-Idempotency-Key", true}} {
				synctest.Test(t, func(t *testing.T) {
					want := repeated[s.Name][name]
					status := respond(s, failure).StatusCode
					requests := map[string]int{"": 1, "1": 2, "b": 4, "d": 4}[want]
					if !r.idempotent && status != 429 {
						requests = 1
					}
					b := &base{answer: func(int, *http.Request) (*http.Response, error) { return respond(s, failure), nil }}
					api := newTransport(t, client.Config{Style: s, Base: b, MaxWait: 2 * time.Minute})
					req := newRequest(t, t.Context(), r.method, "{}")
					if r.key != "" {
						req.Header.Set(r.key, "k1")
					}
					got, body, err := do(t, api, req)
					if err != nil || got != status || body == "" {
						t.Fatalf("%s %s of %s = %d %q, %v; want the last answer", r.method, name, s.Name, got, body, err)
					}
					if b.count() != requests {
						t.Errorf("%s %s (key %q) of %s: %d requests, want %d", r.method, name, r.key, s.Name, b.count(), requests)
					}
					for i, wait := range b.waits() {
						least, most := time.Second<<i/2, time.Second<<i
						if status == 429 && s.Advice.DefaultDelay > 0 {
							least = s.Advice.DefaultDelay
							most = least + time.Second
						}
						if wait < least || wait > most {
							t.Errorf("%s of %s: wait %d is %v, want %v to %v", name, s.Name, i+1, wait, least, most)
						}
					}
					for _, one := range b.sent {
						if one.body != "{}" || one.header.Get(r.key) != req.Header.Get(r.key) {
							t.Errorf("%s of %s was sent with body %q and key %q", name, s.Name, one.body, one.header.Get(r.key))
						}
					}
				})
			}
		}
	}
}

// A body that the style cannot decode is taken for the answer of a proxy. What is repeated
// then is the same in every style.
func TestAnswersOfOthers(t *testing.T) {
	const page = "<html>Bad Gateway</html>"
	for _, s := range allStyles {
		for status, want := range map[int]int{
			400: 1, 401: 1, 403: 1, 404: 1, 408: 1, 409: 1, 425: 1, 429: 4, 500: 1, 501: 1, 502: 4, 503: 4, 504: 4, 505: 1, 520: 1, 599: 1, 999: 1,
		} {
			synctest.Test(t, func(t *testing.T) {
				b := always(status, page)
				api := newTransport(t, client.Config{Style: s, Base: b, MaxWait: 2 * time.Minute})
				if got, body, err := get(t, api, t.Context()); got != status || body != page || err != nil {
					t.Errorf("%s: a %d of a proxy is returned as %d %q, %v", s.Name, status, got, body, err)
				}
				if b.count() != want {
					t.Errorf("%s: for a %d of a proxy %d requests were sent, want %d", s.Name, status, b.count(), want)
				}
			})
		}
	}
}

// Below 400 nothing is repeated, whatever the header says.
func TestSuccessIsNotRepeated(t *testing.T) {
	for _, status := range []int{101, 200, 201, 202, 204, 301, 304, 307} {
		b := always(status, "", "Retry-After", "1", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "9")
		got, _, err := get(t, newTransport(t, client.Config{Base: b}), t.Context())
		if got != status || err != nil || b.count() != 1 {
			t.Errorf("a %d with Retry-After: %d, %v, %d requests, want one", status, got, err, b.count())
		}
	}
}

// TestWhatIsRepeatedForWhichMethod tries each method with each failure.
func TestWhatIsRepeatedForWhichMethod(t *testing.T) {
	reset := &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	methods := []string{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "", "POST", "PATCH", "LINK", "get"}
	const every, idempotent = 11, 7
	for _, c := range []struct {
		rule string
		resp *http.Response
		err  error
		want int // how many of the methods, from the first
	}{
		{"nothing was sent", nil, dial, every},
		{"nothing was sent through a proxy", nil, &net.OpError{Op: "proxyconnect", Net: "tcp", Err: dial}, every},
		{"a 429", answer(429, ""), nil, every},
		{"a 503 with a delay", answer(503, "", "Retry-After", "2"), nil, every},
		{"a 503 with a date in the future", answer(503, "", "Retry-After", "Sat, 01 Jan 2000 00:00:09 GMT", "Date", "Sat, 01 Jan 2000 00:00:00 GMT"), nil, every},
		{"a 503 without a delay", answer(503, ""), nil, idempotent},
		{"a 503 with a delay that is not a number", answer(503, "", "Retry-After", "soon"), nil, idempotent},
		{"a 503 with a delay of zero", answer(503, "", "Retry-After", "0"), nil, idempotent},
		{"a 503 with a date in the past", answer(503, "", "Retry-After", "Sat, 01 Jan 2000 00:00:00 GMT", "Date", "Sat, 01 Jan 2000 00:00:09 GMT"), nil, idempotent},
		{"a 503 with a delay only in the body", problemJSON(503, "unavailable"), nil, idempotent},
		{"another status with a delay", answer(502, "", "Retry-After", "2"), nil, idempotent},
		{"a connection that was reset", nil, reset, idempotent},
		{"a connection that ends", nil, io.EOF, idempotent},
		{"a connection that ends, as a wrapped error", nil, fmt.Errorf("transport: %w", io.ErrUnexpectedEOF), idempotent},
		{"a broken pipe", nil, &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, idempotent},
		{"a timeout of Base", nil, os.ErrDeadlineExceeded, idempotent},
		{"a timeout of Base that looks like the deadline of the caller", nil, context.DeadlineExceeded, idempotent},
		{"a certificate that is not trusted", nil, x509.UnknownAuthorityError{}, 0},
		{"a malformed address", nil, &net.AddrError{Err: "missing port"}, 0},
		{"another error", nil, errPlanted, 0},
		{"an error with the text of another", nil, errors.New("EOF: connection reset by peer"), 0},
		{"a cancel by Base", nil, context.Canceled, 0},
		{"a closed connection", nil, net.ErrClosed, 0},
		{"neither an answer nor an error", nil, nil, 0},
	} {
		for i, method := range methods {
			synctest.Test(t, func(t *testing.T) {
				var h hook
				b := &base{answer: func(int, *http.Request) (*http.Response, error) {
					if c.resp == nil {
						return nil, c.err
					}
					again := *c.resp
					again.Body = io.NopCloser(strings.NewReader(""))
					if c.rule == "a 503 with a delay only in the body" {
						again.Body = io.NopCloser(strings.NewReader(
							`{"type":"about:blank","title":"x","status":503,"detail":"x","code":"unavailable","retry_after":2}`))
					}
					return &again, nil
				}}
				api := newTransport(t, client.Config{Base: b, OnAttempt: h.on})
				_, _, err := do(t, api, newRequest(t, t.Context(), method, ""))
				if want := map[bool]int{true: 4, false: 1}[i < c.want]; b.count() != want {
					t.Errorf("%s: %d requests were sent with %q, want %d (stop %q)", c.rule, b.count(), method, want, h.last().Stop)
				}
				want := "attempts"
				switch {
				case c.want == 0:
					want = "class"
				case i >= c.want:
					want = "method"
				}
				if h.last().Stop != want {
					t.Errorf("%s: with %q the last attempt has the stop %q, want %q", c.rule, method, h.last().Stop, want)
				}
				if c.err != nil && err != c.err {
					t.Errorf("%s: the error is %v, want that of Base as it is", c.rule, err)
				}
				if c.rule == "neither an answer nor an error" && err == nil {
					t.Error("a Base that returns neither an answer nor an error succeeds")
				}
			})
		}
	}
}

// An Idempotency-Key says that a request may be sent twice. The Transport neither changes
// nor makes a key.
func TestKeysAreTheCallers(t *testing.T) {
	for _, c := range []struct {
		name   string
		header http.Header
		want   int
	}{
		{"no key", http.Header{}, 1},
		{"a key", http.Header{"Idempotency-Key": {"k"}}, 4},
		{"a key of the other name", http.Header{"X-Idempotency-Key": {"k"}}, 4},
		{"a key without a value", http.Header{"Idempotency-Key": nil}, 4},
		{"another header", http.Header{"Idempotency": {"k"}}, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := always(502, "")
			req := newRequest(t, t.Context(), "POST", "x")
			req.Header = c.header.Clone()
			do(t, newTransport(t, client.Config{Base: b}), req)
			if b.count() != c.want {
				t.Errorf("%s: %d requests were sent, want %d", c.name, b.count(), c.want)
			}
			for _, one := range b.sent {
				if fmt.Sprint(one.header) != fmt.Sprint(c.header) {
					t.Errorf("%s: sent with %v, want %v", c.name, one.header, c.header)
				}
			}
		})
	}
}

// A service may answer 409 because another request has the same key. That is not repeated.
func TestConflictIsNotRepeated(t *testing.T) {
	b := &base{answer: func(int, *http.Request) (*http.Response, error) {
		return problemJSON(409, "conflict", "Retry-After", "1"), nil
	}}
	do(t, newTransport(t, client.Config{Base: b}), newRequest(t, t.Context(), "POST", "", "Idempotency-Key", "k"))
	if b.count() != 1 {
		t.Errorf("a 409 with a key: %d requests, want one", b.count())
	}
}

// A body that cannot be sent again is sent once, and never empty.
func TestBodies(t *testing.T) {
	for _, c := range []struct {
		name string
		body func() io.Reader
		get  func() (io.ReadCloser, error)
		want int
		stop string
	}{
		{"no body", func() io.Reader { return nil }, nil, 4, "attempts"},
		{"NoBody", func() io.Reader { return http.NoBody }, nil, 4, "attempts"},
		{"one that can be sent again", func() io.Reader { return strings.NewReader("x") }, nil, 4, "attempts"},
		{"one that cannot be sent again", func() io.Reader { return io.LimitReader(strings.NewReader("x"), 1) }, nil, 1, "body"},
		{"one whose GetBody fails", func() io.Reader { return strings.NewReader("x") }, func() (io.ReadCloser, error) { return nil, errPlanted }, 1, "body"},
	} {
		for _, fails := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				var h hook
				b := always(429, "told")
				if fails {
					b.answer = func(int, *http.Request) (*http.Response, error) { return nil, io.EOF }
				}
				req, err := http.NewRequestWithContext(t.Context(), "PUT", "http://api.example/", c.body())
				if err != nil {
					t.Fatal(err)
				}
				if c.get != nil {
					req.GetBody = c.get
				}
				_, body, err := do(t, newTransport(t, client.Config{Base: b, OnAttempt: h.on}), req)
				if b.count() != c.want || h.last().Stop != c.stop {
					t.Errorf("%s: %d requests, stop %q, want %d, %q", c.name, b.count(), h.last().Stop, c.want, c.stop)
				}
				for _, one := range b.sent {
					if hasOne := strings.HasPrefix(c.name, "one"); hasOne != (one.body == "x") {
						t.Errorf("%s: sent with the body %q", c.name, one.body)
					}
				}
				wantErr := io.EOF
				if c.get != nil {
					wantErr = errPlanted
				}
				if !fails && (body != "told" || err != nil) || fails && err != wantErr {
					t.Errorf("%s: the call returns %q, %v", c.name, body, err)
				}
			})
		}
	}
}

func TestSentOnce(t *testing.T) {
	for name, c := range map[string]struct {
		once     bool
		attempts int
		stop     string
		want     int
	}{
		"Once":         {true, 0, "once", 1},
		"one attempt":  {false, 1, "attempts", 1},
		"two attempts": {false, 2, "attempts", 2},
		"ten attempts": {false, 10, "attempts", 10},
	} {
		synctest.Test(t, func(t *testing.T) {
			var h hook
			b := always(503, "told")
			api := newTransport(t, client.Config{Base: b, Attempts: c.attempts, OnAttempt: h.on})
			ctx := t.Context()
			if c.once {
				ctx = client.Once(ctx)
			}
			status, body, err := get(t, api, ctx)
			if status != 503 || body != "told" || err != nil || b.count() != c.want || h.last().Stop != c.stop {
				t.Errorf("%s: %d %q, %v, %d requests, stop %q", name, status, body, err, b.count(), h.last().Stop)
			}
		})
	}
}

// After a failure with the advice Once, only one more request is sent, whatever its answer
// is.
func TestOnceIsOneRepetition(t *testing.T) {
	once := func() *http.Response { return respond(allStyles[4], problem.Internal) }
	again := func() *http.Response { return respond(allStyles[4], problem.Unavailable) }
	for _, c := range []struct {
		name    string
		answers []func() *http.Response
		want    int
	}{
		{"the same failure follows", []func() *http.Response{once, once, once}, 2},
		{"another failure follows", []func() *http.Response{once, again, again}, 2},
		{"another failure comes first", []func() *http.Response{again, once, again, again}, 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			var h hook
			b := &base{answer: func(n int, _ *http.Request) (*http.Response, error) {
				return c.answers[min(n, len(c.answers))-1](), nil
			}}
			get(t, newTransport(t, client.Config{Style: allStyles[4], Base: b, OnAttempt: h.on}), t.Context())
			if b.count() != c.want || h.last().Stop != "class" {
				t.Errorf("%s: %d requests, stop %q, want %d, class", c.name, b.count(), h.last().Stop, c.want)
			}
		})
	}
}

// An outcome with the name of a published code is repeated as that code says.
func TestOutcomesAreRepeatedLikeTheirPublishedCode(t *testing.T) {
	s := problem.RFC9457
	s.Codes = []problem.Code{{Name: "conflict", Kind: problem.Conflict, Status: 409, Retry: problem.Backoff}}
	synctest.Test(t, func(t *testing.T) {
		b := &base{answer: func(int, *http.Request) (*http.Response, error) { return respond(s, problem.Conflict), nil }}
		get(t, newTransport(t, client.Config{Style: s, Base: b}), t.Context())
		if b.count() != 4 {
			t.Errorf("for an outcome whose published code says Backoff %d requests were sent, want 4", b.count())
		}
	})
}

// An answer to HEAD has no body, so it is taken for the answer of a proxy.
func TestHead(t *testing.T) {
	s := allStyles[0]
	for status, want := range map[int]int{500: 1, 503: 4, 429: 4, 404: 1} {
		synctest.Test(t, func(t *testing.T) {
			b := always(status, "")
			do(t, newTransport(t, client.Config{Style: s, Base: b}), newRequest(t, t.Context(), "HEAD", ""))
			if b.count() != want {
				t.Errorf("after a %d to HEAD %d requests were sent, want %d", status, b.count(), want)
			}
		})
	}
}
