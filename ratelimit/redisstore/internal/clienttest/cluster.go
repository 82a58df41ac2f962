package clienttest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

func startCluster(t *testing.T, h Harness) ([3]*redistest.Server, redisstore.Client) {
	nodes := redistest.Cluster(t)
	client := h.NewCluster(t, []string{nodes[0].Addr, nodes[1].Addr, nodes[2].Addr})
	return nodes, client
}

func clusterKeys(t *testing.T, h Harness) {
	nodes, client := startCluster(t, h)
	s := newStore(t, redisstore.Config{Client: client, Timeout: patient, Mode: redisstore.FailClosed})
	connect(t, s)
	call := func(limits ...ratelimit.Limit) []ratelimit.State {
		states := make([]ratelimit.State, len(limits))
		if err := s.Take(t.Context(), limits, states); err != nil {
			t.Fatalf("Take(%v) = error %v, want a decision", limits, err)
		}
		return states
	}
	for i := range 20 {
		// All policies of one identity in one call, and a second identity.
		ann, also, bob := one("ann"+strconv.Itoa(i)), one("ann"+strconv.Itoa(i)), one("bob"+strconv.Itoa(i))
		also.Policy, bob.Rate = "q", ratelimit.PerHour(1)
		if st := call(ann, also, bob); !st[0].Allowed || !st[1].Allowed || !st[2].Allowed {
			t.Fatalf("Take = %+v, want it admitted", st)
		}
		if st := call(ann, bob, also); st[1].Allowed {
			t.Fatalf("Take = %+v, want the second limit to refuse", st)
		}
		ann.Cost, also.Cost = 0, 0
		if st := call(ann, also); st[0].Remaining != 9_999 || st[1].Remaining != 9_999 {
			t.Errorf("after a refused call %d and %d remain, want 9,999", st[0].Remaining, st[1].Remaining)
		}
	}
	for _, n := range nodes {
		if keys, _ := n.Do("KEYS", "*").([]any); len(keys) == 0 {
			t.Errorf("node %s has no keys: the cluster is not used", n.Addr)
		}
	}
}

// deadNode stops one node, then kills it.
func deadNode(t *testing.T, h Harness) {
	nodes, client := startCluster(t, h)
	var failed atomic.Int64
	watch := &watched{client, func(_ context.Context, _ string, err error) {
		if err != nil {
			failed.Add(1)
		}
	}}
	var seen events
	s := newStore(t, redisstore.Config{Client: watch, Timeout: unhurried, OnDegraded: seen.add})
	ids := identities(t, nodes, client)
	connect(t, s)
	exact := func(node int) bool {
		return !slices.ContainsFunc(ids[node], func(key string) bool { return take(t, s, one(key)).Degraded })
	}
	for node := range nodes {
		redistest.Await(t, "decisions by every node", func() bool { return exact(node) })
	}
	for _, tc := range []struct {
		name      string
		stop, run func()
	}{
		{"SIGSTOP", nodes[1].Freeze, nodes[1].Thaw},
		{"SIGKILL", nodes[1].Kill, func() { nodes[1].Run() }},
	} {
		tc.stop()
		redistest.Await(t, "the identities of a dead node are decided without it", func() bool {
			for _, key := range ids[1] {
				if !take(t, s, one(key)).Degraded {
					return false
				}
			}
			return true
		})
		// A busy machine may miss a timeout now and then; a dead node misses all,
		// and is asked by a probe now and then.
		before, degraded := failed.Load(), 0
		for range 50 {
			for _, key := range slices.Concat(ids[0], ids[2]) {
				if take(t, s, one(key)).Degraded {
					degraded++
				}
			}
			for _, key := range ids[1] {
				take(t, s, one(key))
			}
		}
		if degraded > 20 {
			t.Errorf("%s: %d of 400 calls for living nodes were decided without them", tc.name, degraded)
		}
		if asked := failed.Load() - before; asked > 100 {
			t.Errorf("%s: %d of 200 calls for the dead node were sent to it", tc.name, asked)
		}
		tc.run()
		redistest.Await(t, "decisions by the node again", func() bool { return exact(1) })
	}
	if got := seen.list(); len(got) < 2 || !got[0] {
		t.Errorf("OnDegraded was told %v, want true and false in turn", got)
	}
}

// identities finds four keys for each node, whose ranges of slots the node owns
// as a whole: breakers know ranges and not nodes.
func identities(t *testing.T, nodes [3]*redistest.Server, client redisstore.Client) [3][]string {
	t.Helper()
	var found [3][]string
	for i := 0; len(found[0]) < 4 || len(found[1]) < 4 || len(found[2]) < 4; i++ {
		key := "id" + strconv.Itoa(i)
		var sent string
		watch := &watched{client, func(_ context.Context, key string, _ error) { sent = key }}
		take(t, newStore(t, redisstore.Config{Client: watch, Timeout: patient}), one(key))
		slot, ok := nodes[0].Do("CLUSTER", "KEYSLOT", sent).(int64)
		if !ok || !strings.Contains(sent, "{") {
			t.Fatalf("the slot of %q is %d", sent, slot)
		}
		from, to := slot/1024*1024, slot/1024*1024+1023
		if node := from * 3 / 16384; node == to*3/16384 && len(found[node]) < 4 {
			found[node] = append(found[node], key)
		}
	}
	return found
}
