package middleware

import (
	"net/http"

	"github.com/backstop-go/backstop/problem"
)

// NotFound answers with problem.NotFound. It is for routers that take a handler
// for unknown paths. Below [Rewrite] none is needed.
func NotFound(w http.ResponseWriter, r *http.Request) {
	problem.Respond(w, r, problem.NotFound)
}

// MethodNotAllowed answers with problem.MethodNotAllowed, and an empty Allow if
// the router has set none. Do not register it with chi or gorilla/mux, which
// then no longer set Allow; [Rewrite] keeps theirs.
func MethodNotAllowed(w http.ResponseWriter, r *http.Request) {
	problem.Respond(w, r, problem.MethodNotAllowed)
}
