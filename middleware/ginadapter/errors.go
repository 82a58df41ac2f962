package ginadapter

import (
	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// HandlerFunc makes a gin handler of a function that may fail. The error that it
// returns is answered by [problem.Respond], added to c.Errors, and ends gin's
// chain. The handler panics on an engine without [Install] or [Wrap].
func HandlerFunc(f func(*gin.Context) error) gin.HandlerFunc {
	if f == nil {
		panic("ginadapter: nil handler")
	}
	return func(c *gin.Context) {
		mustBeWithin(c)
		err := f(c)
		if e, ok := err.(*problem.Error); err == nil || ok && e == nil {
			return
		}
		refuse(c, err)
	}
}

// Errors returns a middleware for handlers that report with c.Error alone and
// return: it answers the last error of c.Errors if nothing was written. Handlers
// that say a status as well, as c.AbortWithError does, do not need it. The
// middleware panics on an engine without [Install] or [Wrap].
func Errors() gin.HandlerFunc {
	return func(c *gin.Context) {
		mustBeWithin(c)
		c.Next()
		if last := c.Errors.Last(); last != nil && !c.Writer.Written() {
			problem.Respond(c.Writer, c.Request, last.Err)
		}
	}
}

// mustBeWithin panics in an engine that none of our middlewares runs in: its
// errors would have neither the envelope that was promised nor an ID.
func mustBeWithin(c *gin.Context) {
	if exchange.From(c.Request.Context()) == nil {
		panic("ginadapter: a handler of this package runs on an engine without its middlewares: call ginadapter.Install(engine, middleware.Standard(errs)) before the first route")
	}
}

// refuse answers with an error, and ends gin's chain.
func refuse(c *gin.Context, err error) {
	c.Abort()
	c.Error(err)
	problem.Respond(c.Writer, c.Request, err)
}
