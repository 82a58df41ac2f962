package clienttest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

// load is a stream of requests: 100 per second that no rate refuses, and as
// many of a bucket that is soon empty.
type load struct {
	store *redisstore.Store
	stop  chan struct{}
	ended chan struct{}

	mu       sync.Mutex
	errors   int
	refused  int       // of the wide rate
	admitted int       // of the narrow rate
	redis    time.Time // the latest decision of the narrow or the wide rate by Redis
	degraded time.Time // and the latest without
}

var (
	wide   = ratelimit.Limit{Policy: "wide", Key: "ann", Rate: ratelimit.PerSecond(1000), Cost: 1}
	narrow = ratelimit.Limit{Policy: "narrow", Key: "ann", Rate: ratelimit.PerMinute(60).WithBurst(20), Cost: 1}
)

func begin(s *redisstore.Store) *load {
	l := &load{store: s, stop: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		var requests sync.WaitGroup
		defer requests.Wait()
		for {
			select {
			case <-l.stop:
				return
			case <-tick.C:
				requests.Go(func() { l.request(wide) })
				requests.Go(func() { l.request(narrow) })
			}
		}
	}()
	return l
}

func (l *load) end() {
	close(l.stop)
	<-l.ended
}

func (l *load) request(limit ratelimit.Limit) {
	var states [1]ratelimit.State
	err := l.store.Take(context.Background(), []ratelimit.Limit{limit}, states[:])
	l.mu.Lock()
	defer l.mu.Unlock()
	st := states[0]
	switch {
	case err != nil:
		l.errors++
		return
	case limit == wide && !st.Allowed:
		l.refused++
	case limit == narrow && st.Allowed:
		l.admitted++
	}
	if st.Degraded {
		l.degraded = time.Now()
	} else if limit == wide { // the deny cache does not prove anything
		l.redis = time.Now()
	}
}

// outages stops a server for two seconds, and kills another time, under load.
func outages(t *testing.T, h Harness) {
	for _, mode := range []redisstore.Mode{redisstore.FailLocal, redisstore.FailOpen} {
		t.Run([]string{"local", "open"}[mode], func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			var slow atomic.Int64 // calls that the server did not answer in time
			client := &watched{h.New(t, server.Addr), func(ctx context.Context, _ string, err error) {
				if err != nil && ctx.Err() != nil {
					slow.Add(1)
				}
			}}
			var seen events
			s := newStore(t, redisstore.Config{Client: client, Timeout: unhurried, Mode: mode, OnDegraded: seen.add})
			connect(t, s)
			l := begin(s)
			start := time.Now()
			server.Freeze()
			time.Sleep(2 * time.Second)
			server.Thaw()
			l.awaitRecovery(t, &slow, "SIGCONT")
			server.Kill()
			time.Sleep(2 * time.Second)
			server.Run()
			l.awaitRecovery(t, &slow, "a restart")
			l.end()

			if l.errors > 0 {
				t.Errorf("%d calls ended with an error, want none", l.errors)
			}
			if l.refused > 0 {
				t.Errorf("%d calls of a rate that is not reached were refused, want none", l.refused)
			}
			// In two outages: the calls that open the breaker, those that are under
			// way meanwhile (200/s for 100 ms, and as many again on a busy machine),
			// and the probes of two seconds. Without a breaker there would be 800.
			if n := slow.Load(); n > 2*(5+40+6) {
				t.Errorf("%d calls waited for the timeout, want few", n)
			}
			if got := seen.list(); len(got)%2 != 0 || len(got) < 4 || !got[0] || got[len(got)-1] {
				t.Errorf("OnDegraded was told %v, want true and false in turn, at least twice", got)
			}
			// One burst, one more of the server that forgot everything, one of this
			// process, and what came back meanwhile in each of them.
			back := int(time.Since(start).Seconds()) + 1
			if most := 3*20 + 2*back; mode == redisstore.FailLocal && l.admitted > most {
				t.Errorf("%d units of the narrow rate were admitted, want at most %d", l.admitted, most)
			}
		})
	}
}

// awaitRecovery allows the longest pause that two seconds can lead to, and one
// more second. If the machine was so busy that the living server missed a
// timeout, there is one more pause.
func (l *load) awaitRecovery(t *testing.T, slow *atomic.Int64, after string) {
	t.Helper()
	begin, before, most := time.Now(), slow.Load(), 3*time.Second
	redistest.Await(t, "decisions by Redis after "+after, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.redis.After(begin) && l.redis.Sub(l.degraded) > 100*time.Millisecond
	})
	if slow.Load() > before {
		most += 4 * time.Second
	}
	if took := time.Since(begin); took > most {
		t.Errorf("after %s it took %v until Redis decided again, want %v", after, took, most)
	}
}
