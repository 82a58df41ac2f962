package middleware

import "net/http"

// Recover answers for handlers that panic or exit their goroutine: with the
// error envelope as long as nothing has been sent, and otherwise by cutting the
// connection, so that a client is never shown a complete-looking answer that
// was cut off. The responder in the request's context logs and reports the
// [PanicError] as it does any other error.
//
// Until the handler returns, Recover holds back an answer that could not show
// that the handler failed, because no body follows: a 204, a 304, any with a
// Content-Length of 0, and any to a HEAD. It is sent by a return or a Flush.
//
// A handler that has begun a success and then says an error status, as
// [http.Error] does after an encoder that failed, or as a recoverer further in
// does, has failed as well: what follows is dropped, and the answer is cut.
//
// A handler that panics with [http.ErrAbortHandler] asks for a cut, and gets it
// without a word in the log. A panic that only says that the client went away
// is a 499 at Debug.
//
// The temporary files of an upload are removed when the handler has left. A
// router further in that copies the request, as chi does, hides them from
// Recover, as it hides them from net/http, unless a layer of ours, such as
// problem.HandlerFunc, runs within it as well.
//
// Panics of other goroutines, fatal errors and deadlocks are out of reach, and
// what a handler has locked stays locked.
func Recover() func(http.Handler) http.Handler {
	stacks := newStacks()
	return func(next http.Handler) http.Handler {
		mustHave(next)
		return &guard{stacks: stacks, next: next}
	}
}
