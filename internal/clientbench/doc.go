// Package clientbench sets problem/client beside its peers: the same services,
// the same callers, four attempts each, and time that passes in a bubble of
// testing/synctest, so that the figures are exact. It is a module of its own, so
// the peers stay out of everybody else's go.mod, and it has nothing but a test:
//
//	go test -v ./...
//
// prints the table. Peers are set up as their documentation says, and asked for
// what we do by ourselves: to hand out the last answer, to obey Retry-After.
//
//	                                                     client  retryablehttp      failsafe   net/http
//	requests in an outage, for 1000 calls                  1010           4000          4000       1000
//	ten callers, one limit: succeed, requests, last  10, 19, 113s   4, 34, 36s    4, 34, 36s  1, 10, 0s
//	the same within 90 s                               8, 17, 88s   4, 34, 36s    4, 34, 36s  1, 10, 0s
//	a minute's refusal, 10 s left: waits, comes           0s, 429   10s, error    10s, error    0s, 429
//	connections for five repetitions                            1            6             6          1
//
// The limit lets five requests pass in a minute, one by one; so of ten callers in 90
// seconds it lets eight succeed. The answers in between are pages of 30 KB.
// net/http alone repeats nothing, so it sends the least and succeeds the least.
package clientbench
