package main

import (
	"io"

	ginrequestid "github.com/gin-contrib/requestid"
	"github.com/gin-gonic/gin"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	echomiddleware "github.com/labstack/echo/v4/middleware"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
)

// standard is a request ID and a net under panics, which is what the peers have
// of it: none of them renders an envelope or knows a half-sent answer.
func standard() race {
	errs := responder()
	sent := answer{header: []string{"X-Request-Id"}}
	const fewer = "no envelope"
	return race{
		want: answer{status: 200, body: []string{"ok"}},
		contenders: []contender{
			{by: "backstop", want: sent, handler: middleware.Standard(errs)(ok)},
			{by: "chi", handler: chimiddleware.RequestID(chimiddleware.Recoverer(ok)), less: "sends no ID, no envelope"},
			{by: "gin-bare", handler: ginWith(ok)},
			{by: "gin+backstop", want: sent, above: "gin-bare", handler: ginWith(ok, ginadapter.Wrap(middleware.Standard(errs)))},
			{
				by: "gin", want: sent, above: "gin-bare", less: fewer,
				handler: ginWith(ok, ginrequestid.New(), gin.RecoveryWithWriter(io.Discard)),
			},
			{by: "echo-bare", handler: echoWith(ok)},
			{
				by: "echo", want: sent, above: "echo-bare", less: fewer,
				handler: echoWith(ok, echomiddleware.RequestID(), echomiddleware.Recover()),
			},
		},
	}
}
