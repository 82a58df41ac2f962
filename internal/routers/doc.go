// Package routers proves on the wire what the middlewares promise: real
// servers and real clients, over HTTP/1.1 (a warm connection, and one for each
// request) and HTTP/2, with net/http's mux, chi, echo, and gin inside and around. It
// is a module of its own because the library itself needs none of these.
//
// Every case ends with as many goroutines and open files as it began with, and
// with nothing in the server's ErrorLog unless it says otherwise.
//
// # What is proved elsewhere
//
// What needs no connection is proved beside the code: the format, trust and
// propagation of request IDs, trace headers and log attributes in requestid;
// allocations, the sampling of stacks and each line of the rewriting table in
// middleware; every set of optional interfaces in internal/exchange; the ends of
// gin's chain in middleware/ginadapter.
//
// # What is left out
//
//   - gin around nothing but a deadline: an engine answers 200 when its handlers
//     say nothing, so a deadline that passes in silence looks like a success.
//   - gin around a foreign writer without Hijack: gin's own writer panics there.
//   - 101 without a hijack in gin: its writer does not send one.
//   - Hijack and the Upgrade header over HTTP/2, which has neither.
//   - Goroutines that write to net/http's writer after the handler has returned:
//     that is a race within net/http. The proof is made beneath TimeoutHandler,
//     whose writer is locked.
//
// BACKSTOP_SOAK=10m go test -run TestSoak . runs a mixed load for that long.
package routers
