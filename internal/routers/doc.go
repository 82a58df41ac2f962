// Package routers tests the promises of the middlewares with real servers and real clients,
// over HTTP/1.1 (with one warm connection, and with a connection for each request) and over
// HTTP/2. The routers are http.ServeMux, chi, echo and gin, with the middlewares inside and
// outside the router. It is a separate module, because the library needs none of them.
//
// After each case there must be no more goroutines and open files than before, and nothing in
// the ErrorLog of the server, unless the case allows it.
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
//   - A deadline that passes inside gin while its handlers write nothing: the engine then
//     answers 200, which looks like a success.
//   - A foreign writer without Hijack around gin: gin's own writer panics there.
//   - A 101 without a hijack in gin: its writer does not send a 101.
//   - Hijack and the Upgrade header over HTTP/2, which has neither.
//   - Goroutines that write to the writer of net/http after the handler has returned: that
//     is a race in net/http. The test uses TimeoutHandler, whose writer has a lock.
//
// BACKSTOP_SOAK=10m go test -run TestSoak . runs a mixed load for that long.
package routers
