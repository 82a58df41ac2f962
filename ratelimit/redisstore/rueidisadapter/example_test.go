package rueidisadapter_test

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/rueidisadapter"
)

// A service starts, and limits, while Redis is down.
func ExampleNew() {
	option, err := rueidis.ParseURL("redis://localhost:1") // nobody is there
	if err != nil {
		panic(err)
	}
	client, err := rueidisadapter.New(option)
	if err != nil {
		panic(err)
	}
	defer client.Close()
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
