package redisstore

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
)

const (
	denialSlots   = 1 << 14 // about 1.2 MiB
	denialStripes = 1 << 6
	denialAge     = time.Second
)

// denials remembers debts that were too high, so that an attack costs few round
// trips. A debt falls only as time passes, or by a refund. Until it is low enough the
// server need not be asked again. A charge or refund by this process makes the store
// forget the denial; one by another process is noticed after a second.
//
// Memory is fixed: a denial overwrites another one in the same slot. The owner of
// that other bucket then pays one round trip more.
type denials struct {
	seeds   [2]maphash.Seed
	stripes [denialStripes]sync.Mutex
	slots   []denial
	newest  atomic.Int64 // instant at which the last denial expires
}

type denialID [2]uint64

// denial is the debt of a bucket at a rate, as the instant at which the bucket is
// full. Only bounds of that instant are known, because the server has read its clock
// at some time between our sending and receiving. The earlier bound decides whether
// to refuse, so nobody is refused for too long. The later bound makes RetryAfter, so
// waiting for it is enough.
type denial struct {
	id      denialID
	rate    ratelimit.Rate
	earlier time.Duration // bucket is full, if the server decided when we sent
	later   time.Duration // bucket is full, if it decided when we received
	expires time.Duration // other processes charge and refund, too
	changed time.Duration // the latest local charge or refund
}

func newDenials() *denials {
	return &denials{
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		slots: make([]denial, denialSlots),
	}
}

// lock finds and locks the slot of a bucket.
func (d *denials) lock(l *ratelimit.Limit) (denialID, *denial, *sync.Mutex) {
	pair := struct{ policy, key string }{l.Policy, l.Key}
	id := denialID{maphash.Comparable(d.seeds[0], pair), maphash.Comparable(d.seeds[1], pair)}
	mu := &d.stripes[id[0]%denialStripes]
	mu.Lock()
	return id, &d.slots[id[0]%denialSlots], mu
}

// find reports whether l certainly does not fit, and then sets its state.
func (d *denials) find(l *ratelimit.Limit, now time.Duration, s *ratelimit.State) bool {
	if l.Cost <= 0 || l.Force || int64(now) >= d.newest.Load() {
		return false
	}
	id, e, mu := d.lock(l)
	defer mu.Unlock()
	if e.id != id || e.rate != l.Rate || now >= e.expires {
		return false
	}
	p := planOf(l.Rate)
	if p.Fits(max(e.earlier-now, 0), l.Cost) {
		return false
	}
	*s = stateOf(p, max(e.later-now, 0), l.Cost, false)
	return true
}

// put remembers the denial of l. If this process has changed the bucket since l was
// sent, the denial may be out of date and is dropped.
func (d *denials) put(l *ratelimit.Limit, s *ratelimit.State, sent, received time.Duration) {
	id, e, mu := d.lock(l)
	defer mu.Unlock()
	if e.changed > sent {
		return
	}
	e.id, e.rate = id, l.Rate
	e.earlier, e.later = sent+s.ResetAfter, received+s.ResetAfter
	e.expires = sent + denialAge
	if e.expires > time.Duration(d.newest.Load()) {
		d.newest.Store(int64(e.expires)) // losing a race here costs one round trip
	}
}

// drop forgets the denial of l after a charge or refund that succeeded, or whose
// result is unknown.
func (d *denials) drop(l *ratelimit.Limit, now time.Duration) {
	_, e, mu := d.lock(l)
	defer mu.Unlock()
	*e = denial{changed: now}
}
