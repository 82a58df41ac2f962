package goredisadapter_test

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/goredisadapter"
)

// A service starts, and limits, while Redis is down.
func ExampleNew() {
	rdb := redis.NewClient(&redis.Options{
		Addr:                  "localhost:1", // nobody is there
		ContextTimeoutEnabled: true,
		MaxRetries:            -1,
		DialerRetries:         1,
	})
	defer rdb.Close()
	client, err := goredisadapter.New(rdb)
	if err != nil {
		panic(err)
	}
	store, err := redisstore.New(redisstore.Config{Client: client})
	if err != nil {
		panic(err)
	}
	limits := []ratelimit.Limit{{Policy: "api", Key: "ann", Rate: ratelimit.PerMinute(60), Cost: 1}}
	states := make([]ratelimit.State, 1)
	if err := store.Take(context.Background(), limits, states); err != nil {
		panic(err)
	}
	fmt.Println("allowed:", states[0].Allowed)
	fmt.Println("degraded:", states[0].Degraded)
	// Output:
	// allowed: true
	// degraded: true
}
