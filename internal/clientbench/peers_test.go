package clientbench

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/client"
	"github.com/backstop-go/backstop/ratelimit"
	"github.com/failsafe-go/failsafe-go/failsafehttp"
	"github.com/hashicorp/go-retryablehttp"
)

// contender repeats up to a number of attempts, with waits from base on.
type contender struct {
	name string
	over func(t *testing.T, base http.RoundTripper, attempts int, wait time.Duration) http.RoundTripper
}

var contenders = []contender{
	{"client", func(t *testing.T, base http.RoundTripper, attempts int, wait time.Duration) http.RoundTripper {
		s := problem.RFC9457
		s.Advice.BaseDelay = wait
		api, err := client.New(client.Config{Style: s, Base: base, Attempts: attempts})
		if err != nil {
			t.Fatal(err)
		}
		return api
	}},
	{"retryablehttp", func(_ *testing.T, base http.RoundTripper, attempts int, wait time.Duration) http.RoundTripper {
		c := retryablehttp.NewClient()
		c.Logger, c.RetryMax, c.RetryWaitMin = nil, attempts-1, wait
		c.HTTPClient.Transport = base
		c.ErrorHandler = retryablehttp.PassthroughErrorHandler
		return &retryablehttp.RoundTripper{Client: c}
	}},
	{"failsafe", func(_ *testing.T, base http.RoundTripper, attempts int, wait time.Duration) http.RoundTripper {
		p := failsafehttp.NewRetryPolicyBuilder().WithBackoff(wait, 30*time.Second).WithMaxRetries(attempts - 1).ReturnLastFailure().Build()
		return failsafehttp.NewRoundTripper(base, p)
	}},
	{"net/http", func(_ *testing.T, base http.RoundTripper, _ int, _ time.Duration) http.RoundTripper { return base }},
}

// served is a handler as a RoundTripper that counts requests.
type served struct {
	h        http.Handler
	requests atomic.Int32
}

func (s *served) RoundTrip(r *http.Request) (*http.Response, error) {
	s.requests.Add(1)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	in := httptest.NewRequest(r.Method, r.URL.String(), nil)
	in.Header = r.Header
	s.h.ServeHTTP(w, in)
	return w.Result(), nil
}

func failing(status int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, strings.Repeat("<p>", 10_000))
	}
}

// get returns the status, 0 for an error.
func get(ctx context.Context, rt http.RoundTripper, url string) int {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	r.Header.Set("Authorization", "Bearer a")
	resp, err := rt.RoundTrip(r)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

const nowhere = "http://api.example/"

// measures are the rows: each returns a figure for a contender. What we promise is
// the begin of ours.
var measures = []struct {
	name, ours string
	of         func(*testing.T, contender) string
}{
	{"requests in an outage, for 1000 calls", "1010", func(t *testing.T, c contender) string {
		s := &served{h: failing(503)}
		rt := c.over(t, s, 4, time.Second)
		for range 1000 {
			get(t.Context(), rt, nowhere)
		}
		return fmt.Sprint(s.requests.Load())
	}},
	{"ten callers, one limit: succeed, requests, last", "10, 19, ", func(t *testing.T, c contender) string { return share(t, c, time.Hour) }},
	{"the same within 90 s", "8, 17, ", func(t *testing.T, c contender) string { return share(t, c, 90*time.Second) }},
	{"a minute's refusal, 10 s left: waits, comes", "0s, 429", func(t *testing.T, c contender) string {
		s := &served{h: failing(429, "Retry-After", "60")}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begun := time.Now()
		status := get(ctx, c.over(t, s, 4, time.Second), nowhere)
		took := time.Since(begun).Round(time.Second)
		if status == 0 {
			return fmt.Sprintf("%v, error", took)
		}
		return fmt.Sprintf("%v, %d", took, status)
	}},
}

// share lets ten callers share a limit of five a minute.
func share(t *testing.T, c contender, within time.Duration) string {
	limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerMinute(5).WithBurst(1), Key: ratelimit.BearerToken})
	if err != nil {
		t.Fatal(err)
	}
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	s := &served{h: errs.Handler(limit.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))}
	rt := c.over(t, s, 4, time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	var succeeded atomic.Int32
	var last atomic.Int64
	begun := time.Now()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if get(ctx, rt, nowhere) == 200 {
				succeeded.Add(1)
				last.Store(int64(time.Since(begun)))
			}
		})
	}
	wg.Wait()
	return fmt.Sprintf("%d, %d, %v", succeeded.Load(), s.requests.Load(), time.Duration(last.Load()).Round(time.Second))
}

// connections counts those that a real server sees for a call with five
// repetitions.
func connections(t *testing.T, c contender) string {
	var n atomic.Int32
	s := httptest.NewUnstartedServer(failing(503))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			n.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	get(t.Context(), c.over(t, base, 6, time.Millisecond), s.URL)
	return fmt.Sprint(n.Load())
}

func TestPeers(t *testing.T) {
	row := func(name, ours string, figures []string) {
		if !strings.HasPrefix(figures[0], ours) {
			t.Errorf("%s: the client has %s, want %s", name, figures[0], ours)
		}
		var line strings.Builder
		fmt.Fprintf(&line, "%-50s", name)
		for _, f := range figures {
			fmt.Fprintf(&line, "%18s", f)
		}
		t.Log(line.String())
	}
	var names []string
	for _, c := range contenders {
		names = append(names, c.name)
	}
	row("", "client", names)
	for _, m := range measures {
		var figures []string
		for _, c := range contenders {
			synctest.Test(t, func(t *testing.T) { figures = append(figures, m.of(t, c)) })
		}
		row(m.name, m.ours, figures)
	}
	var figures []string
	for _, c := range contenders {
		figures = append(figures, connections(t, c))
	}
	row("connections for five repetitions", "1", figures)
}
