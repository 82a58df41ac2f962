package redisstore_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/internal/redistest"
)

// What a request turns out to have cost is owed by the next one, in Redis and in
// what stands in for it.
func TestAChargeIsOwedByTheNextRequest(t *testing.T) {
	for name, rate := range rates(60, time.Minute) {
		for _, redis := range []bool{true, false} {
			t.Run(name+", Redis "+strconv.FormatBool(redis), func(t *testing.T) {
				cfg := redisstore.Config{Client: &server{fate: down}, OnDegraded: func(bool, error) {}}
				if redis {
					cfg = redisstore.Config{Client: &client{addr: redistest.Start(t).Addr}, Timeout: patient}
				}
				limit, err := ratelimit.New(ratelimit.Config{Name: "api", Rate: rate, Key: ratelimit.Global, Store: newStore(t, cfg)})
				if err != nil {
					t.Fatal(err)
				}
				h := limit.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					if err := limit.Charge(r, 600); err != nil {
						t.Errorf("Charge = %v", err)
					}
				}))
				first, second := httptest.NewRecorder(), httptest.NewRecorder()
				h.ServeHTTP(first, httptest.NewRequest("GET", "/", nil))
				h.ServeHTTP(second, httptest.NewRequest("GET", "/", nil))
				after, err := strconv.Atoi(second.Header().Get("Retry-After"))
				if first.Code != http.StatusOK || second.Code != http.StatusTooManyRequests || err != nil {
					t.Fatalf("the requests = %d and %d with Retry-After %q, want 200 and 429", first.Code, second.Code, second.Header().Get("Retry-After"))
				}
				// 601 units are owed, and 59 may be.
				if after < 530 || after > 543 {
					t.Errorf("Retry-After = %d, want 542, or a few less on a busy machine", after)
				}
			})
		}
	}
}
