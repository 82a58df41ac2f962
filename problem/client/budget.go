package client

import "sync/atomic"

// budget bounds the repetitions, so that they do not prolong an outage: see
// [Config.Budget].
type budget struct {
	most int64        // repetitions
	debt atomic.Int64 // in tenths of a repetition
}

const tenths = 10

// take takes a repetition, and reports whether there was one left.
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

// earn gives back a tenth of a repetition.
func (b *budget) earn() {
	for {
		debt := b.debt.Load()
		if debt == 0 || b.debt.CompareAndSwap(debt, debt-1) {
			return
		}
	}
}
