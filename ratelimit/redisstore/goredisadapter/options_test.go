package goredisadapter_test

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/backstop-go/backstop/ratelimit/redisstore/goredisadapter"
)

func TestNewNamesTheOptionsThatMustChange(t *testing.T) {
	for _, tc := range []struct {
		name   string
		client redis.UniversalClient
		want   []string // options; none: the client is accepted
	}{
		{"defaults", redis.NewClient(&redis.Options{}), []string{"ContextTimeoutEnabled", "MaxRetries", "DialerRetries"}},
		{"all set", redis.NewClient(&redis.Options{ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1}), nil},
		{"no deadlines", redis.NewClient(&redis.Options{MaxRetries: -1, DialerRetries: 1}), []string{"ContextTimeoutEnabled"}},
		{"one retry", redis.NewClient(&redis.Options{ContextTimeoutEnabled: true, MaxRetries: 1, DialerRetries: 1}), []string{"MaxRetries"}},
		{"two dials", redis.NewClient(&redis.Options{ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 2}), []string{"DialerRetries"}},
		{
			"sentinel defaults", redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "m", SentinelAddrs: []string{"localhost:1"}}),
			[]string{"ContextTimeoutEnabled", "MaxRetries", "DialerRetries"},
		},
		{"cluster defaults", redis.NewClusterClient(&redis.ClusterOptions{}), []string{"ContextTimeoutEnabled", "DialerRetries"}},
		{"cluster, all set", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, DialerRetries: 1}), nil},
		{
			"cluster with replicas", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, DialerRetries: 1, RouteRandomly: true}),
			[]string{"ReadOnly"},
		},
		{
			"cluster with retries", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, DialerRetries: 1, MaxRetries: 2}),
			[]string{"MaxRetries"},
		},
		{"a ring", redis.NewRing(&redis.RingOptions{}), []string{"*redis.Ring"}},
		{"nothing", nil, []string{"<nil>"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.client != nil {
				defer tc.client.Close()
			}
			_, err := goredisadapter.New(tc.client)
			if len(tc.want) == 0 {
				if err != nil {
					t.Errorf("New = %v, want the client to be accepted", err)
				}
				return
			}
			if err == nil {
				t.Fatalf("New = nil, want an error about %v", tc.want)
			}
			if got := strings.Count(err.Error(), "\n") + 1; got != len(tc.want) {
				t.Errorf("New = %v, want %d faults", err, len(tc.want))
			}
			for _, option := range tc.want {
				if !strings.Contains(err.Error(), option) {
					t.Errorf("New = %v, want it to name %s", err, option)
				}
			}
		})
	}
}
