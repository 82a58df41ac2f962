package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/backstop-go/backstop/problem"
	"golang.org/x/time/rate"
)

// Config configures a [Transport]. The zero Config obeys RFC 9457.
type Config struct {
	// Style is the error format of the API that is called. Its table and its
	// Advice are obeyed. Default [problem.RFC9457].
	Style problem.Style

	// Base sends the requests. How long one attempt may take is up to it, for
	// example by ResponseHeaderTimeout. Default [http.DefaultTransport].
	Base http.RoundTripper

	// Attempts is how often a request is sent in all, at most 10. With 1 nothing
	// is repeated. Default 4.
	Attempts int

	// MaxWait is the longest wait that an answer may ask for. If it asks for
	// more, the answer is handed out at once. Default 1 minute.
	MaxWait time.Duration

	// Budget is how many repetitions the Transport may be ahead of its
	// successes. A repetition takes one, any answer below 500 gives back a tenth.
	// A repetition after a 429 is free: that counts calls, it is no distress.
	// Default 10.
	Budget int

	// Pace is waited for before each attempt, first attempts included, so that a
	// documented limit is kept rather than hit. A wait that would pass the
	// deadline of the request fails at once with an error of package rate, and
	// nothing is sent. Other code may share the limiter. Default none.
	Pace *rate.Limiter

	// Refresh returns a new value of the Authorization header for one that was
	// rejected with 401, if the style advises so ([problem.Advice.Refresh]). The
	// request is then sent once more. It is called once for each rejected value,
	// however many requests carried it, under a context that has the values of
	// the first of them and ends after MaxWait; requests under that context are
	// not refreshed themselves. Default none: a 401 is handed out.
	Refresh func(ctx context.Context, rejected string) (authorization string, err error)

	// OnAttempt is told of each attempt, after it was decided what follows and
	// before the wait. It is called by the goroutine of the caller, and a panic in
	// it is contained. Default none.
	OnAttempt func(context.Context, *Attempt)
}

// The defaults, and the most attempts that may be asked for.
const (
	defaultAttempts = 4
	maxAttempts     = 10
	defaultMaxWait  = time.Minute
	defaultBudget   = 10
)

// Transport is an [http.RoundTripper] that repeats what may be repeated. It is
// made by [New] and safe for concurrent use.
type Transport struct {
	cfg     Config
	budget  budget
	slots   slots
	refresh refresher
}

// New returns a Transport. It reports all faults of the configuration at once.
func New(cfg Config) (*Transport, error) {
	if reflect.ValueOf(cfg.Style).IsZero() {
		cfg.Style = problem.RFC9457
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Base == nil {
		cfg.Base = http.DefaultTransport
	}
	if cfg.Attempts == 0 {
		cfg.Attempts = defaultAttempts
	}
	if cfg.MaxWait == 0 {
		cfg.MaxWait = defaultMaxWait
	}
	if cfg.Budget == 0 {
		cfg.Budget = defaultBudget
	}
	t := &Transport{cfg: cfg}
	t.budget.most = int64(cfg.Budget)
	t.slots.last = make(map[uint64]time.Time)
	t.refresh.init(cfg.Refresh, cfg.MaxWait)
	return t, nil
}

func (cfg *Config) check() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf("client: "+format, args...)) }
	if cfg.Style.Name == "" {
		fault("style has no Name")
	}
	if d := cfg.Style.Advice.BaseDelay; d < 0 {
		fault("style %q advises a BaseDelay of %v", cfg.Style.Name, d)
	}
	if d := cfg.Style.Advice.DefaultDelay; d < 0 {
		fault("style %q advises a DefaultDelay of %v", cfg.Style.Name, d)
	}
	if cfg.Attempts < 0 || cfg.Attempts > maxAttempts {
		fault("Attempts %d, want 1 to %d", cfg.Attempts, maxAttempts)
	}
	if cfg.MaxWait < 0 {
		fault("MaxWait %v is negative", cfg.MaxWait)
	}
	if cfg.Budget < 0 {
		fault("Budget %d is negative", cfg.Budget)
	}
	if p := cfg.Pace; p != nil && p.Burst() < 1 && p.Limit() != rate.Inf {
		fault("Pace with a burst of %d lets nothing pass", p.Burst())
	}
	return errors.Join(errs...)
}

// RoundTrip sends r, repeats that while it is allowed to, and returns the last
// answer or the error of the connection, as Base gave it. It implements
// [http.RoundTripper].
//
// The answer to a failure is read up to 1 MiB, and put back. A success is handed
// out as soon as its header is there.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	c := call{t: t, r: r}
	out := r.WithContext(r.Context())
	for number := 1; ; number++ {
		if err := t.admit(out); err != nil {
			return nil, err
		}
		a, err := c.attempt(out)
		if err != nil {
			return nil, err
		}
		n := c.next(&a, number)
		t.tell(&a, number, &n)
		if n.request == nil {
			return n.handOut(&a)
		}
		drop(a.resp)
		if err := sleep(r.Context(), n.wait); err != nil {
			closeBody(n.request)
			return nil, err
		}
		out = n.request
	}
}

// CloseIdleConnections passes the call on to Base.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.cfg.Base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// admit waits until out may be sent. If that is not to be, it closes the body,
// which otherwise is for Base to do.
func (t *Transport) admit(out *http.Request) error {
	err := out.Context().Err()
	if err == nil && t.cfg.Pace != nil {
		err = t.cfg.Pace.Wait(out.Context())
	}
	if err != nil {
		closeBody(out)
	}
	return err
}

// sleep waits for d, or until ctx ends. The bare error of ctx does not look like
// one of the other service's: a handler above tells by it that its own client
// has left.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}

type onceKey struct{}

// Once returns a context under which a request is sent one time. It is for
// callers that repeat on their own, because retriers that stand on top of each
// other multiply.
func Once(ctx context.Context) context.Context {
	return context.WithValue(ctx, onceKey{}, true)
}

func isOnce(ctx context.Context) bool { return ctx.Value(onceKey{}) != nil }
