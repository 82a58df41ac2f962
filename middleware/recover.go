package middleware

import "net/http"

// Recover answers for a handler that panics or exits its goroutine. As long as
// nothing has been sent, the answer is the error envelope. Otherwise Recover cuts
// the connection, so that no client takes half an answer for a whole one. The
// responder in the context of the request logs and reports the [PanicError], as it
// does any other error.
//
// Some answers have no body that could be cut: a 204, a 304, an answer with a
// Content-Length of 0, and every answer to a HEAD. Recover holds these back until
// the handler returns or flushes, and answers with the envelope if the handler
// fails instead.
//
// A handler may also begin a success and then say an error status, as [http.Error]
// does after an encoder that failed, or a recoverer further in. That handler has
// failed, too: what it writes then is dropped, and the answer is cut.
//
// A panic with [http.ErrAbortHandler] asks for a cut. Recover cuts, and logs
// nothing. A panic with an error of the connection, when the client has gone away,
// is logged at Debug as a 499.
//
// Recover removes the temporary files of an upload when the handler has left. A
// router further in that copies the request, as chi does, hides the files from
// Recover and from net/http; they are found again if the route passes through a
// handler of this library, such as [problem.HandlerFunc].
//
// Recover cannot help against panics of other goroutines, fatal errors and
// deadlocks. It does not unlock what the handler has locked.
func Recover() func(http.Handler) http.Handler {
	stacks := newStacks()
	return func(next http.Handler) http.Handler {
		mustHave(next)
		return &guard{stacks: stacks, next: next}
	}
}
