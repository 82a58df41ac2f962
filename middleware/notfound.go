package middleware

import (
	"net/http"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// NotFound answers with [problem.NotFound]. Register it with a router that takes a
// handler for unknown paths. Inside of [Rewrite] that is not needed.
func NotFound(w http.ResponseWriter, r *http.Request) {
	problem.Respond(exchange.Unwritten(w, r), r, problem.NotFound)
}

// MethodNotAllowed answers with [problem.MethodNotAllowed]. If the router has not
// set Allow, the answer has an empty one. Do not register it with chi or
// gorilla/mux: chi then no longer sets Allow. Inside of [Rewrite] no handler for wrong
// methods is needed.
func MethodNotAllowed(w http.ResponseWriter, r *http.Request) {
	problem.Respond(exchange.Unwritten(w, r), r, problem.MethodNotAllowed)
}
