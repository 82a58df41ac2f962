package redisstore

import (
	"math/bits"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	rowLimit   = 5  // failures in a row that open a breaker,
	window     = 20 // or more than half of this many calls
	firstPause = 100 * time.Millisecond
	longPause  = 5 * time.Second
)

// breaker keeps calls away from a server that does not answer them. Closed, it
// lets everything pass. Open, it lets nothing pass until a pause is over, and
// then exactly one call, whose fate decides. The zero breaker is closed.
//
// It has no goroutine: the call that comes after the pause is the probe.
type breaker struct {
	mu      sync.Mutex
	open    bool
	probing bool
	epoch   uint   // a call of an earlier epoch is too old to prove anything
	row     int    // failures in a row
	recent  uint32 // a bit for each of the last calls, 1 is a failure
	pause   time.Duration
	until   time.Duration
}

// pass is a call that a breaker let through.
type pass struct {
	epoch uint
	probe bool
}

// enter reports whether a call may go to the server; who enters must leave.
// Otherwise wait is the time until the next probe, 0 while one is under way.
func (b *breaker) enter(now time.Duration) (p pass, wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open {
		return pass{epoch: b.epoch}, 0, true
	}
	if b.probing || now < b.until {
		return pass{}, max(b.until-now, 0), false
	}
	b.probing = true
	return pass{epoch: b.epoch, probe: true}, 0, true
}

// leave records how a call went, and reports whether that opened or closed the
// breaker.
func (b *breaker) leave(p pass, now time.Duration, failed bool) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.epoch != b.epoch {
		return false
	}
	if p.probe {
		b.probing = false
		if failed {
			b.pause = min(2*b.pause, longPause)
			b.until = now + jitter(b.pause)
			return false
		}
		b.open, b.row, b.recent = false, 0, 0
		b.epoch++
		return true
	}
	b.row++
	b.recent = b.recent << 1 & (1<<window - 1)
	if failed {
		b.recent |= 1
	} else {
		b.row = 0
	}
	if b.row < rowLimit && bits.OnesCount32(b.recent) <= window/2 {
		return false
	}
	b.open, b.pause, b.until = true, firstPause, now+jitter(firstPause)
	b.epoch++
	return true
}

// jitter spreads a pause by a fifth to both sides, so that many processes do
// not all probe a server in the moment in which it comes back.
func jitter(d time.Duration) time.Duration {
	return d - d/5 + rand.N(2*d/5+1)
}
