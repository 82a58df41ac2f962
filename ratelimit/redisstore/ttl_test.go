package redisstore_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

// grain is the time in which all rates, waits and debts of a history are whole.
// What a server's clock loses between two steps is less, and is put back.
const grain = 10 * time.Second

// rewind makes time stand still: each TTL is rounded up to whole grains.
func rewind(server *redistest.Server) {
	const script = `
		for _, key in ipairs(redis.call('KEYS', '*')) do
			local left, grain = redis.call('PTTL', key), tonumber(ARGV[1])
			if left > 0 then redis.call('PEXPIRE', key, math.ceil(left / grain) * grain) end
		end`
	server.Do("EVAL", script, "0", strconv.FormatInt(grain.Milliseconds(), 10))
}

// ledger is the contract in whole grains: the debt of each policy.
type ledger map[string]time.Duration

func (m ledger) take(limits []ratelimit.Limit) []ratelimit.State {
	const longest = 366 * 24 * time.Hour
	states, admitted := make([]ratelimit.State, len(limits)), true
	for i, l := range limits {
		states[i].Allowed = l.Cost <= 0 || l.Force || m[l.Policy]+time.Duration(l.Cost)*l.Rate.Per <= fill(l)
		admitted = admitted && states[i].Allowed
	}
	for i, l := range limits {
		debt, unit := m[l.Policy], l.Rate.Per
		if admitted {
			debt = min(max(debt+time.Duration(l.Cost)*unit, 0), longest)
			m[l.Policy] = debt
		}
		s := &states[i]
		s.Remaining, s.ResetAfter = int(max(fill(l)-debt, 0)/unit), debt
		switch charge := time.Duration(max(l.Cost, 1)) * unit; {
		case s.Allowed && l.Cost != 0:
		case charge > fill(l):
			s.RetryAfter = ratelimit.Never
		default:
			s.RetryAfter = max(debt+charge-fill(l), 0)
		}
	}
	return states
}

func fill(l ratelimit.Limit) time.Duration { return l.Rate.Per * time.Duration(l.Rate.Burst) }

// A debt that is a TTL is the debt of the contract: with charges, peeks, refunds
// and forced charges, of one and of several limits, at changing rates.
func TestAHistoryByTTLEndsAsInTheModel(t *testing.T) {
	server := redistest.Start(t)
	s := newStore(t, redisstore.Config{Client: &client{addr: server.Addr}, Timeout: patient, Mode: redisstore.FailClosed})
	redisstore.FreezeOwnClock(s)
	const seed, steps = 1, 5_000
	random := rand.New(rand.NewPCG(seed, seed))
	m := ledger{}
	for step := range steps {
		if random.IntN(2) == 0 {
			d := grain * time.Duration(random.IntN(12))
			server.Pass(d)
			redisstore.Advance(s, d+2*time.Second) // no denial is remembered for so long
			for policy, debt := range m {
				m[policy] = max(debt-d, 0)
			}
		}
		var limits []ratelimit.Limit
		kind := random.IntN(10)
		for _, policy := range []string{"one", "two", "three"}[:1+random.IntN(3)] {
			rate := ratelimit.Rate{Limit: 1, Per: grain * time.Duration(1+random.IntN(3)), Burst: 1 + random.IntN(20)}
			l := ratelimit.Limit{Policy: policy, Key: "ann", Rate: rate, Cost: random.IntN(rate.Burst + 2)}
			switch {
			case kind < 2:
				l.Cost = -l.Cost
			case kind == 2:
				l.Force, l.Cost = true, 3*l.Cost
			case kind == 3 && step%50 == 0:
				l.Force, l.Cost = true, 1<<40
			}
			limits = append(limits, l)
		}
		want, got := m.take(limits), make([]ratelimit.State, len(limits))
		if err := s.Take(t.Context(), limits, got); err != nil {
			t.Fatalf("step %d: Take(%+v) = %v", step, limits, err)
		}
		for i := range got {
			got[i].ResetAfter = whole(got[i].ResetAfter)
			if got[i].RetryAfter != ratelimit.Never {
				got[i].RetryAfter = whole(got[i].RetryAfter)
			}
			if got[i] != want[i] && !got[i].Unknown {
				t.Fatalf("step %d: Take(%+v)\n got %+v\nwant %+v", step, limits, got[i], want[i])
			}
		}
		rewind(server)
	}
}

func whole(d time.Duration) time.Duration { return (d + grain - 1) / grain * grain }

// A bucket that changes its rate may change its script, and keeps its debt.
func TestTheScriptsReadWhatTheOtherHasWritten(t *testing.T) {
	server := redistest.Start(t)
	slow, fast := rates(1, time.Hour), rates(60, time.Minute)
	for _, tc := range []struct{ name, first, then string }{
		{"from TTL to instant", "by TTL", "by instant"},
		{"from instant to TTL", "by instant", "by TTL"},
	} {
		for _, forced := range []bool{false, true} {
			t.Run(tc.name+", forced "+strconv.FormatBool(forced), func(t *testing.T) {
				server.Do("FLUSHALL")
				s := newStore(t, redisstore.Config{Client: &client{addr: server.Addr}, Timeout: patient, Mode: redisstore.FailClosed})
				l := ratelimit.Limit{Policy: "p", Key: "ann", Rate: slow[tc.first], Cost: 1}
				debt := time.Hour
				if forced {
					l.Cost, l.Force, debt = 5, true, 5*time.Hour
				}
				take(t, s, l)
				start := time.Now()
				l.Rate, l.Cost, l.Force = fast[tc.then], 30, false
				st := take(t, s, l)
				if late := debt - st.ResetAfter; st.Allowed || late < -time.Millisecond || late > time.Since(start)+time.Second {
					t.Errorf("after a debt of %v was made, Take at another rate = %+v, want a refusal with that debt", debt, st)
				}
				if retry := st.ResetAfter - 30*time.Second; (st.RetryAfter - retry).Abs() > time.Millisecond {
					t.Errorf("RetryAfter = %v, want %v", st.RetryAfter, retry)
				}
				l.Cost = -1
				if again := take(t, s, l); again.ResetAfter > st.ResetAfter-time.Second+time.Millisecond {
					t.Errorf("after a refund of 1 s the debt is %v, and was %v", again.ResetAfter, st.ResetAfter)
				}
			})
		}
	}
}

// A cost that is known only afterwards is owed, however much it is.
func TestAForcedChargeIsOwed(t *testing.T) {
	server := redistest.Start(t)
	for name, rate := range rates(60, time.Minute) {
		for _, tc := range []struct {
			name string
			cost int
			debt time.Duration
		}{
			{"beyond the burst", 600, 10 * time.Minute},
			{"beyond all bounds", 1 << 60, 366 * 24 * time.Hour},
			{"nothing", 0, 0},
		} {
			t.Run(name+", "+tc.name, func(t *testing.T) {
				server.Do("FLUSHALL")
				s := newStore(t, redisstore.Config{Client: &client{addr: server.Addr}, Timeout: patient, Mode: redisstore.FailClosed})
				redisstore.FreezeOwnClock(s)
				l := ratelimit.Limit{Policy: "p", Key: "ann", Rate: rate, Cost: tc.cost, Force: true}
				near := func(d, want time.Duration) bool { return d > want-5*time.Second && d < want+5*time.Millisecond }
				if st := take(t, s, l); !st.Allowed || !near(st.ResetAfter, tc.debt) {
					t.Fatalf("forced Take = %+v, want it allowed with ResetAfter %v", st, tc.debt)
				}
				l.Cost, l.Force = 1, false
				st := take(t, s, l)
				if tc.debt == 0 {
					if !st.Allowed || st.Remaining != 59 {
						t.Errorf("Take = %+v, want it allowed with 59 remaining", st)
					}
					return
				}
				if wait := tc.debt + time.Second - time.Minute; st.Allowed || st.Remaining != 0 || !near(st.RetryAfter, wait) {
					t.Errorf("Take = %+v, want a refusal for %v", st, wait)
				}
				// A remembered denial does not stand in the way.
				l.Force = true
				if again := take(t, s, l); !again.Allowed || !near(again.ResetAfter, min(tc.debt+time.Second, 366*24*time.Hour)) {
					t.Errorf("a second forced Take = %+v, want it allowed and added", again)
				}
			})
		}
	}
}
