package bench_test

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/entryguard"
)

func BenchmarkRecover(b *testing.B)       { recovered().run(b) }
func BenchmarkRecoverInside(b *testing.B) { recoveredInside().run(b) }
func BenchmarkPanic(b *testing.B)         { panicked(io.Discard).run(b) }

// recovered is a handler that does not panic.
func recovered() race {
	return race{
		name: "Recover",
		want: answer{status: 200, body: []string{"ok"}},
		contenders: []contender{
			{by: "bare", handler: ok},
			{by: "backstop", handler: middleware.Recover()(ok)},
			{by: "chi", handler: chimiddleware.Recoverer(ok)},
			{by: "gorilla", handler: handlers.RecoveryHandler()(ok)},
			{by: "gin-bare", handler: ginWith(ok)},
			{by: "gin", handler: ginWith(ok, gin.RecoveryWithWriter(io.Discard))},
			{by: "echo-bare", handler: echoWith(ok)},
			{by: "echo", handler: echoWith(ok, echomiddleware.Recover())},
		},
	}
}

// recoveredInside is the same where another layer has wrapped the writer.
func recoveredInside() race {
	errs := problem.New(problem.Config{Style: entryguard.Style, Logger: silent})
	return race{
		name: "RecoverInside",
		want: answer{status: 200, body: []string{"ok"}},
		contenders: []contender{
			{by: "without", handler: errs.Handler(ok)},
			{by: "backstop", handler: errs.Handler(middleware.Recover()(ok))},
		},
	}
}

// panicked is a handler that panics. All log the stack; the peers answer
// without a body.
func panicked(out io.Writer) race {
	errs := problem.New(problem.Config{
		Style:  entryguard.Style,
		Logger: slog.New(slog.NewTextHandler(out, nil)),
	})
	envelope := answer{body: []string{`"status":500`}}
	return race{
		name: "Panic",
		want: answer{status: 500},
		contenders: []contender{
			// Recover makes ten stacks a second readable, so here is a new one
			// for each request.
			{by: "backstop", want: envelope, handler: errs.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				middleware.Recover()(panics).ServeHTTP(w, r)
			}))},
			{by: "backstop-flood", want: envelope, handler: errs.Handler(middleware.Recover()(panics))},
			{by: "chi", handler: chiLogged(out, chimiddleware.Recoverer(panics))},
			{by: "gorilla", handler: handlers.RecoveryHandler(
				handlers.RecoveryLogger(log.New(out, "", 0)), handlers.PrintRecoveryStack(true))(panics)},
			{by: "gin", handler: ginWith(panics, gin.RecoveryWithWriter(out))},
			{by: "echo", handler: echoLogged(out, echoWith(panics, echomiddleware.Recover()))},
		},
	}
}

// panics stands a few calls deep, as handlers do.
var panics = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { find(3) })

func find(depth int) {
	if depth == 0 {
		panic("no such row")
	}
	find(depth - 1)
}

// chiLogged gives chi a log entry, without which it writes to standard error,
// and in colours.
func chiLogged(out io.Writer, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, chimiddleware.WithLogEntry(r, chiEntry{out: out}))
	})
}

type chiEntry struct {
	chimiddleware.LogEntry // nil: nothing else is called

	out io.Writer
}

func (e chiEntry) Panic(v any, stack []byte) { fmt.Fprintf(e.out, "panic: %v\n%s", v, stack) }

func ginWith(h http.Handler, middlewares ...gin.HandlerFunc) http.Handler {
	e := gin.New()
	e.Use(middlewares...)
	e.GET("/", func(c *gin.Context) { h.ServeHTTP(c.Writer, c.Request) })
	return e
}

func echoWith(h http.Handler, middlewares ...echo.MiddlewareFunc) *echo.Echo {
	e := echo.New()
	e.Use(middlewares...)
	e.GET("/", func(c echo.Context) error {
		h.ServeHTTP(c.Response(), c.Request())
		return nil
	})
	return e
}

func echoLogged(out io.Writer, e *echo.Echo) http.Handler {
	e.Logger.SetOutput(out)
	return e
}
