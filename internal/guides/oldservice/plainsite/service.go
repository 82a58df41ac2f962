// Package plainsite is a service on net/http: pages for people, and an API for
// programs.
package plainsite

import (
	"encoding/json"
	"html/template"
	"net/http"
)

var page = template.Must(template.New("").Parse("<!doctype html>\n<h1>{{.}}</h1>\n"))

func routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", home)
	mux.HandleFunc("GET /members", members)
	mux.HandleFunc("GET /old", gone)
	mux.HandleFunc("GET /crash", broken)
	mux.HandleFunc("GET /api/members/{id}", member)
	mux.HandleFunc("GET /api/broken", broken)
}

func home(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	page.Execute(w, "Welcome")
}

func members(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusForbidden)
	page.Execute(w, "Please sign in")
}

func gone(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "This page has moved away", http.StatusGone)
}

func member(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("id") != "1" {
		http.Error(w, "no member "+r.PathValue("id"), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{"id": "1", "name": "Ann"})
}

func broken(http.ResponseWriter, *http.Request) { panic("nil map") }
