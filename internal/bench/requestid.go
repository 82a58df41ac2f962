package main

import (
	"context"
	"net/http"

	ginrequestid "github.com/gin-contrib/requestid"
	"github.com/gin-gonic/gin"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"

	"github.com/backstop-go/backstop/requestid"
)

// identified gives a request an ID, which the handler reads. Of the libraries
// only those of gin and echo send it to the client, and only chi's is in the
// context.
func identified() race {
	sent := answer{header: []string{"X-Request-Id"}}
	return race{
		want: answer{status: 200},
		contenders: []contender{
			{by: "backstop", want: sent, handler: must(requestid.New(requestid.Config{})).Handler(reads(requestid.FromContext))},
			{by: "by hand", want: sent, handler: idByHand(reads(func(ctx context.Context) string {
				id, _ := ctx.Value(idKey{}).(string)
				return id
			}))},
			{by: "chi", handler: chimiddleware.RequestID(reads(chimiddleware.GetReqID)), less: "sends no ID"},
			{by: "gin-bare", handler: ginWith(ok)},
			{by: "gin", want: sent, above: "gin-bare", handler: idByGin(), less: "no ID in the context"},
			{by: "echo-bare", handler: echoWith(ok)},
			{by: "echo", want: sent, above: "echo-bare", handler: idByEcho(), less: "no ID in the context"},
		},
	}
}

// reads answers 500 if there is no ID.
func reads(id func(context.Context) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id(r.Context()) == "" {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		ok.ServeHTTP(w, r)
	})
}

type idKey struct{}

func idByHand(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := uuid.NewString()
		w.Header().Set("X-Request-ID", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), idKey{}, id)))
	})
}

func idByGin() http.Handler {
	e := gin.New()
	e.Use(ginrequestid.New())
	e.GET("/", func(c *gin.Context) {
		if ginrequestid.Get(c) == "" {
			c.Status(http.StatusInternalServerError)
			return
		}
		ok.ServeHTTP(c.Writer, c.Request)
	})
	return e
}

func idByEcho() http.Handler {
	e := echo.New()
	e.Use(echomiddleware.RequestID())
	e.GET("/", func(c echo.Context) error {
		if c.Response().Header().Get(echo.HeaderXRequestID) == "" {
			return echo.ErrInternalServerError
		}
		ok.ServeHTTP(c.Response(), c.Request())
		return nil
	})
	return e
}
