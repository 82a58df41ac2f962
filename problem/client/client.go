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
	// Style is the error format of the API that is called. The Transport obeys its
	// table and its [problem.Advice]. Default [problem.RFC9457].
	Style problem.Style

	// Base sends the requests. It decides how long one attempt may take, for
	// example by [http.Transport.ResponseHeaderTimeout]. Default
	// [http.DefaultTransport].
	Base http.RoundTripper

	// Attempts is how often a request is sent in all, at most 10. With 1 nothing
	// is repeated. Default 4.
	Attempts int

	// MaxWait is the longest wait that an answer may ask for. An answer that asks
	// for more is returned to the caller at once. Default 1 minute.
	MaxWait time.Duration

	// Budget bounds the repetitions. Each repetition takes one from the budget, and
	// each answer below 500 gives a tenth back, up to Budget. A repetition after a
	// 429 takes nothing, because a 429 counts calls and is not a sign of an outage.
	// Default 10.
	Budget int

	// Pace is a limiter for which each attempt waits, also the first one, so that
	// the Transport stays below a documented limit. If the wait would exceed the
	// deadline of the request, RoundTrip fails at once with an error of package
	// rate, and nothing is sent. Other code may share the limiter. Default none.
	Pace *rate.Limiter

	// Refresh returns a new value for the Authorization header after the old one
	// was rejected with 401, and the request is sent once more. The Transport calls
	// Refresh only if [problem.Advice.Refresh] is set, and once for each rejected
	// value, however many requests have used it. The context has the values of the
	// first such request and ends after MaxWait; a request under that context does
	// not call Refresh again. Default none: the caller gets the 401.
	Refresh func(ctx context.Context, rejected string) (authorization string, err error)

	// OnAttempt is called after each attempt, on the goroutine of the caller, when
	// the Transport has decided what follows and before it waits. A panic in it is
	// dropped. Default none.
	OnAttempt func(context.Context, *Attempt)
}

const (
	defaultAttempts = 4
	maxAttempts     = 10
	defaultMaxWait  = time.Minute
	defaultBudget   = 10
)

// Transport is an [http.RoundTripper] that repeats requests when that is allowed and
// useful. It is safe for concurrent use. The zero Transport is not usable; see [New].
type Transport struct {
	cfg     Config
	budget  budget
	slots   slots
	refresh refresher
}

// New returns a Transport, or all faults of the configuration.
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

// RoundTrip implements [http.RoundTripper]. It sends r, repeats r while that is
// allowed, and returns the last answer, or the error of [Config.Base] unchanged.
//
// RoundTrip reads up to 1 MiB of the body of an error, and puts it back. It returns a
// success as soon as its header is there.
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

// CloseIdleConnections calls the method of the same name of [Config.Base], if there is
// one. [http.Client.CloseIdleConnections] relies on it.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.cfg.Base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// admit waits until out may be sent. If out must not be sent, admit closes its body,
// as Base would do otherwise.
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

// sleep waits for d, or until ctx ends. It returns the error of ctx unchanged, so that
// a handler can tell that its own client has left from an error of the other service.
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

// Once returns a context under which a Transport sends a request once. It is for
// callers that repeat requests themselves: two retriers, one above the other, multiply
// their attempts.
func Once(ctx context.Context) context.Context {
	return context.WithValue(ctx, onceKey{}, true)
}

func isOnce(ctx context.Context) bool { return ctx.Value(onceKey{}) != nil }
