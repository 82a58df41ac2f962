package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/client"
	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/problem/scaivault"
)

// vault is a service that accepts some credentials.
type vault struct {
	mu    sync.Mutex
	valid map[string]bool
}

func (v *vault) accept(values ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.valid = map[string]bool{}
	for _, value := range values {
		v.valid[value] = true
	}
}

func (v *vault) base() *base {
	return &base{answer: func(_ int, r *http.Request) (*http.Response, error) {
		time.Sleep(time.Millisecond)
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.valid[r.Header.Get("Authorization")] {
			return answer(200, "welcome"), nil
		}
		return answer(401, "told"), nil
	}}
}

func bearer(t testing.TB, ctx context.Context, method, token, body string) *http.Request {
	return newRequest(t, ctx, method, body, "Authorization", "Bearer "+token)
}

// refreshing returns a Refresh that counts its calls and turns "Bearer x" into "Bearer x'".
func refreshing(calls *atomic.Int32, takes time.Duration) func(context.Context, string) (string, error) {
	return func(ctx context.Context, rejected string) (string, error) {
		calls.Add(1)
		select {
		case <-time.After(takes):
			return rejected + "'", nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func TestRefresh(t *testing.T) {
	var v vault
	v.accept("Bearer a'")
	for _, c := range []struct {
		rule     string
		style    problem.Style
		change   func(*client.Config, *http.Request) *http.Request
		requests int
		status   int
	}{
		{"a GET", entryguard.Style, nil, 2, 200},
		{"a POST is sent again, because a 401 means that nothing was done", entryguard.Style, func(_ *client.Config, r *http.Request) *http.Request { r.Method = "POST"; return r }, 2, 200},
		{"a refresh does not count as an attempt", entryguard.Style, func(cfg *client.Config, r *http.Request) *http.Request { cfg.Attempts = 1; return r }, 2, 200},
		{"Once forbids it", entryguard.Style, func(_ *client.Config, r *http.Request) *http.Request { return r.WithContext(client.Once(r.Context())) }, 1, 401},
		{"without Refresh", entryguard.Style, func(cfg *client.Config, r *http.Request) *http.Request { cfg.Refresh = nil; return r }, 1, 401},
		{"a vendor that does not advise it", scaivault.Style, nil, 1, 401},
		{"without a credential", entryguard.Style, func(_ *client.Config, r *http.Request) *http.Request { r.Header.Del("Authorization"); return r }, 1, 401},
		{"with another credential", entryguard.Style, func(_ *client.Config, r *http.Request) *http.Request {
			r.Header.Del("Authorization")
			r.Header.Set("X-API-Key", "k")
			return r
		}, 1, 401},
		{"with a body that cannot be sent again", entryguard.Style, func(_ *client.Config, r *http.Request) *http.Request { r.GetBody = nil; return r }, 1, 401},
		{"with a GetBody that fails", entryguard.Style, func(_ *client.Config, r *http.Request) *http.Request {
			r.GetBody = func() (io.ReadCloser, error) { return nil, errPlanted }
			return r
		}, 1, 401},
	} {
		synctest.Test(t, func(t *testing.T) {
			var calls atomic.Int32
			var h hook
			b := v.base()
			cfg := client.Config{Style: c.style, Base: b, Refresh: refreshing(&calls, time.Second), OnAttempt: h.on}
			req := bearer(t, t.Context(), "GET", "a", "{}")
			if c.change != nil {
				req = c.change(&cfg, req)
			}
			before := req.Header.Clone()
			status, body, err := do(t, newTransport(t, cfg), req)
			if status != c.status || err != nil || b.count() != c.requests {
				t.Errorf("%s: %d %q, %v, %d requests, want %d with %d", c.rule, status, body, err, b.count(), c.status, c.requests)
			}
			if status == 401 && body != "told" {
				t.Errorf("%s: the 401 is returned with the body %q", c.rule, body)
			}
			for i, one := range b.sent {
				if one.body != "{}" {
					t.Errorf("%s: request %d has the body %q", c.rule, i+1, one.body)
				}
			}
			if fmt.Sprint(req.Header) != fmt.Sprint(before) {
				t.Errorf("%s: the caller's header became %v", c.rule, req.Header)
			}
			if len(h.all) != 1 || h.last().Status != c.status || h.last().Number != 1 {
				t.Errorf("%s: OnAttempt was called with %+v, want one attempt", c.rule, h.all)
			}
			if h.last().Request.Header.Get("Authorization") != b.sent[len(b.sent)-1].header.Get("Authorization") {
				t.Errorf("%s: OnAttempt was called with another request than the one that was sent", c.rule)
			}
		})
	}
}

// A 401 is never repeated without a new credential, even if the style says Backoff.
func TestA401IsNeverRepeated(t *testing.T) {
	s := entryguard.Style
	s.Outcomes[problem.Unauthenticated].Retry = problem.Backoff
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		b := &base{answer: func(int, *http.Request) (*http.Response, error) { return respond(s, problem.Unauthenticated), nil }}
		api := newTransport(t, client.Config{Style: s, Base: b, Refresh: refreshing(&calls, 0)})
		if status, _, err := do(t, api, bearer(t, t.Context(), "GET", "a", "")); status != 401 || err != nil || b.count() != 2 || calls.Load() != 1 {
			t.Errorf("%d, %v, %d requests, %d refreshes; want the second 401", status, err, b.count(), calls.Load())
		}
	})
}

// A 401 that is not returned is closed: after the refresh, and if the caller leaves during
// the refresh.
func TestRejectedAnswersAreClosed(t *testing.T) {
	for _, leaves := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var calls atomic.Int32
			body := &closeCounter{Reader: strings.NewReader("told")}
			first := answer(401, "")
			first.Body = body
			api := newTransport(t, client.Config{Style: entryguard.Style, Base: script(first, answer(200, "")), Refresh: refreshing(&calls, 2*time.Second)})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if leaves {
				time.AfterFunc(time.Second, cancel)
			}
			if _, _, err := do(t, api, bearer(t, ctx, "GET", "a", "")); (err == context.Canceled) != leaves || body.closed != 1 {
				t.Errorf("with a caller that leaves (%t) the error is %v and the 401 was closed %d times, want once", leaves, err, body.closed)
			}
			time.Sleep(time.Minute)
		})
	}
}

// A hundred callers with one credential share one refresh.
func TestOneRefreshForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v vault
		v.accept("Bearer a'")
		var calls atomic.Int32
		b := v.base()
		api := newTransport(t, client.Config{Style: entryguard.Style, Base: b, Refresh: refreshing(&calls, time.Second)})
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if status, _, err := do(t, api, bearer(t, t.Context(), "POST", "a", "x")); status != 200 || err != nil {
					t.Errorf("%d, %v, want 200", status, err)
				}
			})
		}
		wg.Wait()
		if calls.Load() != 1 || b.count() != 200 {
			t.Errorf("%d refreshes and %d requests, want 1 and 200", calls.Load(), b.count())
		}
	})
}

// If a caller leaves, only its own call fails, even if that call began the refresh.
func TestOtherCallersAreRefreshedIfTheFirstLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v vault
		v.accept("Bearer a'")
		var calls atomic.Int32
		api := newTransport(t, client.Config{Style: entryguard.Style, Base: v.base(), Refresh: refreshing(&calls, 10*time.Second)})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		var wg sync.WaitGroup
		wg.Go(func() {
			begun := time.Now()
			if _, _, err := do(t, api, bearer(t, ctx, "GET", "a", "")); err != context.Canceled || time.Since(begun) != 3*time.Second {
				t.Errorf("the call of the caller that left fails with %v after %v, want context.Canceled after 3s", err, time.Since(begun))
			}
		})
		wg.Go(func() {
			time.Sleep(time.Second)
			if status, _, err := do(t, api, bearer(t, t.Context(), "GET", "a", "")); status != 200 || err != nil {
				t.Errorf("the other caller gets %d, %v, want 200", status, err)
			}
		})
		wg.Wait()
		if calls.Load() != 1 {
			t.Errorf("%d refreshes, want one", calls.Load())
		}
	})
}

// A caller that comes later with a replaced credential gets the new one without a refresh.
func TestLateRejection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v vault
		v.accept("Bearer a'", "Bearer b'")
		var calls atomic.Int32
		api := newTransport(t, client.Config{Style: entryguard.Style, Base: v.base(), Refresh: refreshing(&calls, time.Second)})
		for _, step := range []struct {
			token string
			calls int32
		}{{"a", 1}, {"a", 1}, {"b", 2}, {"b", 2}, {"a", 3}, {"a'", 3}} {
			status, _, err := do(t, api, bearer(t, t.Context(), "GET", step.token, ""))
			if status != 200 || err != nil || calls.Load() != step.calls {
				t.Errorf("with %s: %d, %v after %d refreshes, want 200 after %d", step.token, status, err, calls.Load(), step.calls)
			}
		}
	})
}

// If the new credential is rejected as well, the next call of a caller that still sends the
// old one begins another refresh. Otherwise that caller would get 401 for ever.
func TestSuccessorIsRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v vault
		var calls atomic.Int32
		b := v.base()
		api := newTransport(t, client.Config{Style: entryguard.Style, Base: b, Refresh: func(_ context.Context, rejected string) (string, error) {
			return fmt.Sprint(rejected, calls.Add(1)), nil
		}})
		for _, step := range []struct {
			accepted string
			status   int
			calls    int32
		}{
			{"Bearer a1", 200, 1},
			{"Bearer a1", 200, 1},
			{"Bearer a2", 401, 1},
			{"Bearer a2", 200, 2},
		} {
			v.accept(step.accepted)
			before := b.count()
			status, _, err := do(t, api, bearer(t, t.Context(), "GET", "a", ""))
			if status != step.status || err != nil || calls.Load() != step.calls || b.count()-before != 2 {
				t.Errorf("while %q is accepted: %d, %v, %d refreshes, %d requests; want %d, %d, 2",
					step.accepted, status, err, calls.Load(), b.count()-before, step.status, step.calls)
			}
		}
	})
}

// If Refresh brings no new credential, the caller gets the first 401, and OnAttempt gets the
// reason.
func TestRefreshFails(t *testing.T) {
	for name, refresh := range map[string]func(context.Context, string) (string, error){
		"an error":       func(context.Context, string) (string, error) { return "Bearer x", errPlanted },
		"a panic":        func(context.Context, string) (string, error) { panic("planted") },
		"a nil panic":    func(context.Context, string) (string, error) { panic(nil) },
		"an exit":        func(context.Context, string) (string, error) { runtime.Goexit(); return "", nil },
		"nothing":        func(context.Context, string) (string, error) { return "", nil },
		"the same again": func(_ context.Context, rejected string) (string, error) { return rejected, nil },
		"not in time":    func(ctx context.Context, _ string) (string, error) { <-ctx.Done(); return "", ctx.Err() },
		"not in time, without looking at the context": func(context.Context, string) (string, error) { time.Sleep(time.Hour); return "", errPlanted },
	} {
		synctest.Test(t, func(t *testing.T) {
			var v vault
			var h hook
			b := v.base()
			api := newTransport(t, client.Config{Style: entryguard.Style, Base: b, Refresh: refresh, OnAttempt: h.on})
			for range 2 {
				begun := time.Now()
				status, body, err := do(t, api, bearer(t, t.Context(), "GET", "a", ""))
				if status != 401 || body != "told" || err != nil || time.Since(begun) > time.Minute+time.Second {
					t.Errorf("%s: %d %q, %v after %v, want the first 401", name, status, body, err, time.Since(begun))
				}
				a := h.last()
				if !errors.Is(a.Err, problem.Unauthenticated) || !strings.Contains(a.Err.Error(), "Refresh") || a.Stop != "class" {
					t.Errorf("%s: OnAttempt gets %v, stop %q, want the 401 and the failure of Refresh", name, a.Err, a.Stop)
				}
				if name == "an error" && !errors.Is(a.Err, errPlanted) {
					t.Errorf("%s: OnAttempt gets %v, want the error of Refresh in it", name, a.Err)
				}
			}
			if b.count() != 2 {
				t.Errorf("%s: two calls sent %d requests, want two", name, b.count())
			}
			time.Sleep(2 * time.Hour)
		})
	}
}

// Refresh may use the same Transport. If its own request is answered 401, it does not wait
// for the refresh that it is part of.
func TestRefreshThroughTheSameTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v vault
		var api http.RoundTripper
		type key struct{}
		b := v.base()
		api = newTransport(t, client.Config{Style: entryguard.Style, Base: b, Refresh: func(ctx context.Context, rejected string) (string, error) {
			if ctx.Value(key{}) == nil {
				t.Error("the context of Refresh does not have the values of the caller's context")
			}
			req, _ := http.NewRequestWithContext(ctx, "POST", "http://api.example/refresh", nil)
			req.Header.Set("Authorization", rejected)
			resp, err := api.RoundTrip(req)
			if err != nil {
				return "", err
			}
			return "", client.Decode(resp, entryguard.Style)
		}})
		begun := time.Now()
		status, _, err := do(t, api, bearer(t, context.WithValue(t.Context(), key{}, 1), "GET", "a", ""))
		if status != 401 || err != nil || b.count() != 2 || time.Since(begun) > time.Second {
			t.Errorf("%d, %v, %d requests after %v, want the 401 at once, with two", status, err, b.count(), time.Since(begun))
		}
	})
}

// After a refresh all further attempts carry the new credential. The refresh takes neither
// an attempt nor a part of the budget.
func TestRepeatedAfterRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		b := script(answer(401, ""), answer(503, ""), answer(503, ""), answer(200, ""))
		api := newTransport(t, client.Config{Style: entryguard.Style, Base: b, Attempts: 3, Budget: 2, Refresh: refreshing(&calls, 0)})
		status, _, err := do(t, api, bearer(t, t.Context(), "GET", "a", ""))
		if status != 200 || err != nil || b.count() != 4 || calls.Load() != 1 {
			t.Errorf("%d, %v, %d requests, %d refreshes; want 200 with 4 and 1", status, err, b.count(), calls.Load())
		}
		for i, one := range b.sent {
			if want := "Bearer a" + strings.Repeat("'", min(i, 1)); one.header.Get("Authorization") != want {
				t.Errorf("request %d carries %q, want %q", i+1, one.header.Get("Authorization"), want)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) { // one refresh in a call
		var calls atomic.Int32
		b := script(answer(401, ""), answer(503, ""), answer(401, "second"))
		api := newTransport(t, client.Config{Style: entryguard.Style, Base: b, Refresh: refreshing(&calls, 0)})
		status, body, err := do(t, api, bearer(t, t.Context(), "GET", "a", ""))
		if status != 401 || body != "second" || err != nil || b.count() != 3 || calls.Load() != 1 {
			t.Errorf("%d %q, %v, %d requests, %d refreshes; want the second 401", status, body, err, b.count(), calls.Load())
		}
	})
}
