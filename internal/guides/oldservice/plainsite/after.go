package plainsite

import (
	"net/http"
	"strings"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// After returns the service inside the middlewares of this module.
func After() (http.Handler, error) {
	errs := problem.New(problem.Config{})
	mux := http.NewServeMux()
	routes(mux)
	return middleware.Standard(errs, middleware.Config{Skip: isPage})(mux), nil
}

func isPage(r *http.Request) bool { return !strings.HasPrefix(r.URL.Path, "/api/") }
