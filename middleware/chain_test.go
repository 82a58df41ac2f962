package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// The first middleware of a chain is the outermost one.
func ExampleChain() {
	say := func(name string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Println(name, "in")
				next.ServeHTTP(w, r)
				fmt.Println(name, "out")
			})
		}
	}
	app := middleware.Chain(say("outer"), say("inner"))(http.NotFoundHandler())
	app.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	// Output:
	// outer in
	// inner in
	// inner out
	// outer out
}

func TestChainOfNothingIsTheHandler(t *testing.T) {
	h := http.NewServeMux()
	if got := middleware.Chain()(h); got != http.Handler(h) {
		t.Errorf("Chain()(h) = %v, want h itself", got)
	}
}

func TestChainCopiesItsArguments(t *testing.T) {
	mws := []func(http.Handler) http.Handler{middleware.Recover()}
	mw := middleware.Chain(mws...)
	mws[0] = nil
	mw(http.NotFoundHandler()) // panics if the change has an effect
}

func TestMistakesInTheProgramPanicAtConstruction(t *testing.T) {
	errs := problem.New(problem.Config{})
	for name, construct := range map[string]func(){
		"Chain of a nil handler":         func() { middleware.Chain()(nil) },
		"Recover of a nil handler":       func() { middleware.Recover()(nil) },
		"Rewrite of a nil handler":       func() { middleware.Rewrite()(nil) },
		"Timeout of a nil handler":       func() { middleware.Timeout(1)(nil) },
		"LimitBody of a nil handler":     func() { middleware.LimitBody(1)(nil) },
		"LimitInFlight of a nil handler": func() { middleware.LimitInFlight(middleware.InFlightConfig{})(nil) },
		"Observe of a nil handler":       func() { middleware.Observe(func(*http.Request, *middleware.Summary) {})(nil) },
		"Standard of a nil handler":      func() { middleware.Standard(errs)(nil) },
		"Observe without a function":     func() { middleware.Observe(nil) },
		"Standard without a responder":   func() { middleware.Standard(nil) },
		"Standard with two Configs":      func() { middleware.Standard(errs, middleware.Config{}, middleware.Config{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			construct()
		}()
	}
}
