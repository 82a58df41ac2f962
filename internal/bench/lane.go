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
const manyCallers = 10

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
	target := turnTime
	if rc.callers > 1 {
		target *= manyCallers
	}
	for l.ops = len(l.clients); ; l.ops *= 2 {
		perOp, err := l.turn()
		if err != nil {
			return nil, err
		}
		if used := perOp * float64(l.ops); used > float64(target)/2 {
			l.ops = max(1, int(float64(target)/perOp))
			return l, nil
		}
	}
}

// turn runs the contender once for its time, and returns the nanoseconds of CPU
// time that one request took. It counts all threads of the process: what the
// contender leaves to the collector or to goroutines of its own is its cost,
// too, and the clock of one thread would not see it.
func (l *lane) turn() (float64, error) {
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
	n := min(max(l.ops, 2), 1000)
	l.run(n) // fills the pools
	objects, bytes = math.Inf(1), math.Inf(1)
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n := float64(l.run(n))
		runtime.ReadMemStats(&after)
		objects = min(objects, float64(after.Mallocs-before.Mallocs)/n)
		bytes = min(bytes, float64(after.TotalAlloc-before.TotalAlloc)/n)
	}
	return objects, bytes
}
