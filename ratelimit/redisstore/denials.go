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

// denials remembers debts that were too high. A denial moves nothing, and a
// debt falls only as time passes, or by a refund: until it is low enough, the
// server need not be asked again. So an attack costs few round trips. A charge
// that is small enough to fit makes the numbers wrong, so it counts like a
// refund; those of other processes are noticed after a second.
//
// Memory is fixed: a denial overwrites whichever stands in its place, which
// costs that one's owner a round trip and nothing else.
type denials struct {
	seeds   [2]maphash.Seed
	stripes [denialStripes]sync.Mutex
	slots   []denial
	newest  atomic.Int64 // when the last denial expires; none is there to find after it
}

type denialID [2]uint64

// denial is the debt of a bucket at a rate, as an instant, twice: the server has
// looked at some time between our question and its answer. Whether to refuse is
// judged by the earlier instant, so nobody is refused who has waited; what he is
// told comes from the later one, so whoever waits for so long has waited enough.
type denial struct {
	id      denialID
	rate    ratelimit.Rate
	earlier time.Duration // full at, if the server looked when we sent
	later   time.Duration // full at, if it looked when we received
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

// find fills in the state of l if it is certain that l does not fit.
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

// put remembers the denial of l, which was asked for at one time and answered
// at another. If the bucket has changed since, the server may not have known.
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
		d.newest.Store(int64(e.expires)) // a lost race costs a round trip
	}
}

// drop forgets what is known about l after a charge or refund, whether it
// succeeded or nobody knows.
func (d *denials) drop(l *ratelimit.Limit, now time.Duration) {
	_, e, mu := d.lock(l)
	defer mu.Unlock()
	*e = denial{changed: now}
}
