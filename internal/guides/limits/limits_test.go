// Package limits_test is the code of docs/limits.md.
package limits_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/validate"
)

var errs = problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})

var notes = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "three notes") })

// send prints the status of an answer, and its header fields about limits.
func send(h http.Handler, method, path string, edit ...func(*http.Request)) {
	r := httptest.NewRequest(method, path, nil)
	for _, f := range edit {
		f(r)
	}
	w := httptest.NewRecorder()
	middleware.Standard(errs)(h).ServeHTTP(w, r)
	fmt.Print(w.Code)
	for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "Retry-After"} {
		if value := w.Header().Get(name); value != "" {
			fmt.Printf(", %s: %s", name, value)
		}
	}
	fmt.Println()
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func Example() {
	limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerMinute(2), Key: ratelimit.RemoteIP})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /notes", limit.Handler(notes))
	for range 3 {
		send(mux, "GET", "/notes")
	}
	// Output:
	// 200, X-RateLimit-Limit: 2, X-RateLimit-Remaining: 1
	// 200, X-RateLimit-Limit: 2, X-RateLimit-Remaining: 0
	// 429, X-RateLimit-Limit: 2, X-RateLimit-Remaining: 0, Retry-After: 30
}

func Example_also() {
	limit, err := ratelimit.New(ratelimit.Config{
		Name:    "token",
		Rate:    ratelimit.PerMinute(60),
		Key:     ratelimit.BearerToken,
		Missing: ratelimit.MissingSkip,
		Also: []ratelimit.Policy{{
			Name: "address",
			Rate: ratelimit.PerMinute(2),
			Key:  ratelimit.RemoteIP,
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, guess := range []string{"a", "b", "c"} {
		send(limit.Handler(notes), "GET", "/notes", bearer(guess))
	}
	// Output:
	// 200, X-RateLimit-Limit: 2, X-RateLimit-Remaining: 1
	// 200, X-RateLimit-Limit: 2, X-RateLimit-Remaining: 0
	// 429, X-RateLimit-Limit: 2, X-RateLimit-Remaining: 0, Retry-After: 30
}

func Example_login() {
	login := problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
		if r.FormValue("password") != "right" {
			return problem.Unauthenticated
		}
		return nil
	})
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
	for _, password := range []string{"right", "wrong", "right", "wrong", "right"} {
		send(limit.Handler(login), "POST", "/login?password="+password)
	}
	// Output:
	// 200
	// 401
	// 200
	// 401
	// 429, Retry-After: 1800
}

type credentials struct {
	Email    string `json:"email" validate:"required,email"`
	Password string `json:"password" validate:"required"`
}

func Example_account() {
	store, err := ratelimit.NewMemory(ratelimit.MemoryConfig{})
	if err != nil {
		log.Fatal(err)
	}
	login := func(_ http.ResponseWriter, r *http.Request, in credentials) error {
		account := strings.ToLower(in.Email)
		limits := []ratelimit.Limit{{Policy: "account", Key: account, Rate: ratelimit.PerHour(2), Cost: 1}}
		states := make([]ratelimit.State, 1)
		if err := store.Take(r.Context(), limits, states); err != nil {
			return problem.Unavailable.Wrap(err, "")
		}
		if !states[0].Allowed {
			return problem.RateLimited.New("").WithRetryAfter(states[0].RetryAfter)
		}
		return problem.Unauthenticated // the password is checked here
	}
	for range 3 {
		r := httptest.NewRequest("POST", "/login", strings.NewReader(`{"email":"ann@example.com","password":"guess"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		middleware.Standard(errs)(validate.HandlerFunc(nil, login)).ServeHTTP(w, r)
		fmt.Printf("%d %q\n", w.Code, w.Header().Get("Retry-After"))
	}
	// Output:
	// 401 ""
	// 401 ""
	// 429 "1800"
}

func planOf(r *http.Request) ratelimit.Rate {
	switch token := r.Header.Get("Authorization"); token {
	case "Bearer pro":
		return ratelimit.PerMinute(600)
	case "Bearer partner":
		return ratelimit.Unlimited()
	case "Bearer suspended":
		return ratelimit.Blocked()
	}
	return ratelimit.Rate{} // Config.Rate
}

func Example_plans() {
	limit, err := ratelimit.New(ratelimit.Config{
		Rate:    ratelimit.PerMinute(60),
		Key:     ratelimit.BearerToken,
		RateFor: planOf,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, token := range []string{"free", "pro", "partner", "suspended"} {
		send(limit.Handler(notes), "GET", "/notes", bearer(token))
	}
	// Output:
	// 200, X-RateLimit-Limit: 60, X-RateLimit-Remaining: 59
	// 200, X-RateLimit-Limit: 600, X-RateLimit-Remaining: 599
	// 200
	// 429, X-RateLimit-Limit: 0, X-RateLimit-Remaining: 0
}

func Example_routes() {
	all, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerMinute(60), Key: ratelimit.RemoteIP})
	if err != nil {
		log.Fatal(err)
	}
	exports, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerHour(5), Key: ratelimit.RemoteIP})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /notes", notes)
	mux.Handle("GET /export", exports.Handler(notes))
	app := all.Handler(mux)

	send(app, "GET", "/notes")
	send(app, "GET", "/export")
	// Output:
	// 200, X-RateLimit-Limit: 60, X-RateLimit-Remaining: 59
	// 200, X-RateLimit-Limit: 5, X-RateLimit-Remaining: 4
}

func Example_perRoute() {
	limit, err := ratelimit.New(ratelimit.Config{
		Rate: ratelimit.PerMinute(60),
		Key:  ratelimit.Join(ratelimit.BearerToken, ratelimit.Route),
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /notes", limit.Handler(notes))
	mux.Handle("GET /tags", limit.Handler(notes))
	for _, path := range []string{"/notes", "/notes", "/tags"} {
		send(mux, "GET", path, bearer("ann"))
	}
	// Output:
	// 200, X-RateLimit-Limit: 60, X-RateLimit-Remaining: 59
	// 200, X-RateLimit-Limit: 60, X-RateLimit-Remaining: 58
	// 200, X-RateLimit-Limit: 60, X-RateLimit-Remaining: 59
}

func Example_cost() {
	limit, err := ratelimit.New(ratelimit.Config{
		Rate: ratelimit.PerMinute(100),
		Key:  ratelimit.BearerToken,
		Cost: func(r *http.Request) int {
			if r.Method == "POST" {
				return 10
			}
			return 1
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	send(limit.Handler(notes), "GET", "/notes", bearer("ann"))
	send(limit.Handler(notes), "POST", "/notes", bearer("ann"))
	// Output:
	// 200, X-RateLimit-Limit: 100, X-RateLimit-Remaining: 99
	// 200, X-RateLimit-Limit: 100, X-RateLimit-Remaining: 89
}

func answerPrompt(context.Context) (text string, tokens int) { return "To be, or not to be", 1500 }

func Example_charge() {
	limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerMinute(1000), Key: ratelimit.BearerToken})
	if err != nil {
		log.Fatal(err)
	}
	complete := problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		text, tokens := answerPrompt(r.Context())
		fmt.Fprintln(w, text)
		return limit.Charge(r, tokens)
	})
	send(limit.Handler(complete), "POST", "/complete", bearer("ann"))
	send(limit.Handler(complete), "POST", "/complete", bearer("ann"))
	// Output:
	// 200, X-RateLimit-Limit: 1000, X-RateLimit-Remaining: 999
	// 429, X-RateLimit-Limit: 1000, X-RateLimit-Remaining: 0, Retry-After: 31
}

func Example_skip() {
	limit, err := ratelimit.New(ratelimit.Config{
		Rate: ratelimit.PerMinute(60),
		Key:  ratelimit.RemoteIP,
		Skip: func(r *http.Request) bool { return r.URL.Path == "/healthz" },
	})
	if err != nil {
		log.Fatal(err)
	}
	send(limit.Handler(notes), "GET", "/healthz")
	// Output:
	// 200
}
