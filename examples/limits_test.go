package examples_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/backstop-go/backstop/internal/questions"
)

// TestAClientHasItsRateAndAnAddressTenTimesThat plays three clients and then many invented
// tokens. The rate is 3 a minute.
func TestAClientHasItsRateAndAnAddressTenTimesThat(t *testing.T) {
	began := time.Now()
	servers := questions.StartAll(t, "-rate", "3", "-style", "authrim")
	sessions := func(header ...string) questions.Call {
		return questions.Call{Method: "GET", Target: "/api/v1/sessions", Header: header}
	}
	key := questions.Call{Method: "GET", Target: "/api/v1/search?q=prod", Header: []string{"X-API-Key: k1"}}
	open := questions.Call{Method: "GET", Target: "/api/v1/search?q=prod"}
	outsider := questions.Call{Method: "GET", Target: "/nope"}
	health := questions.Call{Method: "GET", Target: "/healthz"}
	passed := 0
	for step, c := range []struct {
		questions.Call
		status    int
		remaining string
	}{
		{sessions(questions.User), 200, "2"},
		{sessions(questions.User), 200, "1"},
		{sessions(questions.User), 200, "0"},
		{sessions(questions.User), 429, "0"},
		{sessions(questions.User), 429, "0"},  // a refusal changes nothing
		{sessions(questions.Admin), 200, "2"}, // clients are independent
		{key, 200, "2"},
		{key, 200, "1"},
		{key, 200, "0"},
		{key, 429, "0"},
		{open, 200, "2"}, // without a token the address is the client
		// an unknown path counts, too
		{questions.Call{Method: "GET", Target: "/api/nope"}, 404, "1"},
		{questions.Call{Method: "PUT", Target: "/api/v1/users"}, 405, "0"},
		{questions.Call{Method: "GET", Target: "/api/nope"}, 429, "0"},
		{health, 200, ""},
		{outsider, 404, ""},
	} {
		if c.status != 429 && c.remaining != "" {
			passed++
		}
		for i, got := range askAll(servers, c.Call) {
			name := servers[i].Name
			if len(got) != 1 || got[0].Status != c.status {
				t.Errorf("%s at step %d answers %v, want %d", name, step, got, c.status)
				continue
			}
			if remaining := got[0].Number("X-RateLimit-Remaining"); remaining != c.remaining {
				t.Errorf("%s at step %d has %q remaining, want %q", name, step, remaining, c.remaining)
			}
			retry := got[0].Number("Retry-After")
			if c.status != 429 && retry != "" {
				t.Errorf("%s at step %d has Retry-After %s beside %d", name, step, retry, c.status)
			}
			// At 3 a minute a request is possible every 20 s.
			if n, err := strconv.Atoi(retry); c.status == 429 && (err != nil || n < 1 || n > 20) {
				t.Errorf("%s at step %d has Retry-After %q, want 1 to 20", name, step, retry)
			}
		}
	}

	// An invented token has a full bucket, but its address has 30 a minute, and one more
	// every 2 s.
	for n := passed; ; n++ {
		if late := int(time.Since(began)/(2*time.Second)) + 1; n > 30+late {
			t.Fatalf("%d requests with invented tokens pass, want 30", n)
		}
		answers := askAll(servers, sessions(fmt.Sprintf("Authorization: Bearer invented-%d", n)))
		refused := 0
		for i, got := range answers {
			if len(got) != 1 || got[0].Status != 401 && got[0].Status != 429 {
				t.Fatalf("%s answers an invented token with %v", servers[i].Name, got)
			}
			if got[0].Status == 429 {
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
