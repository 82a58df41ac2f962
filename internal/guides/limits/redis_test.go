package limits_test

import (
	"fmt"
	"log"
	"log/slog"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/goredisadapter"
	"github.com/backstop-go/backstop/ratelimit/redisstore/rueidisadapter"
)

func shared(url string) (*ratelimit.Limiter, error) {
	option, err := rueidis.ParseURL(url) // redis://redis.internal:6379
	if err != nil {
		return nil, err
	}
	client, err := rueidisadapter.New(option)
	if err != nil {
		return nil, err
	}
	store, err := redisstore.New(redisstore.Config{Client: client, Nodes: 3, OnDegraded: tell})
	if err != nil {
		return nil, err
	}
	return ratelimit.New(ratelimit.Config{
		Name:  "api",
		Rate:  ratelimit.PerMinute(60),
		Key:   ratelimit.BearerToken,
		Store: store,
	})
}

func tell(degraded bool, err error) {
	slog.Warn("rate limits", "degraded", degraded, "error", err)
}

func sentinel() (*rueidisadapter.Client, error) {
	return rueidisadapter.New(rueidis.ClientOption{
		InitAddress: []string{"sentinel-0:26379", "sentinel-1:26379", "sentinel-2:26379"},
		Sentinel:    rueidis.SentinelOption{MasterSet: "limits"},
	})
}

func cluster() (*rueidisadapter.Client, error) {
	return rueidisadapter.NewCluster(rueidis.ClientOption{InitAddress: []string{"redis-0:6379", "redis-1:6379"}})
}

func ofGoRedis() (*goredisadapter.Client, error) {
	rdb := redis.NewClient(&redis.Options{
		Addr:                  "redis.internal:6379",
		ContextTimeoutEnabled: true,
		MaxRetries:            -1,
		DialerRetries:         1,
	})
	return goredisadapter.New(rdb)
}

// The constructors do not call Redis, so this example needs no server.
func Example_redis() {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	limit, err := shared("redis://127.0.0.1:1")
	if err != nil {
		log.Fatal(err)
	}
	send(limit.Handler(notes), "GET", "/notes", bearer("ann"))
	for _, client := range []func() (redisstore.Client, error){
		func() (redisstore.Client, error) { return sentinel() },
		func() (redisstore.Client, error) { return cluster() },
		func() (redisstore.Client, error) { return ofGoRedis() },
	} {
		_, err := client()
		fmt.Println(err)
	}
	// Output:
	// 200, X-RateLimit-Limit: 60, X-RateLimit-Remaining: 19
	// <nil>
	// <nil>
	// <nil>
}

func Example_redisIsDown() {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	option, err := rueidis.ParseURL("redis://127.0.0.1:1") // nobody listens there
	if err != nil {
		log.Fatal(err)
	}
	client, err := rueidisadapter.New(option)
	if err != nil {
		log.Fatal(err)
	}
	for _, mode := range []redisstore.Mode{redisstore.FailLocal, redisstore.FailOpen, redisstore.FailClosed} {
		store, err := redisstore.New(redisstore.Config{Client: client, Nodes: 3, Mode: mode})
		if err != nil {
			log.Fatal(err)
		}
		limit, err := ratelimit.New(ratelimit.Config{
			Name: "api", Rate: ratelimit.PerMinute(60), Key: ratelimit.BearerToken, Store: store,
		})
		if err != nil {
			log.Fatal(err)
		}
		send(limit.Handler(notes), "GET", "/notes", bearer("ann"))
	}
	// Output:
	// 200, X-RateLimit-Limit: 60, X-RateLimit-Remaining: 19
	// 200
	// 503, Retry-After: 1
}
