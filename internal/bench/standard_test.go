package bench_test

import (
	"io"
	"testing"

	ginrequestid "github.com/gin-contrib/requestid"
	"github.com/gin-gonic/gin"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	echomiddleware "github.com/labstack/echo/v4/middleware"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/entryguard"
)

func BenchmarkStandard(b *testing.B) { standard().run(b) }

// standard is a request ID and a net under panics, which is what the peers have
// of it: none of them renders an envelope or knows a half-sent answer.
func standard() race {
	errs := problem.New(problem.Config{Style: entryguard.Style, Logger: silent})
	sent := answer{header: []string{"X-Request-Id"}}
	return race{
		name: "Standard",
		want: answer{status: 200, body: []string{"ok"}},
		contenders: []contender{
			{by: "bare", handler: ok},
			{by: "backstop", want: sent, handler: middleware.Standard(errs)(ok)},
			{by: "chi", handler: chimiddleware.RequestID(chimiddleware.Recoverer(ok))},
			{by: "gin-bare", handler: ginWith(ok)},
			{by: "gin", want: sent, handler: ginWith(ok, ginrequestid.New(), gin.RecoveryWithWriter(io.Discard))},
			{by: "gin+backstop", want: sent, handler: ginWith(ok, ginadapter.Wrap(middleware.Standard(errs)))},
			{by: "echo-bare", handler: echoWith(ok)},
			{by: "echo", want: sent, handler: echoWith(ok, echomiddleware.RequestID(), echomiddleware.Recover())},
		},
	}
}
