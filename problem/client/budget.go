package client

import "sync/atomic"

// budget bounds how many repetitions may be ahead of the successes, because
// repetitions must not feed an outage. It counts tenths.
type budget struct {
	most int64 // repetitions
	debt atomic.Int64
}

const tenths = 10

// take takes a repetition, if there is one left.
func (b *budget) take() bool {
	for {
		debt := b.debt.Load()
		if begun := (debt + tenths - 1) / tenths; begun >= b.most {
			return false
		}
		if b.debt.CompareAndSwap(debt, debt+tenths) {
			return true
		}
	}
}

// earn gives back a tenth.
func (b *budget) earn() {
	for {
		debt := b.debt.Load()
		if debt == 0 || b.debt.CompareAndSwap(debt, debt-1) {
			return
		}
	}
}
