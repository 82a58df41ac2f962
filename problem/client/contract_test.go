package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/client"
	"github.com/backstop-go/backstop/problem/entryguard"
	"golang.org/x/time/rate"
)

// The error of New joins all faults of a configuration.
func TestNew(t *testing.T) {
	odd := problem.RFC9457
	odd.Name, odd.Advice.BaseDelay, odd.Advice.DefaultDelay = "", -1, -1
	for _, c := range []struct {
		cfg  client.Config
		want []string
	}{
		{client.Config{}, nil},
		{client.Config{Attempts: 10, MaxWait: 1, Budget: 1, Pace: rate.NewLimiter(rate.Inf, 0)}, nil},
		{
			client.Config{Style: odd, Attempts: 11, MaxWait: -time.Second, Budget: -2, Pace: rate.NewLimiter(1, 0)},
			[]string{"no Name", "BaseDelay", "DefaultDelay", "Attempts 11", "MaxWait -1s", "Budget -2", "burst of 0"},
		},
		{client.Config{Attempts: -1}, []string{"Attempts -1"}},
		{client.Config{Style: problem.Style{ContentType: "application/json"}}, []string{"no Name"}},
	} {
		api, err := client.New(c.cfg)
		if (err == nil) != (c.want == nil) || (api == nil) != (err != nil) {
			t.Errorf("New(%+v) = %v, %v", c.cfg, api, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("New = %v, want that it names %q", err, want)
			}
		}
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "client: ") {
					t.Errorf("the fault %q does not name the package", line)
				}
			}
		}
	}
}

// RoundTrip never changes the request of the caller, and closes its body exactly once.
func TestTheCallersRequest(t *testing.T) {
	type path struct {
		name   string
		cfg    client.Config
		answer func(n int, r *http.Request) (*http.Response, error)
		ctx    func(context.Context) context.Context
	}
	over := func(ctx context.Context) context.Context {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return ctx
	}
	soon := func(ctx context.Context) context.Context {
		ctx, cancel := context.WithTimeout(ctx, 1500*time.Millisecond)
		_ = cancel
		return ctx
	}
	left := func(ctx context.Context) context.Context {
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(time.Second/2, cancel)
		return ctx
	}
	same := func(ctx context.Context) context.Context { return ctx }
	slow := rate.NewLimiter(rate.Every(time.Hour), 1)
	slow.Allow()
	for _, c := range []path{
		{"a success", client.Config{}, func(int, *http.Request) (*http.Response, error) { return answer(200, ""), nil }, same},
		{"a failure", client.Config{}, func(int, *http.Request) (*http.Response, error) { return answer(404, ""), nil }, same},
		{"a failure that is repeated", client.Config{}, func(int, *http.Request) (*http.Response, error) { return answer(503, ""), nil }, same},
		{"no answer", client.Config{}, func(int, *http.Request) (*http.Response, error) { return nil, errReset }, same},
		{"a context that has ended", client.Config{}, nil, over},
		{"a context that ends in a wait", client.Config{}, func(int, *http.Request) (*http.Response, error) { return answer(503, "", "Retry-After", "1"), nil }, left},
		{"a deadline before the end of a wait", client.Config{}, func(int, *http.Request) (*http.Response, error) { return answer(503, "", "Retry-After", "9"), nil }, soon},
		{"a deadline before the end of the wait for Pace", client.Config{Pace: slow}, nil, soon},
		{"a credential that is refreshed", client.Config{
			Style:   entryguard.Style,
			Refresh: func(context.Context, string) (string, error) { return "Bearer new", nil },
		}, func(n int, _ *http.Request) (*http.Response, error) {
			return answer([]int{401, 200}[min(n, 2)-1], ""), nil
		}, same},
	} {
		synctest.Test(t, func(t *testing.T) {
			var bodies []*closeCounter
			open := func() (io.ReadCloser, error) {
				b := &closeCounter{Reader: strings.NewReader("body")}
				bodies = append(bodies, b)
				return b, nil
			}
			req := newRequest(t, c.ctx(t.Context()), "PUT", "", "Authorization", "Bearer old", "X-A", "1")
			req.Body, _ = open()
			req.GetBody = open
			before, header := *req, req.Header.Clone()
			b := &base{answer: c.answer}
			if b.answer == nil {
				b.answer = func(int, *http.Request) (*http.Response, error) {
					t.Errorf("%s: a request was sent", c.name)
					return nil, errPlanted
				}
			}
			c.cfg.Base = b
			_, _, err := do(t, newTransport(t, c.cfg), req)
			if c.answer == nil && err == nil {
				t.Errorf("%s: no error", c.name)
			}
			if c.name == "a context that has ended" && err != context.Canceled {
				t.Errorf("%s: %v, want the bare context.Canceled", c.name, err)
			}
			if req.Body != before.Body || req.URL != before.URL || req.ContentLength != before.ContentLength || !reflect.DeepEqual(req.Header, header) {
				t.Errorf("%s: the caller's request was changed", c.name)
			}
			for i, body := range bodies {
				if body.closed != 1 {
					t.Errorf("%s: body %d of %d was closed %d times, want once", c.name, i+1, len(bodies), body.closed)
				}
			}
			for i, one := range b.sent {
				if one.body != "body" {
					t.Errorf("%s: request %d was sent with %q", c.name, i+1, one.body)
				}
			}
		})
	}
}

// RoundTrip returns the last error of Base, and does not wrap it.
func TestErrorsAreThoseOfBase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &base{answer: func(n int, _ *http.Request) (*http.Response, error) {
			return nil, []error{io.EOF, errReset, io.ErrUnexpectedEOF, errPlanted}[n-1]
		}}
		if _, _, err := get(t, newTransport(t, client.Config{Base: b}), t.Context()); err != errPlanted {
			t.Errorf("the error is %v, want the last one of Base", err)
		}
	})
}

// Before a wait the Transport closes the answer that it does not return. It first reads up
// to 64 KiB more of the body, so that the connection can be used again.
func TestAnswersInBetween(t *testing.T) {
	for _, size := range []int64{0, 10, 1 << 20, 1<<20 + 1000, 1<<20 + 1<<17} {
		synctest.Test(t, func(t *testing.T) {
			body := &counted{}
			first := answer(503, "", "Retry-After", "1")
			first.Body = body
			body.Reader = io.LimitReader(&endless{}, size)
			b := script(first, answer(200, "welcome"))
			api := newTransport(t, client.Config{Base: b, OnAttempt: func(_ context.Context, a *client.Attempt) {
				if a.Number == 1 && body.closed.Load() != 0 {
					t.Error("the answer was closed before the hook")
				}
			}})
			go func() {
				time.Sleep(time.Second / 2)
				if want := min(size, 1<<20+1<<16); body.closed.Load() != 1 || body.read.Load() != want {
					t.Errorf("in the wait %d bytes of %d were read and the body was closed %d times, want %d bytes and once", body.read.Load(), size, body.closed.Load(), want)
				}
			}()
			if status, text, err := get(t, api, t.Context()); status != 200 || text != "welcome" || err != nil {
				t.Errorf("the second answer is %d %q, %v, want 200 welcome", status, text, err)
			}
		})
	}
}

type counted struct {
	io.Reader
	read, closed atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read.Add(int64(n))
	return n, err
}
func (c *counted) Close() error { c.closed.Add(1); return nil }

// A failure that RoundTrip returns has its whole body, even if the body ends with an error.
func TestHandedOutBodies(t *testing.T) {
	for _, size := range []int{0, 5, 1 << 20, 1<<20 + 5} {
		for _, end := range []error{nil, io.ErrUnexpectedEOF, errPlanted} {
			want := strings.Repeat("x", size)
			resp := answer(500, "")
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(want), failing{eof(end)}))
			_, body, err := get(t, newTransport(t, client.Config{Base: script(resp)}), t.Context())
			if body != want || !errors.Is(err, end) {
				t.Errorf("a body of %d bytes that ends with %v is returned with %d bytes and %v", size, end, len(body), err)
			}
		}
	}
}

func eof(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

func TestOnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h hook
		var at []time.Duration
		begun := time.Now()
		first := problemJSON(503, "unavailable", "Retry-After", "5")
		b := &base{answer: func(n int, _ *http.Request) (*http.Response, error) {
			return []*http.Response{first, nil, answer(200, "")}[n-1], []error{nil, errReset, nil}[n-1]
		}}
		api := newTransport(t, client.Config{Base: b, OnAttempt: func(ctx context.Context, a *client.Attempt) {
			at = append(at, time.Since(begun))
			h.on(ctx, a)
		}})
		get(t, api, t.Context())
		if len(h.all) != 3 {
			t.Fatalf("OnAttempt was called %d times, want once for each attempt", len(h.all))
		}
		one, two, three := h.all[0], h.all[1], h.all[2]
		if one.Number != 1 || one.Status != 503 || !errors.Is(one.Err, problem.Unavailable) || one.Wait < 5*time.Second || one.Stop != "" || at[0] != 0 {
			t.Errorf("the first attempt is %+v after %v", one, at[0])
		}
		if two.Number != 2 || two.Status != 0 || two.Err != errReset || two.Wait == 0 || two.Stop != "" || at[1] != one.Wait {
			t.Errorf("the second attempt is %+v after %v", two, at[1])
		}
		if three.Number != 3 || three.Status != 200 || three.Err != nil || three.Wait != 0 || three.Stop != "" || at[2] != one.Wait+two.Wait {
			t.Errorf("the third attempt is %+v after %v", three, at[2])
		}
		if e, ok := one.Err.(*problem.Error); !ok || e.Message() != "told" || !e.Remote() {
			t.Errorf("Err is %#v, want what Decode returns", one.Err)
		}
	})
}

// A panic in OnAttempt does not change the result of the call.
func TestOnAttemptPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := script(answer(503, ""), answer(200, "welcome"))
		api := newTransport(t, client.Config{Base: b, OnAttempt: func(context.Context, *client.Attempt) { panic("planted") }})
		if status, body, err := get(t, api, t.Context()); status != 200 || body != "welcome" || err != nil {
			t.Errorf("with a hook that panics, RoundTrip = %d %q, %v, want 200 welcome", status, body, err)
		}
	})
}

// If OnAttempt cancels the context of the caller, the wait ends.
func TestOnAttemptCancels(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	api := newTransport(t, client.Config{Base: always(503, ""), OnAttempt: func(context.Context, *client.Attempt) { cancel() }})
	if _, _, err := get(t, api, ctx); err != context.Canceled {
		t.Errorf("the error is %v, want context.Canceled", err)
	}
}

// idle is a Base that can close its connections.
type idle struct {
	*base
	closed int
}

func (i *idle) CloseIdleConnections() { i.closed++ }

func TestCloseIdleConnections(t *testing.T) {
	i := &idle{base: always(200, "")}
	c := http.Client{Transport: newTransport(t, client.Config{Base: i})}
	c.CloseIdleConnections()
	if i.closed != 1 {
		t.Error("CloseIdleConnections does not reach Base")
	}
	newTransport(t, client.Config{Base: always(200, "")}).CloseIdleConnections()
}

// Many callers share a Transport whose service answers in every way, for the race detector.
func TestManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &base{answer: func(n int, r *http.Request) (*http.Response, error) {
			switch n % 6 {
			case 0:
				return nil, errReset
			case 1:
				return answer(429, "", "Retry-After", "1"), nil
			case 2:
				return answer(503, strings.Repeat("x", 1<<12)), nil
			case 3:
				return answer(401, ""), nil
			}
			return answer(200, "welcome"), nil
		}}
		var h hook
		api := newTransport(t, client.Config{
			Style: entryguard.Style, Base: b, OnAttempt: h.on, Budget: 1000, Pace: rate.NewLimiter(1000, 10),
			Refresh: func(_ context.Context, rejected string) (string, error) { return rejected + "'", nil },
		})
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				for range 10 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*time.Second)
					req := bearer(t, ctx, []string{"GET", "POST", "PUT"}[i%3], fmt.Sprint(i%7), "x")
					if resp, err := api.RoundTrip(req); err == nil {
						if _, err := io.Copy(io.Discard, resp.Body); err != nil {
							t.Error(err)
						}
						resp.Body.Close()
						_ = client.Decode(resp, entryguard.Style)
					}
					cancel()
				}
			})
		}
		wg.Wait()
	})
}

// For a success the Transport makes at most two allocations more than Base.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	resp := answer(200, "")
	plain := roundTrip(func(*http.Request) (*http.Response, error) { return resp, nil })
	req := newRequest(t, t.Context(), "GET", "", "Authorization", "Bearer a", "Accept", "application/json")
	for name, cfg := range map[string]client.Config{
		"plain":        {Base: plain},
		"with a pace":  {Base: plain, Pace: rate.NewLimiter(rate.Inf, 1)},
		"with Refresh": {Style: entryguard.Style, Base: plain, Refresh: func(context.Context, string) (string, error) { return "", nil }},
	} {
		api := newTransport(t, cfg)
		alone := testing.AllocsPerRun(100, func() { plain.RoundTrip(req) })
		with := testing.AllocsPerRun(100, func() { api.RoundTrip(req) })
		if with-alone > 2 {
			t.Errorf("%s: a success costs %v allocations more than Base, want at most 2", name, with-alone)
		} else {
			t.Logf("%s: %v above Base", name, with-alone)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
