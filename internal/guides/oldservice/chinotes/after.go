package chinotes

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	backstop "github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
)

// After returns the service inside the middlewares of this module.
func After() (http.Handler, error) {
	errs := problem.New(problem.Config{})
	ids, err := requestid.New(requestid.Config{Forward: true})
	if err != nil {
		return nil, err
	}
	r := chi.NewRouter()
	r.Use(ids.Handler)
	r.Use(middleware.RequestID)
	r.Use(middleware.Logger)
	r.Use(backstop.Standard(errs))
	routes(r)
	return r, nil
}
