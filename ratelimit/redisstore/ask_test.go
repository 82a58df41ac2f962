package redisstore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
)

// The script is loaded by a call that has no time to wait for that.
func TestLoadingTheScriptOutlivesTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loaded, asked int
		var bound time.Duration
		s := newStore(t, redisstore.Config{Connect: time.Second, Client: clientFunc(func(ctx context.Context, verb string) ([]int64, error) {
			time.Sleep(20 * time.Millisecond) // the round trip
			if verb == "EVAL" {
				deadline, _ := ctx.Deadline()
				bound = time.Until(deadline) + 20*time.Millisecond
				loaded++
			} else {
				asked++
			}
			if loaded == 0 {
				return nil, redisstore.ErrNoScript
			}
			return []int64{1, 0}, ctx.Err()
		})})
		start := time.Now()
		if st := take(t, s, ann); !st.Degraded || time.Since(start) != 25*time.Millisecond {
			t.Errorf("Take = %+v after %v, want it degraded after 25ms", st, time.Since(start))
		}
		synctest.Wait()
		time.Sleep(15 * time.Millisecond)
		synctest.Wait()
		if loaded != 1 || bound != time.Second {
			t.Errorf("the script was sent %d times, with %v to spare; want once with Config.Connect", loaded, bound)
		}
		if st := take(t, s, ann); st.Degraded || asked != 2 || loaded != 1 {
			t.Errorf("the next Take = %+v, after %d questions and %d loads, want a decision by Redis", st, asked, loaded)
		}
	})
}

// A panic on the goroutine that loads would end the program.
func TestAClientThatPanicsWhileItLoadsIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, redisstore.Config{Mode: redisstore.FailClosed, Client: clientFunc(func(_ context.Context, verb string) ([]int64, error) {
			if verb == "EVAL" {
				panic("no reader")
			}
			return nil, redisstore.ErrNoScript
		})})
		err := s.Take(t.Context(), []ratelimit.Limit{ann}, make([]ratelimit.State, 1))
		if err == nil || !strings.Contains(err.Error(), "panicked: no reader") {
			t.Errorf("Take = %v, want the panic", err)
		}
	})
}

func TestClientsAreToldHowLongTheyMayConnect(t *testing.T) {
	for _, tc := range []struct{ connect, want time.Duration }{
		{0, 2 * time.Second},
		{time.Minute, time.Minute},
	} {
		var got time.Duration
		s := newStore(t, redisstore.Config{Connect: tc.connect, Client: clientFunc(func(ctx context.Context, _ string) ([]int64, error) {
			got = redisstore.ConnectTimeout(ctx)
			return []int64{1, 0}, nil
		})})
		take(t, s, ann)
		if got != tc.want {
			t.Errorf("with Connect %v, ConnectTimeout = %v, want %v", tc.connect, got, tc.want)
		}
	}
	if got := redisstore.ConnectTimeout(t.Context()); got != 2*time.Second {
		t.Errorf("without a store, ConnectTimeout = %v, want 2s", got)
	}
}

func TestWrongNode(t *testing.T) {
	for reply, want := range map[string]bool{
		"READONLY You can't write against a read only replica.":                                                                                true,
		"READONLY You can't write against a read only replica. script: 2bab3b661081db58bd2341920e0ba7cf5dc77b25, on @user_script:58.":          true,
		"ERR Error running script (call to f_2bab): @user_script:58: @user_script: 58: -READONLY You can't write against a read only replica.": true,
		"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.":                                                     true,
		"LOADING Redis is loading the dataset in memory":                                                                                       true,
		"NOREPLICAS Not enough good replicas to write.":                                                                                        true,
		"OOM command not allowed when used memory > 'maxmemory'.":                                                                              false,
		"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.":                                               false,
		"NOSCRIPT No matching script. Please use EVAL.":                                                                                        false,
		"ERR unknown command 'LOADING '":                                                                                                       false,
		"MOVED 3999 127.0.0.1:6381":                                                                                                            false,
		"":                                                                                                                                     false,
	} {
		if got := redisstore.WrongNode(reply); got != want {
			t.Errorf("WrongNode(%q) = %v, want %v", reply, got, want)
		}
	}
}

// What is lost first is the cause; that there is no connection afterwards follows
// from it.
func TestTheDegradedLineTellsTheFirstFailure(t *testing.T) {
	connecting := func() error { return fmt.Errorf("dial: %w", redisstore.ErrConnecting) }
	for _, tc := range []struct {
		name  string
		fates []func() error
		want  string
	}{
		{"asking", []func() error{down, connecting, connecting, connecting, connecting}, "asking"},
		{"connecting", []func() error{connecting, connecting, down, down, down}, "connecting"},
		{"a row that ended", []func() error{down, nil, connecting, connecting, connecting, connecting, connecting}, "connecting"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := &server{}
			var told []string
			s := newStore(t, redisstore.Config{Client: srv, Mode: redisstore.FailOpen, OnDegraded: func(_ bool, err error) { told = append(told, err.Error()) }})
			for _, fate := range tc.fates {
				srv.set(fate)
				take(t, s, ann)
			}
			if len(told) != 1 || !strings.HasPrefix(told[0], "redisstore: "+tc.want+": ") {
				t.Errorf("OnDegraded was told %q, want one line about %s", told, tc.want)
			}
		})
	}
}

// A probe after a long pause may only begin to connect. The next one, which uses
// that connection, need not wait as long again; but the one after that has to.
func TestAProbeThatOnlyConnectedIsRepeatedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &server{fate: down}
		s := newStore(t, redisstore.Config{Client: srv, Mode: redisstore.FailOpen, OnDegraded: func(bool, error) {}})
		play(t, s, srv, "FFFFF")
		srv.set(func() error { return fmt.Errorf("%w: %w", redisstore.ErrConnecting, context.DeadlineExceeded) })
		var got []time.Duration
		for range 7 {
			last := time.Now()
			for before := srv.count(); srv.count() == before; {
				time.Sleep(time.Millisecond)
				take(t, s, ann)
			}
			got = append(got, time.Since(last))
		}
		for i, want := range []time.Duration{100, 100, 200, 100, 400, 100, 800} {
			want *= time.Millisecond
			if got[i] < want*8/10 || got[i] > want*12/10+time.Millisecond {
				t.Fatalf("the probes came after %v, want the %d. after %v", got, i+1, want)
			}
		}
		// An attempt that has failed is no promise of a connection.
		srv.set(func() error { return fmt.Errorf("%w: %w", redisstore.ErrConnecting, errDown) })
		last := time.Now()
		for n := srv.count(); srv.count() < n+2; {
			time.Sleep(time.Millisecond)
			take(t, s, ann)
		}
		if took := time.Since(last); took < 1600*time.Millisecond*8/10 {
			t.Errorf("two probes that were refused came within %v", took)
		}
	})
}

// Both scripts count whole units of their own; what they are asked is exact.
func TestTheScriptsAreAskedInTheirUnits(t *testing.T) {
	rates := rates(60, time.Minute)
	var got []int64
	spy := argSpy{func(args []int64) { got = slices.Clone(args) }}
	s := newStore(t, redisstore.Config{Client: spy})
	for _, tc := range []struct {
		rate  string
		cost  int
		force bool
		want  []int64
	}{
		{"by TTL", 2, false, []int64{2_000, 60_000, 0}},
		{"by TTL", 100, true, []int64{100_000, 60_000, 1}},
		{"by instant", 2, false, []int64{0, 2_000_002, 60_000_060, 0}},
		{"by instant", 0, true, []int64{0, 0, 60_000_060, 1}},
	} {
		take(t, s, ratelimit.Limit{Policy: "p", Key: "ann", Rate: rates[tc.rate], Cost: tc.cost, Force: tc.force})
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s, cost %d: the script is asked %v, want %v", tc.rate, tc.cost, got, tc.want)
		}
	}
}

type argSpy struct{ see func([]int64) }

func (s argSpy) Eval(_ context.Context, _, _ string, _ []string, args []int64) ([]int64, error) {
	s.see(args)
	return []int64{1, 0}, nil
}
