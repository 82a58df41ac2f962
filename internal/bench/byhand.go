package main

import (
	"encoding/json"
	"net/http"

	"github.com/go-playground/validator/v10"
)

// bindsByHand decodes a T and checks it as one does without a library for
// bodies: encoding/json, validator, and an envelope of one's own.
func bindsByHand[T any]() http.HandlerFunc {
	rules := validator.New(validator.WithRequiredStructEnabled())
	rules.RegisterTagNameFunc(jsonName)
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil {
			respondJSON(w, http.StatusBadRequest, newEnvelope(http.StatusBadRequest, "Malformed JSON request", r.URL.Path, nil))
			return
		}
		if err := rules.Struct(&in); err != nil {
			respondJSON(w, http.StatusBadRequest, newEnvelope(http.StatusBadRequest, "Validation failed", r.URL.Path, fieldTexts(err)))
			return
		}
		w.WriteHeader(http.StatusCreated)
	}
}

// orders is a router of net/http with both routes.
func orders(wrap func(http.Handler) http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /orders", wrap(ok))
	mux.Handle("POST /orders", wrap(bindsByHand[registration]()))
	return mux
}

// withFields sets the fields that the stacks set, with values of the same
// length.
func withFields(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Request-ID", "req_abcdefghijklmnopqrstuvwxyz")
		h.Set("X-RateLimit-Limit", "400000000")
		h.Set("X-RateLimit-Remaining", "399999999")
		h.Set("X-RateLimit-Reset", "1790000000")
		next.ServeHTTP(w, r)
	})
}
