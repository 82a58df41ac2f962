package huma

import (
	"encoding/json"
	"net/http"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

type note struct {
	ID   string `path:"id" json:"-" validate:"max=8"`
	Text string `json:"text" validate:"required"`
}

// After uses package validate.
func After() (http.Handler, error) {
	errs := problem.New(problem.Config{})
	mux := http.NewServeMux()
	mux.Handle("PUT /notes/{id}", validate.HandlerFunc(nil, func(w http.ResponseWriter, _ *http.Request, in note) error {
		if in.ID == "7" {
			return problem.NotFound.New("no such note")
		}
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(map[string]string{"id": in.ID})
	}))
	return middleware.Standard(errs)(mux), nil
}
