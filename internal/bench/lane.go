package main

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// turnTime is how long a contender runs before the next one does. A turn is so
// short that what else the machine does meets all contenders of a round alike.
const turnTime = 3 * time.Millisecond

// manyCallers stretches a turn, in which so many goroutines start and end.
const manyCallers = 4

// A lane is a contender under way.
type lane struct {
	race      *race
	contender *contender
	clients   []*client
	sent      uint64 // requests, so far
	ops       int    // requests per turn
}

// newLane proves that the contender does the work, and finds out how much of
// it is one turn.
func newLane(rc *race, by string) (*lane, error) {
	c, err := rc.contender(by)
	if err != nil {
		return nil, err
	}
	if err := rc.verify(c, rc.before); err != nil {
		return nil, err
	}
	l := &lane{race: rc, contender: c, sent: uint64(rc.before) + 1}
	for range max(rc.callers, 1) {
		l.clients = append(l.clients, newClient(&rc.request))
	}
	return l, l.calibrate()
}

// calibrate finds out how many requests are one turn.
func (l *lane) calibrate() error {
	target := float64(turnTime)
	if len(l.clients) > 1 {
		target *= manyCallers
	}
	runtime.GC() // or its work would be taken for that of the contender
	for l.ops = len(l.clients); ; l.ops *= 2 {
		least := math.Inf(1)
		for range 3 {
			perOp, err := l.turn()
			if err != nil {
				return err
			}
			least = min(least, perOp)
		}
		if least*float64(l.ops) > target/2 {
			l.ops = max(1, int(target/least))
			return nil
		}
	}
}

// turn runs the contender once for its time, and returns the nanoseconds of CPU
// time that one request took. It counts all threads of the process: what the
// contender leaves to the collector or to goroutines of its own is its cost,
// too, and the clock of one thread would not see it. A tenth goes before and
// does not count: it warms the caches that the contender before has cooled.
func (l *lane) turn() (float64, error) {
	if l.ops >= 10 {
		l.run(l.ops / 10)
	}
	begin := l.clock()
	ops := l.run(l.ops)
	used := l.clock() - begin
	return float64(used) / float64(ops), l.check()
}

func (l *lane) clock() time.Duration {
	if l.race.server != 0 {
		return cpuTime(l.race.server)
	}
	return cpuTime()
}

// run sends about n requests and returns how many: each caller sends the same
// number. Callers are new goroutines, as those of a server are, so that a stack
// in a log is as deep as it is there.
func (l *lane) run(n int) int {
	each := max(1, n/len(l.clients))
	var callers sync.WaitGroup
	for _, c := range l.clients {
		first := l.sent
		l.sent += uint64(each)
		callers.Go(func() {
			for i := range uint64(each) {
				c.send(l.contender, first+i)
			}
		})
	}
	callers.Wait()
	return each * len(l.clients)
}

// check fails if the last answer was another one, because then the figures are
// those of other work.
func (l *lane) check() error {
	if l.contender.by == nothing {
		return nil
	}
	if got, want := l.clients[0].status, l.race.status(l.contender); got != want {
		return fmt.Errorf("%s by %s = %d after %d requests, want %d", l.race.name, l.contender.by, got, l.sent, want)
	}
	return nil
}

// allocations counts the objects and bytes that one request allocates. The
// collector stands still meanwhile, because it empties pools. What other
// goroutines allocate makes a count too high and never too low, so the lowest
// of several counts is the right one.
func (l *lane) allocations() (objects, bytes float64) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	n := min(max(l.ops, 10), 1000)
	objects, bytes = math.Inf(1), math.Inf(1)
	l.run(n) // fills the pools
	var caller sync.WaitGroup
	caller.Go(func() { // a goroutine of its own, as in run
		var before, after runtime.MemStats
		for range 5 {
			runtime.ReadMemStats(&before)
			for range n {
				l.clients[0].send(l.contender, l.sent)
				l.sent++
			}
			runtime.ReadMemStats(&after)
			objects = min(objects, float64(after.Mallocs-before.Mallocs)/float64(n))
			bytes = min(bytes, float64(after.TotalAlloc-before.TotalAlloc)/float64(n))
		}
	})
	caller.Wait()
	return objects, bytes
}
