package main

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/entryguard"
)

// recoveredInside is a recoverer above a handler that does not panic. Ours
// stands where it always does, beneath a layer that has wrapped the writer.
func recoveredInside() race {
	standard := middleware.Standard(responder())
	return race{
		want: answer{status: 200, body: []string{"ok"}},
		contenders: []contender{
			{by: "backstop", above: "Standard", handler: standard(middleware.Recover()(ok))},
			{by: "Standard", handler: standard(ok)},
			{by: "bare", handler: ok},
			{by: "chi", above: "bare", handler: chimiddleware.Recoverer(ok)},
			{by: "gorilla", above: "bare", handler: handlers.RecoveryHandler()(ok)},
			{by: "gin-bare", handler: ginWith(ok)},
			{by: "gin", above: "gin-bare", handler: ginWith(ok, gin.RecoveryWithWriter(io.Discard))},
			{by: "echo-bare", handler: echoWith(ok)},
			{by: "echo", above: "echo-bare", handler: echoWith(ok, echomiddleware.Recover())},
		},
	}
}

// panicked is a handler that panics. All log the stack; the peers answer
// without a body.
func panicked() race { return panickedTo(io.Discard) }

func panickedTo(out io.Writer) race {
	errs := problem.New(problem.Config{
		Style:  entryguard.Style,
		Logger: slog.New(slog.NewTextHandler(out, nil)),
	})
	envelope := answer{body: []string{`"status":500`}}
	return race{
		want: answer{status: 500},
		contenders: []contender{
			// Recover makes ten stacks a second readable, so here is a new one for
			// each request. What it costs to make one does not count.
			{by: "backstop", want: envelope, above: "Recover-made", handler: errs.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				middleware.Recover()(panics).ServeHTTP(w, r)
			}))},
			{by: "Recover-made", want: answer{status: 200}, handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				middleware.Recover()(panics)
			})},
			{by: "backstop-flood", want: envelope, handler: errs.Handler(middleware.Recover()(panics)), less: "ten stacks a second"},
			{by: "chi", handler: chiLogged(out, chimiddleware.Recoverer(panics)), less: "no body"},
			{by: "gorilla", handler: handlers.RecoveryHandler(
				handlers.RecoveryLogger(log.New(out, "", 0)), handlers.PrintRecoveryStack(true))(panics), less: "no body"},
			{by: "gin-bare", want: answer{status: 200}, handler: ginWith(ok)},
			{by: "gin", above: "gin-bare", handler: ginWith(panics, gin.RecoveryWithWriter(out)), less: "no body"},
			{by: "echo-bare", want: answer{status: 200}, handler: echoWith(ok)},
			{by: "echo", above: "echo-bare", handler: echoLogged(out, echoWith(panics, echomiddleware.Recover()))},
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
