package redisstore_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
)

// unplugged is a client of a server that does not answer.
type unplugged struct{}

func (unplugged) Eval(context.Context, string, string, []string, []int64) ([]int64, error) {
	return nil, errors.New("no route to host")
}

// Without Redis, each of four processes admits a quarter.
func ExampleNew() {
	store, err := redisstore.New(redisstore.Config{
		Client: unplugged{}, // see rueidisadapter and goredisadapter
		Nodes:  4,
		OnDegraded: func(degraded bool, err error) {
			fmt.Println("degraded:", degraded)
		},
	})
	if err != nil {
		panic(err)
	}
	limits := []ratelimit.Limit{{Policy: "api", Key: "ann", Rate: ratelimit.PerMinute(24), Cost: 1}}
	states := make([]ratelimit.State, 1)
	for range 7 {
		if err := store.Take(context.Background(), limits, states); err != nil {
			panic(err)
		}
		fmt.Println(states[0].Allowed, states[0].Remaining)
	}
	// Output:
	// true 5
	// true 4
	// true 3
	// true 2
	// degraded: true
	// true 1
	// true 0
	// false 0
}
