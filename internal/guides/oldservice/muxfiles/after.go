package muxfiles

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// After returns the service inside the middlewares of this module.
func After() (http.Handler, error) {
	errs := problem.New(problem.Config{})
	r := mux.NewRouter()
	routes(r)
	return middleware.Standard(errs)(r), nil
}
