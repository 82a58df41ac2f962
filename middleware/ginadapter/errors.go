package ginadapter

import (
	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/problem"
)

// HandlerFunc makes a gin handler of a function that may fail. The error that it
// returns is answered by problem.Respond, added to c.Errors, and ends gin's
// chain.
func HandlerFunc(f func(*gin.Context) error) gin.HandlerFunc {
	if f == nil {
		panic("ginadapter: nil handler")
	}
	return func(c *gin.Context) {
		err := f(c)
		if e, ok := err.(*problem.Error); err == nil || ok && e == nil {
			return
		}
		c.Abort()
		c.Error(err)
		respond(c, err)
	}
}

// Errors returns a middleware for handlers that report with c.Error and return:
// it answers the last error of c.Errors if nothing was written. Statuses that
// were committed to, as by c.AbortWithError, are middleware.Rewrite's.
func Errors() gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Next()
		if last := c.Errors.Last(); last != nil && !c.Writer.Written() {
			respond(c, last.Err)
		}
	}
}

func respond(c *gin.Context, err error) {
	problem.Respond(c.Writer, c.Request, err)
}
