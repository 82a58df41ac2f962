package middleware

import (
	"net/http"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// Rewrite replaces the plain-text errors of routers and old handlers by the
// error envelope: those of [http.Error], [http.ServeMux], [http.FileServer],
// [http.TimeoutHandler] and httputil.ReverseProxy, gin's and chi's, bare calls
// of WriteHeader, texts without a declared type.
//
// An error is left alone if its Content-Type is another one than text/plain, or
// text/plain with a parameter other than charset=utf-8; if its body is one JSON
// object or array, whatever the type; and if it has no type and the first 512
// bytes are HTML, an image or anything else that [http.DetectContentType] knows
// and that is no text. To send a text as it is, give it another type, or let one
// of the skip functions report true for the request. A body that may be JSON is
// held up to 64 KiB. Successes are never held.
//
// The status stays, and so do headers such as Allow. The text is logged and
// never shown: http.Error(w, err.Error(), 400) is the commonest leak of all. A
// flush decides at once, by what has been written so far.
func Rewrite(skip ...func(*http.Request) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		mustHave(next)
		return &guard{rewrites: true, skip: skip, next: next}
	}
}

// rewrite answers in the place of a plain-text error.
func rewrite(w http.ResponseWriter, r *http.Request, status int, text []byte) {
	how := "in plain text"
	if len(text) == 0 {
		how = "without a body"
	}
	problem.Respond(w, r, said(r, status, text, how))
}

// said returns an error that has the status that a handler has written by itself,
// and the error that it has left as the reason.
func said(r *http.Request, status int, text []byte, how string) error {
	reason := exchange.From(r.Context()).Extra().Reason
	return &exchange.Stated{Status: status, How: how, Text: string(text), Reason: reason}
}
