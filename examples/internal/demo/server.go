package demo

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/backstop-go/backstop/requestid"
)

// Main runs a program: it reads the flags, sets the logger, calls app and serves the handler
// of app. It exits with 2 if a flag is wrong, and with 0 after SIGINT or SIGTERM. A program
// may register flags of its own before the call.
func Main(app func(Config) (http.Handler, error)) {
	// Every record with the context of a request has the ID of the request.
	recent := &recentLog{}
	records := slog.NewJSONHandler(io.MultiWriter(os.Stderr, recent), nil)
	slog.SetDefault(slog.New(requestid.NewLogHandler(records)))

	srv, ln, err := prepare(app, recent)
	if errors.Is(err, flag.ErrHelp) {
		flag.CommandLine.SetOutput(os.Stderr)
		flag.PrintDefaults()
		os.Exit(0)
	}
	exitOn(err, 2)
	exitOn(serve(srv, ln), 1)
}

// prepare does everything that may fail because of a wrong flag.
func prepare(app func(Config) (http.Handler, error), recent *recentLog) (*http.Server, net.Listener, error) {
	flag.CommandLine.Init(os.Args[0], flag.ContinueOnError)
	flag.CommandLine.SetOutput(io.Discard) // print one line for a fault, without the usage
	cfg, err := parseFlags(flag.CommandLine, os.Args[1:])
	if err != nil {
		return nil, nil, err
	}
	cfg.log = recent
	handler, err := withStyles(cfg, app)
	if err != nil {
		return nil, nil, err
	}
	ln, err := net.Listen("tcp", cfg.Addr)
	return newServer(handler, cfg.Timeout), ln, err
}

// newServer sets the limits that no middleware can set: for the header, which is read before
// a handler is called, and for idle connections. The other limits are for handlers without
// limits of their own.
func newServer(handler http.Handler, timeout time.Duration) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		MaxHeaderBytes:    32 << 10,
		IdleTimeout:       time.Minute,
		ReadTimeout:       timeout + 10*time.Second,
		WriteTimeout:      timeout + 20*time.Second,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),

		DisableGeneralOptionsHandler: true, // our handler answers "OPTIONS *", too
	}
}

// exitOn ends the program with one line, if there is an error.
func exitOn(err error, status int) {
	if err == nil {
		return
	}
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	fmt.Fprintf(os.Stderr, "%s: %s\n", filepath.Base(os.Args[0]), text)
	os.Exit(status)
}

// serve answers requests until a signal comes, and then finishes the requests in progress.
func serve(srv *http.Server, ln net.Listener) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	announce("http://" + ln.Addr().String())

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop() // a second signal ends the program at once
	ctx, cancel := context.WithTimeout(context.Background(), srv.WriteTimeout)
	defer cancel()
	return srv.Shutdown(ctx)
}

func announce(url string) {
	fmt.Println("listening on " + url)
	fmt.Fprintf(os.Stderr, `open %[1]s/ in a browser, or try:
  curl -i %[1]s/api/v1/auth/register -H 'Content-Type: application/json' -d '{"organizationName":"","email":"ann","password":"short"}'
  curl -i %[1]s/api/v1/resources/550e8400-e29b-41d4-a716-446655440000 -H 'Authorization: Bearer user-token'
  curl -i %[1]s/api/v1/sessions
  curl -i %[1]s/api/v1/faults/panic
  curl -i -X PUT %[1]s/api/v1/users
`, url)
}
