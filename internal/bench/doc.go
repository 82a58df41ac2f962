// Command bench measures Backstop beside its peers: the same work, the same
// inputs, one process. It is a module of its own, so the peers stay out of
// everybody else's go.mod.
//
//	make compare                  # every target, and every contender
//	make compare BASE=../other    # and the same work as another checkout does it
//	make wire                     # CPU time of a request over a socket; needs wrk
//
// # How compare measures
//
// A race is one piece of work, a contender does it. All contenders of a race
// live in one process and take turns of 3 ms; a ratio is taken round by round,
// and the median counts. Whatever else the machine does meets all contenders of
// a round alike, so the ratios repeat where the times do not.
//
// Time is CPU time of the whole process, not of a locked thread: what a
// contender leaves to the collector, or to goroutines of its own, is its cost,
// and most of the work of a Redis client happens there. Where a server does
// part of the work, as Redis does, its CPU time is added.
//
// Each request is new, with its header map and that of the answer, because a
// map that was filled before is cheaper to fill. What it costs to make them is
// measured in the same rounds by a contender that does nothing, and taken off.
// Where a row says "above", another contender is taken off instead: a bare
// router, or Standard without the limiter.
//
// Objects and bytes are counted with the collector switched off. They are exact.
//
// # The other checkout
//
// With BASE, the program of another checkout takes turns in the same rounds:
//
//	git worktree add ../base some-commit
//	make compare BASE=../base
//
// That commit must have this command. Only contenders of ours take part, and
// both versions do so in a process of their own. Two processes of one program
// differ by up to a tenth, so such a ratio says less than one within a process.
//
// # How wire measures
//
// Each stack is a server process. wrk loads them in turn, with 16 connections,
// and the operating system tells how much CPU time the server has used. Unlike
// in a warm loop, the kernel has run between two requests, and code and data
// are cold.
//
// # Reading
//
// Nothing here asserts a time. Contenders are set up as their documentation
// says, and asked for what we do by ourselves; one that answers less is printed
// with what it leaves out. "by hand" is what a programmer writes who uses no
// library. Before a contender is timed, its answer is compared with what the
// work demands, and after each turn its status once more.
//
// # Profiles
//
// The same contenders are Go benchmarks:
//
//	go test -run='^$' -bench=Races/SmallValid/by=backstop -cpuprofile=cpu.out .
//
// The Redis races start a redis-server of their own on a Unix socket, and are
// left out where there is none; with BACKSTOP_REDIS=required their tests fail.
package main
