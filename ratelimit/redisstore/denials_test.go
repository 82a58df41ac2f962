package redisstore_test

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

// denied returns a store and its client, on a server where the burst of two of
// a bucket has been taken, one unit per 10 s.
func denied(t *testing.T) (*redisstore.Store, *client, ratelimit.Limit) {
	t.Helper()
	c := &client{addr: redistest.Start(t).Addr}
	s := newStore(t, redisstore.Config{Client: c, Timeout: patient, Mode: redisstore.FailClosed})
	redisstore.FreezeClock(s)
	l := ratelimit.Limit{Policy: "p", Key: "ann", Rate: ratelimit.PerMinute(6).WithBurst(2), Cost: 1}
	take(t, s, l)
	take(t, s, l)
	redisstore.Advance(s, 500*time.Millisecond)
	return s, c, l
}

func TestDenialsAreRemembered(t *testing.T) {
	s, c, l := denied(t)
	for i, step := range []struct {
		after time.Duration
		what  string
		limit func(l *ratelimit.Limit)
		calls int64         // to Redis
		retry time.Duration // 0: allowed
	}{
		{0, "a denial", nil, 1, 9500 * time.Millisecond},
		{0, "the same", nil, 0, 9500 * time.Millisecond},
		{400 * time.Millisecond, "the same, later", nil, 0, 9100 * time.Millisecond},
		{0, "a higher cost", func(l *ratelimit.Limit) { l.Cost = 2 }, 0, 19100 * time.Millisecond},
		{0, "a cost that never fits", func(l *ratelimit.Limit) { l.Cost = 3 }, 0, ratelimit.Never},
		{0, "another policy", func(l *ratelimit.Limit) { l.Policy = "q" }, 1, 0},
		{0, "another key", func(l *ratelimit.Limit) { l.Key = "bob" }, 1, 0},
		{0, "a narrower rate", func(l *ratelimit.Limit) { l.Rate = ratelimit.PerMinute(12).WithBurst(2) }, 1, 14100 * time.Millisecond},
		{0, "a wider rate", func(l *ratelimit.Limit) { l.Rate = ratelimit.PerMinute(60) }, 1, 0},
	} {
		redisstore.Advance(s, step.after)
		before, limit := c.calls.Load(), l
		if step.limit != nil {
			step.limit(&limit)
		}
		st := take(t, s, limit)
		if calls := c.calls.Load() - before; calls != step.calls || st.RetryAfter != step.retry {
			t.Errorf("step %d, %s: Take = %+v after %d round trips, want RetryAfter %v after %d",
				i, step.what, st, calls, step.retry, step.calls)
		}
	}
}

func TestDenialsAreForgotten(t *testing.T) {
	for _, tc := range []struct {
		name   string
		happen func(t *testing.T, s *redisstore.Store, l ratelimit.Limit)
		want   bool // allowed
	}{
		{"after a second", func(_ *testing.T, s *redisstore.Store, _ ratelimit.Limit) {
			redisstore.Advance(s, time.Second)
		}, false},
		{"after a second, in which others are refused", func(t *testing.T, s *redisstore.Store, l ratelimit.Limit) {
			redisstore.Advance(s, time.Second)
			l.Key, l.Cost = "bob", 3
			take(t, s, l)
		}, false},
		{"when it fits", func(_ *testing.T, s *redisstore.Store, _ ratelimit.Limit) {
			redisstore.Advance(s, 9500*time.Millisecond)
		}, true},
		{"by a refund", func(t *testing.T, s *redisstore.Store, l ratelimit.Limit) {
			l.Cost = -1
			take(t, s, l)
		}, true},
		{"by a refund at another rate", func(t *testing.T, s *redisstore.Store, l ratelimit.Limit) {
			l.Cost, l.Rate = -1, ratelimit.PerMinute(6)
			take(t, s, l)
		}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, c, l := denied(t)
			take(t, s, l)
			tc.happen(t, s, l)
			before := c.calls.Load()
			if st := take(t, s, l); st.Allowed != tc.want || c.calls.Load() == before {
				t.Errorf("Take = %+v after %d round trips, want allowed %v by Redis", st, c.calls.Load()-before, tc.want)
			}
		})
	}
}

// A peek changes nothing, so what is remembered is still true.
func TestDenialsOutliveAPeek(t *testing.T) {
	s, c, l := denied(t)
	take(t, s, l)
	peek := l
	peek.Cost = 0
	take(t, s, peek)
	before := c.calls.Load()
	if st := take(t, s, l); st.Allowed || c.calls.Load() != before {
		t.Errorf("after a peek Take = %+v after %d round trips, want a refusal after none", st, c.calls.Load()-before)
	}
}

// A refund whose reply is lost may have been booked.
func TestDenialsAreForgottenByARefundThatFails(t *testing.T) {
	calls, fate := 0, error(nil)
	s := newStore(t, redisstore.Config{Mode: redisstore.FailOpen, OnDegraded: func(bool, error) {}, Client: clientFunc(func(context.Context, string) ([]int64, error) {
		calls++
		return []int64{0, 1_500_000}, fate
	})})
	l := ratelimit.Limit{Policy: "p", Key: "ann", Rate: ratelimit.PerSecond(1).WithBurst(2), Cost: 1}
	take(t, s, l)
	back := l
	back.Cost, fate = -1, errDown
	take(t, s, back)
	if take(t, s, l); calls != 3 {
		t.Errorf("after a refund that failed %d calls came through of 3", calls)
	}
}

// A table of fixed size has to confuse places, but never buckets.
func TestDenialsOfOthersDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls int
		s := newStore(t, redisstore.Config{Client: clientFunc(func(context.Context, string) ([]int64, error) {
			calls++
			return []int64{0, 1_500_000}, nil
		})})
		const many = 100_000
		for i := range many {
			take(t, s, ratelimit.Limit{Policy: "p", Key: strconv.Itoa(i), Rate: ratelimit.PerSecond(1).WithBurst(2), Cost: 1})
		}
		if calls != many {
			t.Errorf("%d keys cost %d round trips, want one each", many, calls)
		}
	})
}

// What is not known about the other limits of a refused call is not claimed.
func TestARememberedDenialDecidesTheWholeCall(t *testing.T) {
	s, c, l := denied(t)
	take(t, s, l)
	other := ratelimit.Limit{Policy: "q", Key: "address", Rate: ratelimit.PerMinute(60), Cost: 1}
	before := c.calls.Load()
	states := make([]ratelimit.State, 2)
	if err := s.Take(t.Context(), []ratelimit.Limit{other, l}, states); err != nil {
		t.Fatal(err)
	}
	if c.calls.Load() != before || states[1].Allowed || states[0] != (ratelimit.State{Allowed: true, Unknown: true}) {
		t.Errorf("Take = %+v after %d round trips, want the second refused, the first unknown and none", states, c.calls.Load()-before)
	}
}

func TestARememberedDenialAllocatesNothing(t *testing.T) {
	s, c, l := denied(t)
	take(t, s, l)
	before := c.calls.Load()
	limits, states := []ratelimit.Limit{l}, make([]ratelimit.State, 1)
	if got := testing.AllocsPerRun(100, func() {
		if err := s.Take(t.Context(), limits, states); err != nil {
			t.Error(err)
		}
	}); got > 0 && !race.Enabled {
		t.Errorf("a remembered denial costs %v allocations, want none", got)
	}
	if c.calls.Load() != before {
		t.Error("a remembered denial costs round trips")
	}
}

// refusing plays a server that looks at the bucket 10 ms after it was asked, and
// whose answer takes 10 ms: the debt of 2.5 s leaves no room for 1.5 s yet.
func refusing(calls *int) redisstore.Client {
	return clientFunc(func(context.Context, string) ([]int64, error) {
		*calls++
		time.Sleep(20 * time.Millisecond)
		return []int64{0, 2_500_000}, nil
	})
}

// The server has looked at some time between question and answer. Nobody may be
// refused who has waited since the one, nor be told less than the wait since the
// other.
func TestARememberedDenialIsFairToBothSides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls int
		s := newStore(t, redisstore.Config{Client: refusing(&calls)})
		l := ratelimit.Limit{Policy: "p", Key: "ann", Rate: ratelimit.PerSecond(1).WithBurst(3), Cost: 1}
		if st := take(t, s, l); st.RetryAfter != 500*time.Millisecond {
			t.Fatalf("Take = %+v, want RetryAfter 500ms", st)
		}
		time.Sleep(100 * time.Millisecond)
		if st := take(t, s, l); calls != 1 || st.RetryAfter != 400*time.Millisecond {
			t.Errorf("100 ms after the answer Take = %+v, want RetryAfter 400ms", st)
		}
		time.Sleep(379 * time.Millisecond)
		if take(t, s, l); calls != 1 {
			t.Error("499 ms after the question Redis was asked again")
		}
		time.Sleep(time.Millisecond)
		if take(t, s, l); calls != 2 {
			t.Error("500 ms after the question Redis was not asked")
		}
	})
}

// An answer that was overtaken by a refund is not worth remembering.
func TestADenialThatIsOvertakenIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := make(chan chan []int64, 1)
		s := newStore(t, redisstore.Config{Timeout: time.Minute, Client: clientFunc(func(context.Context, string) ([]int64, error) {
			answer := make(chan []int64)
			calls <- answer
			return <-answer, nil
		})})
		ask := func(cost int) (answer chan []int64, done chan ratelimit.State) {
			done = make(chan ratelimit.State, 1)
			go func() {
				done <- take(t, s, ratelimit.Limit{Policy: "p", Key: "ann", Rate: ratelimit.PerSecond(1).WithBurst(2), Cost: cost})
			}()
			synctest.Wait()
			select {
			case answer = <-calls:
			default:
				t.Fatalf("Take with cost %d = %+v, and Redis was not asked", cost, <-done)
			}
			return answer, done
		}
		slow, slowDone := ask(1)
		time.Sleep(time.Millisecond)
		refund, refundDone := ask(-1)
		refund <- []int64{1, 0}
		<-refundDone
		slow <- []int64{0, 1_500_000} // the server looked before the refund
		if st := <-slowDone; st.Allowed {
			t.Errorf("Take = %+v, want the refusal of the server", st)
		}
		again, againDone := ask(1)
		again <- []int64{1, 1_000_000}
		<-againDone
	})
}
