package examples_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

// TestAClientHasItsRateAndAnAddressTenTimesThat plays three clients and then a
// crowd of invented tokens against a rate of 3 a minute.
func TestAClientHasItsRateAndAnAddressTenTimesThat(t *testing.T) {
	began := time.Now()
	servers := startAll(t, "-rate", "3", "-style", "authrim")
	sessions := func(header ...string) call {
		return call{method: "GET", target: "/api/v1/sessions", header: header}
	}
	key := call{method: "GET", target: "/api/v1/search?q=prod", header: []string{"X-API-Key: k1"}}
	open := call{method: "GET", target: "/api/v1/search?q=prod"}
	outsider := call{method: "GET", target: "/nope"}
	health := call{method: "GET", target: "/healthz"}
	passed := 0
	for step, c := range []struct {
		call
		status    int
		remaining string
	}{
		{sessions(user...), 200, "2"},
		{sessions(user...), 200, "1"},
		{sessions(user...), 200, "0"},
		{sessions(user...), 429, "0"},
		{sessions(user...), 429, "0"}, // a refusal costs nothing, and helps nothing
		{sessions(admin), 200, "2"},   // clients are independent
		{key, 200, "2"},
		{key, 200, "1"},
		{key, 200, "0"},
		{key, 429, "0"},
		{open, 200, "2"},                                     // the address itself is a client
		{call{method: "GET", target: "/api/nope"}, 404, "1"}, // whoever asks for nothing asks
		{call{method: "PUT", target: "/api/v1/users"}, 405, "0"},
		{call{method: "GET", target: "/api/nope"}, 429, "0"},
		{health, 200, ""},
		{outsider, 404, ""},
	} {
		if c.status != 429 && c.remaining != "" {
			passed++
		}
		for i, got := range askAll(servers, c.call) {
			name := servers[i].name
			if len(got) != 1 || got[0].status != c.status {
				t.Errorf("%s at step %d answers %v, want %d", name, step, got, c.status)
				continue
			}
			if remaining := got[0].number("X-RateLimit-Remaining"); remaining != c.remaining {
				t.Errorf("%s at step %d has %q remaining, want %q", name, step, remaining, c.remaining)
			}
			retry := got[0].number("Retry-After")
			if c.status != 429 && retry != "" {
				t.Errorf("%s at step %d has Retry-After %s beside %d", name, step, retry, c.status)
			}
			// 3 a minute are 20 s for one.
			if n, err := strconv.Atoi(retry); c.status == 429 && (err != nil || n < 1 || n > 20) {
				t.Errorf("%s at step %d has Retry-After %q, want 1 to 20", name, step, retry)
			}
		}
	}

	// An invented token is a fresh bucket, but the address has 30 a minute: one
	// more every 2 s.
	for n := passed; ; n++ {
		if late := int(time.Since(began)/(2*time.Second)) + 1; n > 30+late {
			t.Fatalf("%d requests with invented tokens pass, want 30", n)
		}
		answers := askAll(servers, sessions(fmt.Sprintf("Authorization: Bearer invented-%d", n)))
		refused := 0
		for i, got := range answers {
			if len(got) != 1 || got[0].status != 401 && got[0].status != 429 {
				t.Fatalf("%s answers an invented token with %v", servers[i].name, got)
			}
			if got[0].status == 429 {
				refused++
			}
		}
		if refused > 0 && n < 30 {
			t.Fatalf("request %d is refused, want 30 to pass", n+1)
		}
		if refused == len(servers) {
			return
		}
	}
}
