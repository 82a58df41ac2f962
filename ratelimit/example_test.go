package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

func Example() {
	limit, err := ratelimit.New(ratelimit.Config{
		Rate: ratelimit.PerMinute(2),
		Key:  ratelimit.BearerToken,
	})
	if err != nil {
		log.Fatal(err)
	}
	items := limit.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "three items")
	}))

	for range 3 {
		r := httptest.NewRequest("GET", "/v1/items", nil)
		r.Header.Set("Authorization", "Bearer ann")
		w := httptest.NewRecorder()
		items.ServeHTTP(w, r)
		fmt.Printf("%d, %s left, retry after %q\n", w.Code, w.Header().Get("X-RateLimit-Remaining"), w.Header().Get("Retry-After"))
	}
	// Output:
	// 200, 1 left, retry after ""
	// 200, 0 left, retry after ""
	// 429, 0 left, retry after "30"
}

// The limiter does not verify a token, so each guessed token has a full bucket. A second
// limit, by address, bounds the guesses. A request is charged for both limits or for
// none.
func ExampleNew() {
	limit, err := ratelimit.New(ratelimit.Config{
		Name:    "token",
		Rate:    ratelimit.PerMinute(2),
		Key:     ratelimit.BearerToken,
		Missing: ratelimit.MissingSkip, // the address alone
		Also: []ratelimit.Policy{{
			Name: "address",
			Rate: ratelimit.PerMinute(3),
			Key:  ratelimit.RemoteIP,
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, token := range []string{"a guess", "a guess", "a guess", "another guess", "a third guess"} {
		r := httptest.NewRequest("GET", "/v1/items", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		d, err := limit.Take(r)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: allowed %t, by %s\n", token, d.Allowed, d.Policy)
	}
	// Output:
	// a guess: allowed true, by token
	// a guess: allowed true, by token
	// a guess: allowed false, by token
	// another guess: allowed true, by address
	// a third guess: allowed false, by address
}

// New reports all faults at once.
func ExampleNew_faults() {
	_, err := ratelimit.New(ratelimit.Config{Name: "my api", Rate: ratelimit.PerMinute(-1)})
	fmt.Println(err)
	// Output:
	// ratelimit: policy name "my api" is not 1 to 64 of A-Za-z0-9._-
	// ratelimit: policy "my api": rate of -1 per 1m0s allows nothing
	// ratelimit: policy "my api" has no Key
}

// Charge adds a cost that is known only after the answer.
func ExampleLimiter_Charge() {
	limit, err := ratelimit.New(ratelimit.Config{
		Rate: ratelimit.PerMinute(1000), // tokens of a language model; a request is one of them
		Key:  ratelimit.BearerToken,
	})
	if err != nil {
		log.Fatal(err)
	}
	complete := limit.Handler(problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		const used = 2999
		fmt.Fprintln(w, "To be, or not to be")
		return limit.Charge(r, used)
	}))
	for range 2 {
		r := httptest.NewRequest("POST", "/v1/complete", nil)
		r.Header.Set("Authorization", "Bearer ann")
		w := httptest.NewRecorder()
		complete.ServeHTTP(w, r)
		fmt.Printf("%d, retry after %q\n", w.Code, w.Header().Get("Retry-After"))
	}
	// Output:
	// 200, retry after ""
	// 429, retry after "121"
}

// A program that already has rate.Limiters keeps them. Limiters adds header fields
// and envelopes.
func ExampleLimiters() {
	mine := map[string]*rate.Limiter{"203.0.113.7": rate.NewLimiter(rate.Every(time.Minute), 1)}
	limit, err := ratelimit.New(ratelimit.Config{
		Name:  "api",
		Key:   ratelimit.RemoteIP,
		Store: ratelimit.Limiters(func(_, key string) *rate.Limiter { return mine[key] }),
	})
	if err != nil {
		log.Fatal(err)
	}
	items := limit.Handler(http.NotFoundHandler())
	for range 2 {
		r := httptest.NewRequest("GET", "/v1/items", nil)
		r.RemoteAddr = "203.0.113.7:4711"
		w := httptest.NewRecorder()
		items.ServeHTTP(w, r)
		fmt.Printf("%d, limit %s, retry after %q\n", w.Code, w.Header().Get("X-RateLimit-Limit"), w.Header().Get("Retry-After"))
	}
	// Output:
	// 404, limit 1, retry after ""
	// 429, limit 1, retry after "60"
}

// A limiter that is made for each request never limits, because its buckets are
// always new. So New returns an error if a handler calls it.
func ExampleLimiter_Handler_incorrect() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerHour(1), Key: ratelimit.Global})
		if err != nil {
			fmt.Println(err)
			return
		}
		limit.Handler(http.NotFoundHandler()).ServeHTTP(w, r)
	})
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	// Output:
	// ratelimit: New was called by a handler, and a limiter that is made for each request never limits: make it once, or give it a Store
}

// A handler of your own can decide first, and answer later.
func ExampleLimiter_Take() {
	limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerHour(1), Key: ratelimit.RemoteIP})
	if err != nil {
		log.Fatal(err)
	}
	export := problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		d, err := limit.Take(r)
		if err != nil {
			return err
		}
		limit.SetHeaders(w.Header(), r, d)
		if err := d.Err(); err != nil {
			return err
		}
		fmt.Fprintln(w, "the export")
		return nil
	})
	for range 2 {
		w := httptest.NewRecorder()
		export.ServeHTTP(w, httptest.NewRequest("GET", "/export", nil))
		fmt.Printf("%d, retry after %q\n", w.Code, w.Header().Get("Retry-After"))
	}
	// Output:
	// 200, retry after ""
	// 429, retry after "3600"
}

// A limit on failed logins gives the charge of a successful login back. It does not
// tell an attacker how many attempts are left.
func ExampleConfig_login() {
	limit, err := ratelimit.New(ratelimit.Config{
		Name:     "login",
		Rate:     ratelimit.PerHour(2),
		Key:      ratelimit.RemoteIP,
		RefundIf: func(_ *http.Request, status int) bool { return status < 400 },
		Headers:  ratelimit.HeadersRetryAfterOnly,
	})
	if err != nil {
		log.Fatal(err)
	}
	login := limit.Handler(problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		if r.FormValue("password") != "right" {
			return problem.Unauthenticated
		}
		return nil
	}))
	for _, password := range []string{"right", "wrong", "right", "right", "wrong", "right"} {
		w := httptest.NewRecorder()
		login.ServeHTTP(w, httptest.NewRequest("POST", "/login?password="+password, nil))
		fmt.Println(password, w.Code)
	}
	// Output:
	// right 200
	// wrong 401
	// right 200
	// right 200
	// wrong 401
	// right 429
}

// Behind a proxy, the address of the connection is the proxy's. NewClientIP reads the
// addresses that trusted proxies have written, from the right.
func ExampleNewClientIP() {
	clients, err := ratelimit.NewClientIP(ratelimit.IPConfig{
		Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	})
	if err != nil {
		log.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.0.0.1:4711"
	r.Header.Add("X-Forwarded-For", "127.0.0.1, 203.0.113.7") // the client wrote the first
	key, ok := clients.Key(r)
	fmt.Println(key, ok)
	// Output: 203.0.113.7 true
}

// To limit something that is not an HTTP request, call the Store directly.
func ExampleMemory() {
	store, err := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	if err != nil {
		log.Fatal(err)
	}
	mails := []ratelimit.Limit{{Policy: "mail", Key: "ann@example.com", Rate: ratelimit.PerHour(3), Cost: 2}}
	states := make([]ratelimit.State, len(mails))
	for range 2 {
		if err := store.Take(context.Background(), mails, states); err != nil {
			log.Fatal(err)
		}
		fmt.Println(states[0].Allowed, states[0].Remaining)
	}
	// Output:
	// true 1
	// false 1
}

// PerMinute(30) gives back one unit every two seconds, and holds thirty.
func ExampleRate_WithBurst() {
	for _, rate := range []ratelimit.Rate{ratelimit.PerMinute(30), ratelimit.PerMinute(30).WithBurst(1)} {
		store, err := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		if err != nil {
			log.Fatal(err)
		}
		admitted := 0
		limits := []ratelimit.Limit{{Policy: "api", Key: "ann", Rate: rate, Cost: 1}}
		states := make([]ratelimit.State, 1)
		for range 40 {
			if err := store.Take(context.Background(), limits, states); err != nil {
				log.Fatal(err)
			}
			if states[0].Allowed {
				admitted++
			}
		}
		fmt.Println(admitted, "of 40 at once")
	}
	// Output:
	// 30 of 40 at once
	// 1 of 40 at once
}

// A cost above the burst can never pass. The error is not a 429, because clients
// repeat a 429.
func ExampleDecision_Err() {
	limit, err := ratelimit.New(ratelimit.Config{
		Rate: ratelimit.PerMinute(10),
		Key:  ratelimit.Global,
		Cost: func(*http.Request) int { return 11 },
	})
	if err != nil {
		log.Fatal(err)
	}
	d, err := limit.Take(httptest.NewRequest("POST", "/batch", nil))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(errors.Is(d.Err(), problem.PayloadTooLarge))
	// Output: true
}
