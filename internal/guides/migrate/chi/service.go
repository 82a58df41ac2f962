package chi

import (
	"fmt"
	"io"
	"net/http"

	"github.com/go-chi/chi/v5"
)

func routes(r chi.Router) {
	r.Get("/notes", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "three notes") })
	r.Post("/notes", create)
	r.Get("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	r.Get("/panic", func(http.ResponseWriter, *http.Request) { panic("nil map") })
}

func create(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintln(w, len(body), "bytes")
}
