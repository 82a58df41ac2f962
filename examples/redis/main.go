// Command redis serves the demo API with limits that all its processes share:
//
//	go run . -addr 127.0.0.1:8081 -rate 5 -redis redis://127.0.0.1:6379
//	go run . -addr 127.0.0.1:8082 -rate 5 -redis redis://127.0.0.1:6379
//
// Ask them in turn: five requests pass, whichever they go to. Then stop Redis:
// each process goes on by itself, and says so in its log.
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
	limits.Name, limits.Store = cfg.Name, store // whoever uses the same name shares the limit
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
		middleware.Observe(demo.LogAccess),               // sees how everything ends
		middleware.Standard(errs),                        // request ID, envelope, panics, plain-text errors
		middleware.Timeout(cfg.Timeout, demo.NoDeadline), // a handler that is late has failed
		limit.Handler,   // too fast is a 429
		demo.PlainPaths, // "//x" is nobody's path
	)(mux), nil
}

// newStore makes no connection: the demo starts, and limits, without Redis too.
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
