package serving_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/backstop-go/backstop/internal/serving"
)

type handler struct{ f func() }

func (h handler) ServeHTTP(http.ResponseWriter, *http.Request) { h.f() }

// deeper calls f with n calls in between.
func deeper(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	deeper(n-1, f)
}

func TestCheck(t *testing.T) {
	if err := serving.Check("served"); err != nil {
		t.Errorf("outside of any handler: %v, want nil", err)
	}
	for _, depth := range []int{0, 1, 100, 1000} {
		var err error
		check := func() { deeper(depth, func() { err = serving.Check("served") }) }
		mux := http.NewServeMux()
		mux.Handle("/", handler{check})
		s := httptest.NewServer(handler{check})
		for name, call := range map[string]func(){
			"a function": func() { http.HandlerFunc(func(http.ResponseWriter, *http.Request) { check() }).ServeHTTP(nil, nil) },
			"a mux":      func() { mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)) },
			"a server": func() {
				resp, err := http.Get(s.URL)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			},
		} {
			err = nil
			if call(); err == nil || err.Error() != "served" {
				t.Errorf("%d calls within %s: %v, want served", depth, name, err)
			}
		}
		s.Close()
	}
}
