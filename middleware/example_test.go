package middleware_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/entryguard"
)

// answering returns a responder of a style that does not log.
func answering(style problem.Style) *problem.Responder {
	return problem.New(problem.Config{Style: style, Logger: slog.New(slog.DiscardHandler)})
}

// ask prints the status and the type of an answer.
func ask(h http.Handler, method, path string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	fmt.Println(method, path, w.Code, w.Header().Get("Content-Type"))
}

// Standard around an old handler: the client gets the status in an envelope, and the text of
// the handler is only logged.
func ExampleStandard() {
	old := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "pq: password authentication failed", http.StatusServiceUnavailable)
	})
	w := httptest.NewRecorder()
	middleware.Standard(answering(problem.RFC9457))(old).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"), w.Header().Get("X-Request-ID") != "")
	// Output:
	// 503 application/problem+json true
}

// Two APIs with two styles in one process. Each API has a Standard of its own,
// which also answers the unknown paths below its prefix.
func ExampleStandard_twoStyles() {
	orders := http.NewServeMux()
	orders.Handle("GET /orders/{id}", problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return problem.NotFound.New("There is no such order")
	}))
	mux := http.NewServeMux()
	mux.Handle("/partners/", middleware.Standard(answering(entryguard.Style))(http.StripPrefix("/partners", orders)))
	mux.Handle("/public/", middleware.Standard(answering(problem.RFC9457))(http.StripPrefix("/public", orders)))

	ask(mux, "GET", "/partners/orders/7")
	ask(mux, "GET", "/partners/nothing")
	ask(mux, "GET", "/public/orders/7")
	ask(mux, "DELETE", "/public/orders/7")
	// Output:
	// GET /partners/orders/7 404 application/json
	// GET /partners/nothing 404 application/json
	// GET /public/orders/7 404 application/problem+json
	// DELETE /public/orders/7 405 application/problem+json
}

// A panic before the answer has begun becomes an envelope. A panic half-way cuts
// the connection, so that no client takes half an answer for a whole one.
func ExampleRecover() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /early", func(http.ResponseWriter, *http.Request) { panic("boom") })
	mux.HandleFunc("GET /late", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `[{"id":"1"},`)
		panic("boom")
	})
	srv := httptest.NewServer(middleware.Standard(answering(problem.RFC9457))(mux)) // Recover is a part of Standard
	defer srv.Close()

	for _, path := range []string{"/early", "/late"} {
		resp, err := http.Get(srv.URL + path)
		if err != nil {
			fmt.Println(path, "no answer")
			continue
		}
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Println(path, resp.StatusCode, "whole:", err == nil)
	}
	// Output:
	// /early 500 whole: true
	// /late 200 whole: false
}

// A service with pages and an API: only the errors of the API are replaced.
func ExampleRewrite_skip() {
	isPage := func(r *http.Request) bool { return !strings.HasPrefix(r.URL.Path, "/api/") }
	errs := answering(problem.RFC9457)
	app := middleware.Chain(errs.Handler, middleware.Recover(), middleware.Rewrite(isPage))(http.NotFoundHandler())
	ask(app, "GET", "/api/nothing")
	ask(app, "GET", "/nothing")
	// Output:
	// GET /api/nothing 404 application/problem+json
	// GET /nothing 404 text/plain; charset=utf-8
}

// Metrics belong outside of Standard, where they see the answer that a panic has become.
func ExampleObserve() {
	metrics := middleware.Observe(func(_ *http.Request, s *middleware.Summary) {
		fmt.Println(s.Method, s.Pattern, s.Status, s.Kind)
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /secrets/{id}", func(http.ResponseWriter, *http.Request) { panic("boom") })
	app := middleware.Chain(metrics, middleware.Standard(answering(problem.RFC9457)))(mux)
	app.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/secrets/1", nil))
	// Output:
	// GET GET /secrets/{id} 500 internal
}

// An access log takes from the request what metrics must not have: the path, the
// address and the user agent.
func ExampleObserve_accessLog() {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // it differs in every run
			}
			return a
		},
	}))
	accessLog := middleware.Observe(func(r *http.Request, s *middleware.Summary) {
		log.InfoContext(r.Context(), "request", "method", s.Method, "path", r.URL.Path,
			"address", r.RemoteAddr, "agent", r.UserAgent(), "status", s.Status, "bytes", s.Bytes)
	})
	app := middleware.Chain(accessLog, middleware.Standard(answering(problem.RFC9457)))(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "three notes") }))
	r := httptest.NewRequest("GET", "/notes", nil)
	r.RemoteAddr = "203.0.113.7:4711"
	r.Header.Set("User-Agent", "curl/8.5.0")
	app.ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// level=INFO msg=request method=GET path=/notes address=203.0.113.7:4711 agent=curl/8.5.0 status=200 bytes=11
}

// A CORS middleware lists the header fields that a script in a browser may read. The libraries
// rs/cors and jub0bs/cors take the list as it is.
func ExampleExposeHeaders() {
	cors := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "https://app.example.com")
			w.Header().Set("Access-Control-Expose-Headers", strings.Join(middleware.ExposeHeaders(), ", "))
			next.ServeHTTP(w, r)
		})
	}
	app := middleware.Chain(middleware.Standard(answering(problem.RFC9457)), cors)(http.NotFoundHandler())
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Code, w.Header().Get("Access-Control-Expose-Headers"))
	// Output:
	// 404 X-Request-ID, Retry-After, X-Ratelimit-Limit, X-Ratelimit-Remaining, X-Ratelimit-Reset, Ratelimit-Limit, Ratelimit-Remaining, Ratelimit-Reset, Ratelimit-Policy, Ratelimit
}
