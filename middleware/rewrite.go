package middleware

import (
	"context"
	"net/http"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// Rewrite replaces plain-text errors of routers and old handlers by the error
// envelope: those of [http.Error], [http.ServeMux], [http.FileServer],
// [http.TimeoutHandler], httputil.ReverseProxy, gin and chi, a WriteHeader without
// a body, and texts without a declared type.
//
// An error stays as it is in these cases:
//
//   - Its Content-Type is not text/plain, or is text/plain with a parameter other
//     than charset=utf-8.
//   - Its body is one JSON object or array, whatever its type says. A body that
//     begins with { or [ is held up to 64 KiB; a longer one stays, JSON or not.
//   - It has no type, and [http.DetectContentType] finds something other than text
//     in the first 512 bytes, such as HTML or an image.
//   - One of the skip functions reports true for the request.
//
// A body that a compressor further in has encoded is decoded to be judged, if the
// encoding is gzip or deflate. With another encoding, the declared type decides.
//
// Rewrite never holds or replaces a success.
//
// A replaced error keeps its status, and headers such as Allow. Its text is logged
// and never sent, because http.Error(w, err.Error(), 400) is the most common leak. A
// flush decides at once, by what has been written until then.
func Rewrite(skip ...func(*http.Request) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		mustHave(next)
		return &guard{rewrites: true, skip: skip, next: next}
	}
}

// rewriter returns a rewriter that answers r. The request of x itself may belong to
// another goroutine if r is not that, but that of a part with a buffer.
func rewriter(x *exchange.Exchange, r *http.Request) *exchange.Rewriter {
	if r == x.Request() {
		return plainText
	}
	return &exchange.Rewriter{Judge: judge, Answer: func(w http.ResponseWriter, _ *http.Request, status int, text []byte) {
		rewrite(w, r, status, text)
	}}
}

// rewrite answers in the place of a plain-text error.
func rewrite(w http.ResponseWriter, r *http.Request, status int, text []byte) {
	how := "in plain text"
	if len(text) == 0 {
		how = "without a body"
		if err := r.Context().Err(); err == context.Canceled && status == http.StatusServiceUnavailable {
			problem.Respond(w, r, err) // http.TimeoutHandler, and the client has left
			return
		}
	}
	problem.Respond(w, r, said(r, status, text, how))
}

// said returns an error that has the status that a handler has written by itself,
// and the error that it has left as the reason.
func said(r *http.Request, status int, text []byte, how string) error {
	reason := exchange.From(r.Context()).Extra().Reason
	return &exchange.Stated{Status: status, How: how, Text: string(text), Reason: reason}
}
