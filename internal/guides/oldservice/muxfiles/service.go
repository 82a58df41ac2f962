// Package muxfiles is a service on gorilla/mux: files, an upload, and a page of
// its own for unknown paths.
package muxfiles

import (
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/gorilla/mux"
)

//go:embed files
var files embed.FS

func routes(r *mux.Router) {
	r.PathPrefix("/files/").Handler(http.FileServerFS(files)).Methods("GET", "HEAD")
	r.HandleFunc("/uploads", upload).Methods("POST")
	r.HandleFunc("/report", report).Methods("GET")
	r.HandleFunc("/size/{n:[0-9]+}", size).Methods("GET")
	r.NotFoundHandler = http.HandlerFunc(notFound)
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	io.WriteString(w, "<!doctype html>\n<h1>There is no such page</h1>\n")
}

func upload(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	fmt.Fprintf(w, "%d bytes\n", len(body))
}

// report fails after half of its answer was sent. Its error comes too late.
func report(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"total":2,"rows":[`)
	err := json.NewEncoder(w).Encode(map[string]any{"row": func() {}})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func size(_ http.ResponseWriter, r *http.Request) {
	panic("size " + mux.Vars(r)["n"])
}
