// Package problems shows a handler that answers with moogar0880/problems, and the same handler
// with this module.
package problems

import (
	"net/http"

	"github.com/moogar0880/problems"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// Before uses moogar0880/problems.
func Before() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /notes/{id}", func(w http.ResponseWriter, r *http.Request) {
		p := problems.NewDetailedProblem(http.StatusNotFound, "no such note")
		problems.ProblemHandler(p).ServeHTTP(w, r)
	})
	return mux, nil
}

// After uses package problem.
func After() (http.Handler, error) {
	errs := problem.New(problem.Config{})
	mux := http.NewServeMux()
	mux.Handle("GET /notes/{id}", problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return problem.NotFound.New("no such note")
	}))
	return middleware.Standard(errs)(mux), nil
}
