package validate_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

// The numbers are those of encoding/json and validator for the same structs, and a few more. Two
// of them are for the exchange, which a handler makes if no middleware of this module is around
// it.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	for _, tt := range []struct {
		name string
		run  func()
		most float64
	}{
		{"65 bytes, valid", handled[small](smallBody), 7},
		{"50 items, valid", handled[order](orderBody(50)), 160},
		{"65 bytes, invalid", handled[small](strings.Replace(smallBody, "@", ".", 1)), 19},
		{"3 invalid fields", refused[registration](t, `{"organizationName":"","email":"invalid-email","password":"short"}`), 35},
	} {
		if got := testing.AllocsPerRun(100, tt.run); got > tt.most {
			t.Errorf("%s costs %v allocations, want at most %v", tt.name, got, tt.most)
		}
	}
}

func handled[T any](body string) func() {
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	h := errs.Handler(validate.HandlerFunc(nil, func(http.ResponseWriter, *http.Request, T) error { return nil }))
	in, w := rewind(body), &quiet{http.Header{}}
	return func() { h.ServeHTTP(w, in.request()) }
}

func refused[T any](t *testing.T, body string) func() {
	in, w := rewind(body), &quiet{http.Header{}}
	return func() {
		if _, err := validate.Decode[T](nil, w, in.request()); err == nil {
			t.Errorf("Decode(%s) = nil error", body)
		}
	}
}
