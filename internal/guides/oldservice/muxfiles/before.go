package muxfiles

import (
	"fmt"
	"log"
	"net/http"

	"github.com/gorilla/mux"
)

// Before returns the service without changes.
func Before() (http.Handler, error) {
	r := mux.NewRouter()
	routes(r)
	return recoverer(r), nil
}

func recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				log.Print("panic: ", v)
				http.Error(w, fmt.Sprint(v), http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
