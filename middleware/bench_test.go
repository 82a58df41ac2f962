package middleware_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
)

type discard struct{ h http.Header }

func (d discard) Header() http.Header       { return d.h }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

func BenchmarkMiddleware(b *testing.B) {
	errs := problem.New(problem.Config{Logger: slog.New(slog.NewJSONHandler(io.Discard, nil))})
	ids, err := requestid.New(requestid.Config{})
	if err != nil {
		b.Fatal(err)
	}
	ok := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {})
	for _, bb := range []struct {
		name string
		h    http.Handler
	}{
		{"bare", ok},
		{"requestid", ids.Handler(ok)},
		{"Recover", middleware.Recover()(ok)},
		{"Standard", middleware.Standard(errs)(ok)},
		{"Standard+Recover", middleware.Chain(middleware.Standard(errs), middleware.Recover())(ok)},
		{"Standard+LimitBody", middleware.Chain(middleware.Standard(errs), middleware.LimitBody(1))(ok)},
		{"Standard+Timeout", middleware.Chain(middleware.Standard(errs), middleware.Timeout(time.Second))(ok)},
		{"Observe+Standard", middleware.Chain(middleware.Observe(func(*http.Request, *middleware.Summary) {}), middleware.Standard(errs))(ok)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := httptest.NewRequest("GET", "/", nil)
			w := discard{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				bb.h.ServeHTTP(w, r)
			}
		})
	}
}

// BenchmarkPanic measures a panic until its envelope is sent and its stack is logged.
func BenchmarkPanic(b *testing.B) {
	errs := problem.New(problem.Config{Logger: slog.New(slog.NewJSONHandler(io.Discard, nil))})
	h := middleware.Standard(errs)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }))
	r := httptest.NewRequest("GET", "/", nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(discard{http.Header{}}, r)
	}
}

// BenchmarkRecord measures a recorder that is made, and one that is already there.
func BenchmarkRecord(b *testing.B) {
	x, _, _ := exchange.Enter(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	for _, n := range []int{1, 2} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			var w http.ResponseWriter = discard{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				top := w
				for range n {
					_, top = x.Record(top)
				}
			}
		})
	}
}
