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

// All faults of a configuration are named at once.
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

// The caller's request is as it was, and its body is closed once, on every path.
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
		{"repeated", client.Config{}, func(int, *http.Request) (*http.Response, error) { return answer(503, ""), nil }, same},
		{"no answer", client.Config{}, func(int, *http.Request) (*http.Response, error) { return nil, errReset }, same},
		{"over before", client.Config{}, nil, over},
		{"over in a wait", client.Config{}, func(int, *http.Request) (*http.Response, error) { return answer(503, "", "Retry-After", "1"), nil }, left},
		{"too late for a wait", client.Config{}, func(int, *http.Request) (*http.Response, error) { return answer(503, "", "Retry-After", "9"), nil }, soon},
		{"out of pace", client.Config{Pace: slow}, nil, soon},
		{"refreshed", client.Config{
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
			if c.name == "over before" && err != context.Canceled {
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

// The error is Base's, unwrapped, and the last one.
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

// An answer that is not handed out is read to its end, as far as that is near, and
// closed before the wait; a success is handed out unread.
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
					t.Errorf("of %d bytes %d were read, and closed %d times, in the wait; want %d, once", size, body.read.Load(), body.closed.Load(), want)
				}
			}()
			if status, text, err := get(t, api, t.Context()); status != 200 || text != "welcome" || err != nil {
				t.Errorf("%d %q, %v", status, text, err)
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

// A failure that is handed out has its whole body, with the error at its end.
func TestHandedOutBodies(t *testing.T) {
	for _, size := range []int{0, 5, 1 << 20, 1<<20 + 5} {
		for _, end := range []error{nil, io.ErrUnexpectedEOF, errPlanted} {
			want := strings.Repeat("x", size)
			resp := answer(500, "")
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(want), failing{eof(end)}))
			_, body, err := get(t, newTransport(t, client.Config{Base: script(resp)}), t.Context())
			if body != want || !errors.Is(err, end) {
				t.Errorf("%d bytes and %v are handed out as %d bytes and %v", size, end, len(body), err)
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

// What the hook does is not to spoil the call.
func TestOnAttemptPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := script(answer(503, ""), answer(200, "welcome"))
		api := newTransport(t, client.Config{Base: b, OnAttempt: func(context.Context, *client.Attempt) { panic("planted") }})
		if status, body, err := get(t, api, t.Context()); status != 200 || body != "welcome" || err != nil {
			t.Errorf("with a hook that panics: %d %q, %v", status, body, err)
		}
	})
}

// A hook that lets the caller leave ends the wait.
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

// Many callers of one Transport meet everything at once.
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

// A success costs two allocations at most above what Base costs.
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
			t.Errorf("%s: a success costs %v allocations above Base, want at most 2", name, with-alone)
		} else {
			t.Logf("%s: %v above Base", name, with-alone)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
