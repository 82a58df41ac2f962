package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
)

// server plays a Redis that works or fails as it is told. It counts nothing: a
// decision of it is an admission with a debt of 1 s. It does no I/O, so it can
// stand in a bubble of synctest.
type server struct {
	mu    sync.Mutex
	fate  func() error // nil: works
	calls []time.Time
}

var errDown = errors.New("connection refused")

func (s *server) Eval(ctx context.Context, _, _ string, keys []string, _ []int64) ([]int64, error) {
	s.mu.Lock()
	s.calls = append(s.calls, time.Now())
	fate := s.fate
	s.mu.Unlock()
	if fate != nil {
		if err := fate(); err != nil {
			return nil, err
		}
	}
	return append([]int64{1}, slices.Repeat([]int64{1_000_000}, len(keys))...), ctx.Err()
}

func (s *server) set(fate func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fate = fate
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

func down() error { return errDown }

var ann = ratelimit.Limit{Policy: "p", Key: "ann", Rate: ratelimit.PerMinute(60), Cost: 1}

// play lets a server fail (F) and work (S) call by call, and returns how many
// calls came through.
func play(t *testing.T, s *redisstore.Store, srv *server, fates string) int {
	t.Helper()
	before := srv.count()
	for _, fate := range fates {
		if fate == 'F' {
			srv.set(down)
		} else {
			srv.set(nil)
		}
		take(t, s, ann)
	}
	return srv.count() - before
}

func TestBreakerOpens(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fates string
		want  int // calls that came through
	}{
		{"after five failures in a row", "FFFFFFFF", 5},
		{"not after four", strings.Repeat("FFFFSSSSSS", 4), 40},
		{"after eleven failures of twenty", strings.Repeat("FFS", 10), 16}, // F 11 is call 16
		{"not after ten of twenty", strings.Repeat("FS", 20), 40},
		{"not by old failures", "FFFFSFFFFS" + strings.Repeat("S", 20) + "FFFFSFFS", 38},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := &server{}
				s := newStore(t, redisstore.Config{Client: srv, Mode: redisstore.FailOpen, OnDegraded: func(bool, error) {}})
				if got := play(t, s, srv, tc.fates); got != tc.want {
					t.Errorf("of %s, %d calls came through, want %d", tc.fates, got, tc.want)
				}
			})
		})
	}
}

func TestBreakerProbesAfterDoublingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &server{fate: down}
		s := newStore(t, redisstore.Config{Client: srv, Mode: redisstore.FailOpen, OnDegraded: func(bool, error) {}})
		play(t, s, srv, "FFFFF")
		want := 100 * time.Millisecond
		for range 10 {
			last := time.Now()
			for before := srv.count(); srv.count() == before; {
				time.Sleep(time.Millisecond)
				take(t, s, ann)
			}
			if got := time.Since(last); got < want*8/10 || got > want*12/10+time.Millisecond {
				t.Errorf("the probe came after %v, want %v and at most a fifth more or less", got, want)
			}
			want = min(2*want, 5*time.Second)
		}
		srv.set(nil)
		time.Sleep(6 * time.Second)
		if got := play(t, s, srv, "SSSS"); got != 4 {
			t.Errorf("after a probe that succeeded %d of 4 calls came through", got)
		}
		if got := play(t, s, srv, "FFFFFF"); got != 5 {
			t.Errorf("after that it took %d failures to open the breaker, want 5", got)
		}
	})
}

func TestExactlyOneCallProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &server{}
		s := newStore(t, redisstore.Config{Client: srv, Mode: redisstore.FailOpen, Timeout: time.Minute, OnDegraded: func(bool, error) {}})
		play(t, s, srv, "FFFFF")
		time.Sleep(200 * time.Millisecond)
		answer := make(chan error)
		srv.set(func() error { return <-answer })
		before := srv.count()
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() { take(t, s, ann) })
		}
		synctest.Wait()
		if got := srv.count() - before; got != 1 {
			t.Errorf("of 50 calls after the pause %d asked the server, want 1", got)
		}
		answer <- nil
		group.Wait()
	})
}

// A call that began before the breaker opened, and fails later, says nothing about
// the server of now: it neither opens the breaker again nor prolongs the pause.
func TestLateFailuresCountForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &server{}
		told := 0
		s := newStore(t, redisstore.Config{Client: srv, Mode: redisstore.FailOpen, Timeout: time.Minute, OnDegraded: func(bool, error) { told++ }})
		late := make(chan error)
		srv.set(func() error { return <-late })
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() { take(t, s, ann) })
		}
		synctest.Wait()
		fail := func() {
			for range 10 {
				late <- errDown
			}
			synctest.Wait()
		}
		play(t, s, srv, "FFFFF")
		time.Sleep(110 * time.Millisecond)
		fail()
		time.Sleep(10 * time.Millisecond) // a fifth above the pause
		if got := play(t, s, srv, "SS"); got != 2 || told != 2 {
			t.Errorf("after late failures in the pause %d of 2 calls came through, and OnDegraded was told %d times, want 2", got, told)
		}
		fail()
		group.Wait()
		if got := play(t, s, srv, "SSS"); got != 3 {
			t.Errorf("after late failures %d of 3 calls came through", got)
		}
	})
}

func TestAPanickingClientIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &server{}
		s := newStore(t, redisstore.Config{Client: srv, Mode: redisstore.FailOpen, OnDegraded: func(bool, error) {}})
		crash := func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic of the client was swallowed")
				}
			}()
			srv.set(func() error { panic("client") })
			take(t, s, ann)
		}
		for range 5 {
			crash()
		}
		if got := play(t, s, srv, "SSS"); got != 0 {
			t.Errorf("after five panics %d calls came through, want none", got)
		}
		time.Sleep(200 * time.Millisecond)
		crash() // it is the probe
		time.Sleep(300 * time.Millisecond)
		if got := play(t, s, srv, "SSS"); got != 3 {
			t.Errorf("after the pauses %d of 3 calls came through", got)
		}
	})
}

func TestOnDegradedIsToldOncePerTransition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &server{}
		var told []string
		s := newStore(t, redisstore.Config{Client: srv, OnDegraded: func(degraded bool, err error) {
			told = append(told, fmt.Sprint(degraded, " ", errors.Is(err, errDown)))
		}})
		play(t, s, srv, "SSSFFFF")
		if len(told) > 0 {
			t.Errorf("after four failures OnDegraded was told %v, want nothing yet", told)
		}
		play(t, s, srv, "FFFFFFFFFF")
		time.Sleep(200 * time.Millisecond)
		play(t, s, srv, "F") // a failed probe is no transition
		time.Sleep(300 * time.Millisecond)
		play(t, s, srv, "SSS")
		if want := []string{"true true", "false false"}; !slices.Equal(told, want) {
			t.Errorf("OnDegraded was told %v, want %v", told, want)
		}
	})
}

// logs collects the records of slog's default logger until t ends.
func logs(t *testing.T) *bytes.Buffer {
	var b bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &b
}

func TestWithoutOnDegradedTransitionsAreLogged(t *testing.T) {
	log := logs(t)
	synctest.Test(t, func(t *testing.T) {
		srv := &server{}
		s := newStore(t, redisstore.Config{Client: srv})
		play(t, s, srv, "FFFFFF")
		time.Sleep(200 * time.Millisecond)
		play(t, s, srv, "SSS")
	})
	lines := strings.SplitAfter(log.String(), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "WARN") || !strings.Contains(lines[0], errDown.Error()) || !strings.Contains(lines[1], "INFO") {
		t.Errorf("the log has\n%s\nwant a warning with the cause, and a line when Redis is back", log)
	}
}

func TestAnOnDegradedThatPanicsIsContained(t *testing.T) {
	log := logs(t)
	synctest.Test(t, func(t *testing.T) {
		srv := &server{}
		told := 0
		s := newStore(t, redisstore.Config{Client: srv, OnDegraded: func(bool, error) {
			told++
			panic("hook")
		}})
		play(t, s, srv, "FFFFFF")
		time.Sleep(200 * time.Millisecond)
		if got := play(t, s, srv, "SSS"); got != 3 || told != 2 {
			t.Errorf("after the pause %d of 3 calls came through, and OnDegraded was told %d times, want 2", got, told)
		}
		if strings.Count(log.String(), "panic=hook") != 2 {
			t.Errorf("the log has\n%s\nwant both panics", log)
		}
	})
}

// cluster is a server whose breakers are those of a cluster.
type cluster struct{ *server }

func (cluster) Cluster() bool { return true }

func TestBreakersOfAClusterAreIndependent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &server{}
		var told []bool
		s := newStore(t, redisstore.Config{
			Client: cluster{srv}, Mode: redisstore.FailOpen,
			OnDegraded: func(degraded bool, _ error) { told = append(told, degraded) },
		})
		srv.set(down)
		keys := func(call func(ratelimit.Limit)) {
			for i := range 400 {
				call(ratelimit.Limit{Policy: "p", Key: fmt.Sprint(i), Rate: ratelimit.PerMinute(60), Cost: 1})
			}
		}
		keys(func(l ratelimit.Limit) { take(t, s, l) })
		if got := srv.count(); got != 16*5 {
			t.Errorf("with 16 breakers %d calls came through, want 80", got)
		}
		time.Sleep(200 * time.Millisecond)
		srv.set(nil)
		keys(func(l ratelimit.Limit) {
			if take(t, s, l).Degraded {
				t.Errorf("after the pause the key %q is decided without Redis", l.Key)
			}
		})
		if !slices.Equal(told, []bool{true, false}) {
			t.Errorf("OnDegraded was told %v, want [true false]", told)
		}
	})
}

func TestSlotIsThatOfRedis(t *testing.T) {
	// From the specification of Redis Cluster, and by CLUSTER KEYSLOT.
	for tag, want := range map[string]int{"123456789": 0x31c3, "": 0, "foo": 12182, "user1000": 3443} {
		if got := redisstore.Slot(tag); got != want {
			t.Errorf("Slot(%q) = %d, want %d", tag, got, want)
		}
	}
}
