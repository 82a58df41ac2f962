package middleware_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// An old handler behind Standard: the client gets the status in the envelope,
// and the text stays at home.
func ExampleStandard() {
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	old := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "pq: password authentication failed", http.StatusServiceUnavailable)
	})
	w := httptest.NewRecorder()
	middleware.Standard(errs)(old).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"), w.Header().Get("X-Request-ID") != "")
	// Output:
	// 503 application/problem+json true
}

// Metrics belong outside: they see what became of a panic.
func ExampleObserve() {
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	metrics := middleware.Observe(func(_ *http.Request, s *middleware.Summary) {
		fmt.Println(s.Method, s.Pattern, s.Status, s.Kind)
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /secrets/{id}", func(http.ResponseWriter, *http.Request) { panic("boom") })
	app := middleware.Chain(metrics, middleware.Standard(errs))(mux)
	app.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/secrets/1", nil))
	// Output:
	// GET GET /secrets/{id} 500 internal
}

// Streams must not have a deadline, so the one path that streams is left out.
func ExampleTimeout() {
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	streams := func(r *http.Request) bool { return r.URL.Path == "/events" }
	app := middleware.Chain(middleware.Standard(errs), middleware.Timeout(time.Millisecond, streams))(
		problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
			<-r.Context().Done() // as a query does that takes too long
			return r.Context().Err()
		}))
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest("GET", "/slow", nil))
	fmt.Println(w.Code)
	// Output:
	// 504
}
