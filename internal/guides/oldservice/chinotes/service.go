// Package chinotes is a JSON service on chi, with chi's own middlewares.
package chinotes

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"
)

type note struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

var errNoDatabase = errors.New("pq: password authentication failed for user \"notes\"")

func routes(r chi.Router) {
	r.Route("/notes", func(r chi.Router) {
		r.Get("/", list)
		r.Post("/", create)
		r.Get("/{id}", get)
	})
	r.Get("/export", export)
}

func list(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, errNoDatabase.Error(), http.StatusInternalServerError)
}

func create(w http.ResponseWriter, r *http.Request) {
	var in note
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if in.Text == "" {
		writeJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": "text is empty"})
		return
	}
	writeJSON(w, http.StatusCreated, note{"3", in.Text})
}

func get(w http.ResponseWriter, r *http.Request) {
	notes := map[string]*note{"1": {"1", "Buy milk"}, "2": nil}
	n, ok := notes[chi.URLParam(r, "id")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	writeJSON(w, http.StatusOK, note{n.ID, n.Text}) // note 2 panics
}

// export fails after the first note was sent.
func export(w http.ResponseWriter, _ *http.Request) {
	w.Write([]byte(`[{"id":"1","text":"Buy milk"},`))
	http.NewResponseController(w).Flush()
	panic("note 2 is nil")
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
