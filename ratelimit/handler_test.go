package ratelimit_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/backstop-go/backstop/ratelimit"
)

var nothing = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

func TestHandler_refusesThe31stRequestAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerMinute(30), Key: ratelimit.BearerToken})
		if err != nil {
			t.Fatal(err)
		}
		h := limit.Handler(nothing)
		for n := 1; n <= 31; n++ {
			w := httptest.NewRecorder()
			r := httptest.NewRequest("GET", "/v1/items", nil)
			r.Header.Set("Authorization", "Bearer secret")
			h.ServeHTTP(w, r)
			if n < 31 && w.Code != 200 {
				t.Fatalf("request %d = %d, want 200", n, w.Code)
			}
			if n < 31 {
				continue
			}
			if w.Code != 429 || w.Header().Get("Retry-After") != "2" {
				t.Errorf("request 31 = %d with Retry-After %q, want 429 with 2: %s", w.Code, w.Header().Get("Retry-After"), w.Body)
			}
		}
	})
}

func BenchmarkHandler_allowed(b *testing.B) {
	for _, bench := range []struct {
		name string
		key  ratelimit.KeyFunc
	}{{"global", ratelimit.Global}, {"ip", ratelimit.RemoteIP}, {"token", ratelimit.BearerToken}} {
		b.Run(bench.name, func(b *testing.B) {
			limit, err := ratelimit.New(ratelimit.Config{Rate: plenty, Key: bench.key})
			if err != nil {
				b.Fatal(err)
			}
			h := limit.Handler(nothing)
			w := httptest.NewRecorder()
			r := httptest.NewRequest("GET", "/v1/items", nil)
			r.Header.Set("Authorization", "Bearer 0123456789abcdef0123456789abcdef")
			b.ReportAllocs()
			for b.Loop() {
				clear(w.Header())
				h.ServeHTTP(w, r)
			}
		})
	}
}
