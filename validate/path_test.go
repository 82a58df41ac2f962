package validate_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

// If no router has set a path value, the program has a mistake. The value is not taken for zero,
// and the client is not blamed.
func TestPathValuesThatNoRouterSets(t *testing.T) {
	type byID struct {
		ID string `path:"id" validate:"required"`
	}
	type optional struct {
		ID *string `path:"id"`
	}
	type preset struct {
		ID string `path:"id" default:"all"`
	}
	for _, tt := range []struct {
		name, pattern, value string
		decode               func(*http.Request) error
		want                 string
	}{
		{"another name", "GET /things/{idd}", "", decodes[byID], "internal"},
		{"another name, gin", "/things/:idd", "", decodes[byID], "internal"},
		{"another name, chi", "/things/{idd:[0-9]+}", "", decodes[byID], "internal"},
		{"another name, optional", "/things/{idd}", "", decodes[optional], "internal"},
		{"no name", "/things/", "", decodes[byID], "internal"},
		{"a router that sets nothing", "", "", decodes[byID], "internal"},
		{"a router that sets nothing, optional", "", "", decodes[optional], "internal"},
		{"a router that sets no pattern", "", "7", decodes[byID], "ok"},
		{"net/http", "GET example.com/things/{id}", "7", decodes[byID], "ok"},
		{"the rest, which may be empty", "/things/{id...}", "", decodes[byID], "V(id required)"},
		{"the rest, optional", "/things/{id...}", "", decodes[optional], "ok"},
		{"chi", "/things/{id:[0-9]*}", "", decodes[optional], "ok"},
		{"two names in a segment, chi", "/things/{a}-{id}", "", decodes[optional], "ok"},
		{"gin", "/things/*id", "", decodes[optional], "ok"},
		{"echo", "/things/:id/x", "", decodes[optional], "ok"},
		{"a default", "/things", "", decodes[preset], "ok"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Pattern = tt.pattern
		if tt.value != "" {
			r.SetPathValue("id", tt.value)
		}
		err := tt.decode(r)
		if got := outcome(err); got != tt.want {
			t.Errorf("%s: Decode below %q = %s, want %s", tt.name, tt.pattern, got, tt.want)
		}
		if tt.want == "internal" && err != nil && (!strings.Contains(err.Error(), `path "id"`) || !strings.Contains(err.Error(), tt.pattern)) {
			t.Errorf("%s: the cause = %v, want the name and the pattern", tt.name, err)
		}
	}
}

func decodes[T any](r *http.Request) error {
	_, err := validate.Decode[T](nil, nil, r)
	return err
}

func TestMisspelledPathValueIsLogged(t *testing.T) {
	type byID struct {
		ID string `path:"idd" validate:"required"`
	}
	var log strings.Builder
	errs := problem.New(problem.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	mux := http.NewServeMux()
	mux.Handle("GET /things/{id}", validate.HandlerFunc(nil, handle[byID]))
	w := httptest.NewRecorder()
	errs.Handler(mux).ServeHTTP(w, httptest.NewRequest("GET", "/things/7", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "idd") {
		t.Errorf("a misspelled path value = %d %s, want 500 without a reason", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "idd") || !strings.Contains(log.String(), "GET /things/{id}") {
		t.Errorf("the log = %s, want the name and the pattern", &log)
	}
}
