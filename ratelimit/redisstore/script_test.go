package redisstore_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

// take charges one bucket and fails the test on errors.
func take(t *testing.T, s *redisstore.Store, l ratelimit.Limit) ratelimit.State {
	t.Helper()
	var states [1]ratelimit.State
	if err := s.Take(context.Background(), []ratelimit.Limit{l}, states[:]); err != nil {
		t.Fatalf("Take(%+v) = %v", l, err)
	}
	return states[0]
}

// onlyKey returns the one key that a server has.
func onlyKey(t *testing.T, server *redistest.Server) string {
	t.Helper()
	keys, _ := server.Do("KEYS", "*").([]any)
	if len(keys) != 1 {
		t.Fatalf("the server has keys %v, want one", keys)
	}
	return keys[0].(string)
}

func TestTwoStoresShareOneLimit(t *testing.T) {
	server := redistest.Start(t)
	l := ratelimit.Limit{Policy: "p", Key: "ann", Rate: ratelimit.PerHour(50), Cost: 1}
	var admitted atomic.Int64
	var group sync.WaitGroup
	for range 2 {
		s := newStore(t, redisstore.Config{Client: &client{addr: server.Addr}, Timeout: patient})
		for range 500 {
			group.Go(func() {
				var states [1]ratelimit.State
				if err := s.Take(context.Background(), []ratelimit.Limit{l}, states[:]); err != nil {
					t.Error(err)
				}
				if states[0].Degraded {
					t.Error("Take was decided without Redis")
				}
				if states[0].Allowed {
					admitted.Add(1)
				}
			})
		}
	}
	group.Wait()
	if got := admitted.Load(); got != 50 {
		t.Errorf("1,000 calls at once through two stores: %d admitted, want 50", got)
	}
}

func TestKeysExpireWhenTheyAreFull(t *testing.T) {
	server := redistest.Start(t)
	s := newStore(t, redisstore.Config{Client: &client{addr: server.Addr}, Timeout: patient})
	l := ratelimit.Limit{Policy: "p", Key: "ann", Rate: ratelimit.PerMinute(60), Cost: 10}
	st := take(t, s, l)
	ttl, _ := server.Do("PTTL", onlyKey(t, server)).(int64)
	if want := st.ResetAfter.Milliseconds(); ttl > want || ttl < want-1000 {
		t.Errorf("PTTL = %d ms, want the time to full, %d ms", ttl, want)
	}
	l.Cost = -10
	take(t, s, l)
	if keys, _ := server.Do("KEYS", "*").([]any); len(keys) != 0 {
		t.Errorf("after a refund to full the server has %v, want nothing", keys)
	}
}

func TestPeekAndDenialWriteNothing(t *testing.T) {
	server := redistest.Start(t)
	s := newStore(t, redisstore.Config{Client: &client{addr: server.Addr}, Timeout: patient})
	for _, cost := range []int{0, -3, 100} {
		take(t, s, ratelimit.Limit{Policy: "p", Key: "ann", Rate: ratelimit.PerMinute(60), Cost: cost})
		if keys, _ := server.Do("KEYS", "*").([]any); len(keys) != 0 {
			t.Errorf("after a cost of %d the server has %v, want nothing", cost, keys)
		}
	}
}

// rates are the same rate twice, for the one script and for the other.
func rates(limit int, per time.Duration) map[string]ratelimit.Rate {
	return map[string]ratelimit.Rate{
		"by TTL":     {Limit: limit, Per: per},
		"by instant": {Limit: limit, Per: per + time.Duration(limit)*time.Microsecond},
	}
}

// stored is what the scripts write.
var stored = map[string]*regexp.Regexp{
	"by TTL":     regexp.MustCompile(`^[1-9][0-9]*$`),
	"by instant": regexp.MustCompile(`^[0-9]{16} [1-9][0-9]*$`),
}

func TestCallsSurviveWhatHappensToTheData(t *testing.T) {
	server := redistest.Start(t)
	const hour = "3600000"
	for name, rate := range rates(2, time.Hour) {
		for _, tc := range []struct {
			name   string
			happen func(key string)
			want   int // Remaining after one unit more
		}{
			{"scripts are flushed", func(string) { server.Do("SCRIPT", "FLUSH") }, 0},
			{"everything is flushed", func(string) { server.Do("FLUSHALL") }, 1},
			{"a word is stored", func(k string) { server.Do("SET", k, "word") }, 1},
			{"a word that lives long is stored", func(k string) { server.Do("SET", k, "word", "PX", "9"+hour) }, 1},
			{"an exponent is stored", func(k string) { server.Do("SET", k, "1e300", "PX", "9"+hour) }, 1},
			{"a hexadecimal number is stored", func(k string) { server.Do("SET", k, "0x7fffffffffff", "PX", "9"+hour) }, 1},
			{"a negative number is stored", func(k string) { server.Do("SET", k, "-5 10", "PX", "9"+hour) }, 1},
			{"one number without an end is stored", func(k string) { server.Do("SET", k, "99999999999999") }, 1},
			{"a bucket without room is stored", func(k string) { server.Do("SET", k, "9999999999999999 0", "PX", "9"+hour) }, 1},
			{"nothing that it can owe is stored", func(k string) { server.Do("SET", k, "0", "PX", "9"+hour) }, 1},
			{"a debt of more than any rate's is stored", func(k string) { server.Do("SET", k, "31622400001", "PX", "9"+hour) }, 1},
			{"an instant with such a debt is stored", func(k string) { server.Do("SET", k, "9999999999999999 31622400000001", "PX", "9"+hour) }, 1},
			{"three numbers are stored", func(k string) { server.Do("SET", k, "9999999999999999 1000000 1", "PX", "9"+hour) }, 1},
			{"nothing is stored", func(k string) { server.Do("SET", k, "", "PX", "9"+hour) }, 1},
			{"forty digits are stored", func(k string) { server.Do("SET", k, strings.Repeat("9", 40), "PX", "9"+hour) }, 1},
			{"a list is stored", func(k string) { server.Do("DEL", k); server.Do("RPUSH", k, "1") }, 1},
			{"a list that lives long is stored", func(k string) {
				server.Do("DEL", k)
				server.Do("RPUSH", k, "1")
				server.Do("PEXPIRE", k, "9"+hour)
			}, 1},
			{"an instant of the past is stored", func(k string) { server.Do("SET", k, "1000000 7200000000") }, 1},
		} {
			t.Run(name+", "+tc.name, func(t *testing.T) {
				server.Do("FLUSHALL")
				s := newStore(t, redisstore.Config{Client: &client{addr: server.Addr}, Timeout: patient})
				l := ratelimit.Limit{Policy: "p", Key: "ann", Rate: rate, Cost: 1}
				take(t, s, l)
				tc.happen(onlyKey(t, server))
				if got := take(t, s, l); !got.Allowed || got.Degraded || got.Remaining != tc.want {
					t.Errorf("Take = %+v, want it admitted with %d remaining", got, tc.want)
				}
				if value := fmt.Sprint(server.Do("GET", onlyKey(t, server))); !stored[name].MatchString(value) {
					t.Errorf("the server stores %q, want %v", value, stored[name])
				}
			})
		}
	}
}

// The clock of a server may go back, by itself or by a failover to another one.
func TestAClockThatWasAheadCostsAtMostTheTimeToFull(t *testing.T) {
	for name, rate := range rates(1, 300*time.Millisecond) {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			s := newStore(t, redisstore.Config{Client: &client{addr: server.Addr}, Timeout: patient, Mode: redisstore.FailClosed})
			l := ratelimit.Limit{Policy: "p", Key: "ann", Rate: rate, Cost: 1}
			take(t, s, l)
			key := onlyKey(t, server)
			value := strings.Fields(fmt.Sprint(server.Do("GET", key)))
			want := map[string]string{"by TTL": "300", "by instant": "300001"}[name]
			if got := value[len(value)-1]; got != want {
				t.Fatalf("the server stores %q, want the time from empty to full at the end", value)
			}
			if len(value) == 2 {
				value[0] = fmt.Sprint(time.Now().Add(time.Hour).UnixMicro())
			}
			server.Do("SET", key, strings.Join(value, " "), "PX", "3600000")
			st := take(t, s, l)
			if st.Allowed || st.RetryAfter > rate.Per {
				t.Fatalf("Take = %+v, want a refusal for at most %v", st, rate.Per)
			}
			time.Sleep(st.RetryAfter)
			if !take(t, s, l).Allowed {
				t.Errorf("Take after the RetryAfter of %v = refused, want allowed", st.RetryAfter)
			}
		})
	}
}

// A smaller step looks like a debt that there may have been. It must not be
// taken for more of a repair than it is: what was stored as the most is that of
// the rate, not of the moment.
func TestAClockThatWentBackALittleAddsThatToTheDebt(t *testing.T) {
	server := redistest.Start(t)
	s := newStore(t, redisstore.Config{Client: &client{addr: server.Addr}, Timeout: patient, Mode: redisstore.FailClosed})
	redisstore.FreezeClock(s)
	l := ratelimit.Limit{Policy: "p", Key: "ann", Rate: ratelimit.PerMinute(60), Cost: 10}
	for i, step := range []struct {
		pass  time.Duration
		cost  int
		reset time.Duration
	}{
		{0, 10, 10 * time.Second},
		{-20 * time.Second, 0, 30 * time.Second},
		{0, 10, 40 * time.Second},
		{-15 * time.Second, 0, 55 * time.Second},
		{-time.Hour, 0, time.Minute}, // no bucket of this rate was ever so empty
		{20 * time.Second, 0, 40 * time.Second},
	} {
		redisstore.Advance(s, step.pass)
		l.Cost = step.cost
		if got := take(t, s, l); !got.Allowed || got.ResetAfter != step.reset {
			t.Errorf("Take(%d) at step %d = %+v, want it allowed with ResetAfter %v", step.cost, i, got, step.reset)
		}
	}
}

func TestRedisKeys(t *testing.T) {
	server := redistest.Start(t)
	seen := map[string]string{}
	for _, tc := range []struct{ name, prefix, secret, key, policy string }{
		{"default", "", "", "ann", "p"},
		{"other policy", "", "", "ann", "q"},
		{"other key", "", "", "bob", "p"},
		{"prefix", "shop:", "", "ann", "p"},
		{"secret", "", "0123456789abcdef", "ann", "p"},
		{"secret, other key", "", "0123456789abcdef", "bob", "p"},
		{"other secret", "", "fedcba9876543210", "ann", "p"},
		{"long key", "", "", strings.Repeat("x", 4096), "p"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server.Do("FLUSHALL")
			cfg := redisstore.Config{Client: &client{addr: server.Addr}, Timeout: patient, Prefix: tc.prefix}
			if tc.secret != "" {
				cfg.Secret = []byte(tc.secret)
			}
			take(t, newStore(t, cfg), ratelimit.Limit{Policy: tc.policy, Key: tc.key, Rate: ratelimit.PerHour(5), Cost: 1})
			key := onlyKey(t, server)
			prefix := tc.prefix
			if prefix == "" {
				prefix = "backstop:"
			}
			rest, ok := strings.CutPrefix(key, prefix+"{")
			hash, policy, closed := strings.Cut(rest, "}")
			if !ok || !closed || policy != tc.policy || len(hash) != 22 || strings.Contains(key, tc.key) {
				t.Errorf("the Redis key is %q, want %s{22 characters}%s", key, prefix, tc.policy)
			}
			if other := seen[key]; other != "" {
				t.Errorf("the Redis key is %q, as in case %q", key, other)
			}
			seen[key] = tc.name
			if len(key) > 64 {
				t.Errorf("the Redis key has %d bytes", len(key))
			}
		})
	}
}
