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

// Main runs a program: flags, logger, the handler that app makes, server. It
// exits with 2 if a flag is wrong and with 0 after SIGINT or SIGTERM. Flags of
// the program's own are registered before the call, in the usual way.
func Main(app func(Config) (http.Handler, error)) {
	// Every record below a request names its ID, whoever writes it.
	slog.SetDefault(slog.New(requestid.NewLogHandler(slog.NewJSONHandler(os.Stderr, nil))))

	ln, handler, err := prepare(app)
	if errors.Is(err, flag.ErrHelp) {
		flag.CommandLine.SetOutput(os.Stderr)
		flag.PrintDefaults()
		os.Exit(0)
	}
	exitOn(err, 2)
	exitOn(serve(ln, handler), 1)
}

// prepare does whatever a wrong flag can make fail.
func prepare(app func(Config) (http.Handler, error)) (net.Listener, http.Handler, error) {
	name := filepath.Base(os.Args[0])
	flag.CommandLine.Init(name, flag.ContinueOnError)
	flag.CommandLine.SetOutput(io.Discard) // one line says what is wrong, not the manual
	cfg, err := parseFlags(flag.CommandLine, os.Args[1:])
	if err != nil {
		return nil, nil, err
	}
	handler, err := app(cfg)
	if err != nil {
		return nil, nil, err
	}
	ln, err := net.Listen("tcp", cfg.Addr)
	return ln, handler, err
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

// serve answers requests until a signal comes.
func serve(ln net.Listener, handler http.Handler) error {
	srv := &http.Server{
		Handler: handler,

		// A middleware sees a request only after its header has come, so the
		// header has to be bounded here, in time and in size.
		ReadHeaderTimeout: 5 * time.Second,
		MaxHeaderBytes:    32 << 10,

		ReadTimeout:  15 * time.Second,
		WriteTimeout: 30 * time.Second,
		IdleTimeout:  time.Minute,

		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
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
	stop() // a second signal does not wait
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return srv.Shutdown(ctx)
}

func announce(url string) {
	fmt.Println("listening on " + url)
	fmt.Fprintf(os.Stderr, `try:
  curl -i %[1]s/api/v1/auth/register -H 'Content-Type: application/json' -d '{"organizationName":"","email":"ann","password":"short"}'
  curl -i %[1]s/api/v1/resources/550e8400-e29b-41d4-a716-446655440000 -H 'Authorization: Bearer user-token'
  curl -i %[1]s/api/v1/sessions
  curl -i %[1]s/api/v1/faults/panic
  curl -i -X PUT %[1]s/api/v1/users
`, url)
}
