// Package bench measures Backstop beside its peers: the same work, the same
// inputs, one run. It is a module of its own, so the peers stay out of everybody
// else's go.mod, and it has nothing but tests.
//
// # Running
//
//	go test ./...                                 # every contender answers as expected
//	go test -run='^$' -bench=. -count=6 ./... | tee all.txt
//	benchstat -col /by all.txt                    # contenders side by side
//
// benchstat compares with the first column; -col '/by@(bare backstop chi)' says
// which contenders, in which order. A -count repeats one contender before the
// next one begins. On a machine that has other things to do, alternate:
//
//	go test -c -o bench.test
//	for i in 1 2 3 4 5 6; do ./bench.test -test.run='^$' -test.bench=. -test.benchtime=200ms; done | tee all.txt
//
// # Reading
//
// Allocations are exact, times are worth no more than the machine: read them as
// ratios within one run. Nothing here asserts a time.
//
// Each name is BenchmarkWork/by=contender. The contender "bare" does the same
// for the client without any middleware; what a layer costs is the distance to
// it. "byhand" is what a programmer writes who uses no library. Everybody gets
// a writer with an empty header map and a request of its own for each round,
// and no log line leaves the process.
//
// Contenders are set up as their documentation says, and asked for what we do
// by ourselves: a peer that answers less, a limiter without headers perhaps, is
// named so in its file. Before a contender is timed, its answer is compared with
// what the work demands.
//
// The Redis benchmarks start a redis-server of their own on a Unix socket, and
// skip where there is none; with BACKSTOP_REDIS=required they fail instead.
package bench
