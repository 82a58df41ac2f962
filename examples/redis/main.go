// Command redis serves the demo API with limits that all its processes share:
//
//	go run . -addr 127.0.0.1:8081 -rate 5 -redis redis://127.0.0.1:6379
//	go run . -addr 127.0.0.1:8082 -rate 5 -redis redis://127.0.0.1:6379
//
// Send requests to both: together they accept five a minute. Then stop Redis: each process
// goes on with limits of its own, and logs that.
package main

import (
	"errors"
	"flag"
	"net/http"

	"github.com/redis/rueidis"

	"github.com/backstop-go/backstop/examples/internal/demo"
	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/ratelimit/redisstore"
	"github.com/backstop-go/backstop/ratelimit/redisstore/rueidisadapter"
	"github.com/backstop-go/backstop/validate"
)

var redisURL = flag.String("redis", "redis://127.0.0.1:6379", "`URL` of the Redis server that keeps the limits")

func main() { demo.Main(app) }

func app(cfg demo.Config) (http.Handler, error) {
	errs := problem.New(problem.Config{Style: cfg.Style, Debug: cfg.Debug})
	store, err := newStore(*redisURL)
	if err != nil {
		return nil, err
	}
	limits := cfg.Limits()
	limits.Name, limits.Store = cfg.Name, store // limits with the same name are shared
	limit, err := ratelimit.New(limits)
	if err != nil {
		return nil, err
	}
	v, err := validate.New(validate.Config{ReadTimeout: cfg.Timeout / 2})
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	for _, route := range demo.Routes(cfg, errs, v) {
		mux.Handle(route.Method+" "+route.Pattern, route.Handler)
	}
	return middleware.Chain(
		middleware.Observe(demo.LogAccess),               // logs every request, however it ends
		middleware.Standard(errs),                        // request ID, envelope, panics, plain-text errors
		middleware.Timeout(cfg.Timeout, demo.NoDeadline), // an expired deadline is a 504
		limit.Handler,   // too many requests are a 429
		demo.PlainPaths, // a path such as "//x" is a 404
	)(mux), nil
}

// newStore does not connect, so the demo starts and limits requests even without Redis.
func newStore(url string) (*redisstore.Store, error) {
	option, err := rueidis.ParseURL(url)
	if err != nil {
		// The error may quote the URL, and with it a password.
		return nil, errors.New("-redis is no URL such as redis://:password@127.0.0.1:6379/0")
	}
	client, err := rueidisadapter.New(option)
	if err != nil {
		return nil, err
	}
	return redisstore.New(redisstore.Config{Client: client, Nodes: 2})
}
