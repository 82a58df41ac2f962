package demo_test

import (
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/backstop-go/backstop/examples/internal/demo"
	"github.com/backstop-go/backstop/internal/golden"
	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

// TestDocument compares the document of the demo, as it is served, in every style.
func TestDocument(t *testing.T) {
	v, err := validate.New(validate.Config{})
	if err != nil {
		t.Fatal(err)
	}
	dir := golden.Open(t, "testdata")
	for _, style := range styles.All {
		routes := demo.Routes(demo.Config{Style: style, Timeout: time.Second}, problem.New(problem.Config{Style: style}), v)
		at := slices.IndexFunc(routes, func(r demo.Route) bool { return r.Pattern == "/openapi.json" })
		if at < 0 {
			t.Fatal("no route serves the document")
		}
		w := httptest.NewRecorder()
		routes[at].Handler.ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
		dir.JSON(t, style.Name, w.Body.Bytes())
	}
}
