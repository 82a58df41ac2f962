package middleware_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// Streams must not have a deadline, so the one path that streams is left out.
func ExampleTimeout() {
	isStream := func(r *http.Request) bool { return r.URL.Path == "/events" }
	mux := http.NewServeMux()
	mux.Handle("GET /report", problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done() // like a query that takes too long
		return r.Context().Err()
	}))
	mux.HandleFunc("GET /events", func(_ http.ResponseWriter, r *http.Request) {
		_, limited := r.Context().Deadline()
		fmt.Println("the stream has a deadline:", limited)
	})
	app := middleware.Chain(
		middleware.Standard(answering(problem.RFC9457)),
		middleware.Timeout(time.Millisecond, isStream),
	)(mux)
	for _, path := range []string{"/report", "/events"} {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		fmt.Println(path, w.Code)
	}
	// Output:
	// /report 504
	// the stream has a deadline: false
	// /events 200
}

// A body that declares too much is refused before the handler is called. A body
// without a declared length is refused when the handler has read too much of it:
// the handler returns the error of its read.
func ExampleLimitBody() {
	store := problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return fmt.Errorf("read note: %w", err)
		}
		_, err = fmt.Fprintf(w, "%d bytes", len(text))
		return err
	})
	app := middleware.Chain(middleware.Standard(answering(problem.RFC9457)), middleware.LimitBody(16))(store)
	for _, text := range []string{"sixteen bytes ok", "this is more than sixteen bytes"} {
		declared := httptest.NewRequest("POST", "/notes", strings.NewReader(text))
		chunked := httptest.NewRequest("POST", "/notes", io.MultiReader(strings.NewReader(text)))
		for _, r := range []*http.Request{declared, chunked} {
			w := httptest.NewRecorder()
			app.ServeHTTP(w, r)
			fmt.Println(len(text), "bytes,", r.ContentLength, "declared:", w.Code)
		}
	}
	// Output:
	// 16 bytes, 16 declared: 200
	// 16 bytes, -1 declared: 200
	// 31 bytes, 31 declared: 413
	// 31 bytes, -1 declared: 413
}

// One request is being served, so a second one is refused. When the first one is
// done, there is room again.
func ExampleLimitInFlight() {
	entered, leave := make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /slow", func(http.ResponseWriter, *http.Request) { close(entered); <-leave })
	mux.HandleFunc("GET /quick", func(http.ResponseWriter, *http.Request) {})
	app := middleware.Chain(
		middleware.Standard(answering(problem.RFC9457)),
		middleware.LimitInFlight(middleware.InFlightConfig{Max: 1, RetryAfter: 2 * time.Second}),
	)(mux)
	quick := func() {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest("GET", "/quick", nil))
		fmt.Printf("%d, retry after %q\n", w.Code, w.Header().Get("Retry-After"))
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		app.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/slow", nil))
	}()
	<-entered
	quick()
	close(leave)
	<-done
	quick()
	// Output:
	// 503, retry after "2"
	// 200, retry after ""
}
