package redisstore

import (
	"context"
	"errors"
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

// breaker keeps calls away from a server that does not answer them. A closed breaker
// lets every call through. An open one lets none through until a pause is over, and
// then exactly one: the probe. The result of the probe closes the breaker or begins
// another pause. The zero breaker is closed. It has no goroutine.
type breaker struct {
	mu         sync.Mutex
	open       bool
	probing    bool
	epoch      uint   // changes when it opens; a call of an earlier epoch does not count
	row        int    // failures in a row
	first      error  // of that row
	recent     uint32 // a bit for each of the last calls, 1 is a failure
	pause      time.Duration
	until      time.Duration
	shortPause bool // the last pause was kept short, see [breaker.probed]
}

// pass is a call that a breaker has let through.
type pass struct {
	epoch uint
	probe bool
}

// enter reports whether a call may go to the server; such a call must end with leave.
// Else wait is the time until the next probe, or 0 while a probe is under way.
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
// breaker. The cause is the first failure in the row: later ones often say only that
// there is no connection.
func (b *breaker) leave(p pass, now time.Duration, err error) (changed bool, cause error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.epoch != b.epoch {
		return false, nil
	}
	if p.probe {
		return b.probed(now, err), nil
	}
	b.row++
	b.recent = b.recent << 1 & (1<<window - 1)
	if err != nil {
		b.recent |= 1
	} else {
		b.row = 0
	}
	if b.row <= 1 {
		b.first = err
	}
	if b.row < rowLimit && bits.OnesCount32(b.recent) <= window/2 {
		return false, nil
	}
	b.open, b.pause, b.until, b.shortPause = true, firstPause, now+jitter(firstPause), false
	b.epoch++
	return true, b.first
}

// probed ends a probe, and reports whether that closed the breaker.
func (b *breaker) probed(now time.Duration, err error) bool {
	b.probing = false
	if err == nil {
		b.open, b.row, b.first, b.recent = false, 0, nil, 0
		return true
	}
	// A probe whose deadline came while the client was connecting leaves that
	// connection to the next probe, which therefore comes soon.
	b.shortPause = !b.shortPause && errors.Is(err, ErrConnecting) && errors.Is(err, context.DeadlineExceeded)
	pause := firstPause
	if !b.shortPause {
		b.pause = min(2*b.pause, longPause)
		pause = b.pause
	}
	b.until = now + jitter(pause)
	return false
}

// jitter changes a pause by up to a fifth, so that many processes do not probe a
// server at the same moment.
func jitter(d time.Duration) time.Duration {
	return d - d/5 + rand.N(2*d/5+1)
}
