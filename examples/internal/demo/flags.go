package demo

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

// Config has the values of the flags, and the name of a service.
type Config struct {
	Addr    string
	Style   problem.Style
	Rate    int                      // requests per minute and client
	Debug   func(*http.Request) bool // nil without -debug
	Timeout time.Duration            // of a handler under /api/

	Name string // of the service, among those of the program

	log *recentLog // nil if no log is kept
}

// parseFlags reads a command line. It never replaces a wrong value by another one: a server
// that runs with other limits than it was given is worse than a server that does not run.
func parseFlags(fs *flag.FlagSet, args []string) (Config, error) {
	var names []string
	for _, s := range styles.All {
		names = append(names, s.Name)
	}
	var cfg Config
	fs.StringVar(&cfg.Addr, "addr", "127.0.0.1:8080", "where to listen; `host:port`, port 0 picks one")
	style := fs.String("style", "entryguard", "error `format`: "+strings.Join(names, " "))
	fs.IntVar(&cfg.Rate, "rate", 60, "requests per minute and client on /api/")
	debug := fs.Bool("debug", false, "show the debug block, which only the style authrim has, to loopback requests with X-Debug: true")
	fs.DurationVar(&cfg.Timeout, "timeout", 2*time.Second, "handler deadline under /api/")
	if err := fs.Parse(args); err != nil {
		return Config{}, err
	}
	if fs.NArg() > 0 {
		return Config{}, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if *debug {
		cfg.Debug = problem.DebugLoopback
	}
	for _, s := range styles.All {
		if s.Name == *style {
			cfg.Style = s
		}
	}
	var faults []error
	if cfg.Style.Name == "" {
		faults = append(faults, fmt.Errorf("-style %q is none of %s", *style, strings.Join(names, " ")))
	}
	if _, port, err := net.SplitHostPort(cfg.Addr); err != nil || port == "" {
		faults = append(faults, fmt.Errorf("-addr %q is no host:port", cfg.Addr))
	}
	if cfg.Rate < 1 {
		faults = append(faults, fmt.Errorf("-rate %d allows nothing", cfg.Rate))
	}
	if cfg.Timeout <= 0 {
		faults = append(faults, fmt.Errorf("-timeout %v leaves no time", cfg.Timeout))
	}
	return cfg, errors.Join(faults...)
}

// Limits returns the rate limit of the API. A client is known by its token, or else by its
// API key, or else by its address. The limiter does not verify the token, so a client could
// invent a new one for each request. Therefore an address has a second limit, which is ten
// times as high.
func (c Config) Limits() ratelimit.Config {
	return ratelimit.Config{
		Rate: ratelimit.PerMinute(c.Rate),
		Key:  ratelimit.First(ratelimit.BearerToken, ratelimit.APIKey("X-API-Key"), ratelimit.RemoteIP),
		Also: []ratelimit.Policy{{
			Name: "address",
			Rate: ratelimit.PerMinute(10 * c.Rate),
			Key:  ratelimit.RemoteIP,
		}},
		Skip: func(r *http.Request) bool { return !inAPI(r) },
	}
}
