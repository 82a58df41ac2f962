package rueidisadapter_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/backstop-go/backstop/ratelimit/redisstore/rueidisadapter"
)

func TestNewNamesTheOptionsThatMustChange(t *testing.T) {
	one, two := []string{"localhost:1"}, []string{"localhost:1", "localhost:2"}
	single, cluster := rueidisadapter.New, rueidisadapter.NewCluster
	for _, tc := range []struct {
		name   string
		make   func(rueidis.ClientOption) (*rueidisadapter.Client, error)
		option rueidis.ClientOption
		want   string // words in the error; none: the options are accepted
	}{
		{"one address", single, rueidis.ClientOption{InitAddress: one}, ""},
		{"no address", single, rueidis.ClientOption{}, "InitAddress"},
		{"two addresses", single, rueidis.ClientOption{InitAddress: two}, "NewCluster"},
		{"two sentinels", single, rueidis.ClientOption{InitAddress: two, Sentinel: rueidis.SentinelOption{MasterSet: "m"}}, ""},
		{"a cluster", cluster, rueidis.ClientOption{InitAddress: one}, ""},
		{"a cluster without address", cluster, rueidis.ClientOption{}, "InitAddress"},
		{"a cluster of sentinels", cluster, rueidis.ClientOption{InitAddress: one, Sentinel: rueidis.SentinelOption{MasterSet: "m"}}, "Sentinel"},
		{"a cluster of one", cluster, rueidis.ClientOption{InitAddress: one, ForceSingleClient: true}, "ForceSingleClient"},
		{"retries", single, rueidis.ClientOption{InitAddress: one, RetryDelay: func(int, rueidis.Completed, error) time.Duration { return 0 }}, "RetryDelay"},
		{"everything wrong in a cluster", cluster, rueidis.ClientOption{ForceSingleClient: true, ReplicaOnly: true}, "ReplicaOnly ForceSingleClient InitAddress"},
		{"everything wrong with two addresses", single, rueidis.ClientOption{InitAddress: two, ReplicaOnly: true}, "ReplicaOnly NewCluster"},
		{"a life time", single, rueidis.ClientOption{InitAddress: one, ConnLifetime: time.Hour}, "ConnLifetime"},
		{"a connection for each call", single, rueidis.ClientOption{InitAddress: one, DisableAutoPipelining: true}, "DisableAutoPipelining"},
		{"replicas", cluster, rueidis.ClientOption{InitAddress: one, SendToReplicas: func(rueidis.Completed) bool { return true }}, "SendToReplicas"},
		{"replicas only", cluster, rueidis.ClientOption{InitAddress: one, ReplicaOnly: true}, "ReplicaOnly"},
		{"standalone replicas", single, rueidis.ClientOption{InitAddress: one, Standalone: rueidis.StandaloneOption{ReplicaAddress: two}}, "Standalone.ReplicaAddress"},
		{"standalone redirects", single, rueidis.ClientOption{InitAddress: one, Standalone: rueidis.StandaloneOption{EnableRedirect: true}}, "Standalone.EnableRedirect"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := tc.make(tc.option)
			if tc.want == "" && err != nil {
				t.Errorf("New = %v, want the options to be accepted", err)
			}
			for want := range strings.FieldsSeq(tc.want) {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("New = %v, want an error that names %s", err, want)
				}
			}
		})
	}
}
