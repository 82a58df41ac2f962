package ginadapter

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/internal/exchange"
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
	problem.Respond(target(c.Writer), c.Request, err)
}

// target returns the writer to answer on: w, but the recorder beneath if w
// believes to have written what the recorder has kept, for then it would refuse
// a new status.
func target(w gin.ResponseWriter) http.ResponseWriter {
	if !w.Written() {
		return w
	}
	var inner http.ResponseWriter = w
	for exchange.Top(inner) == nil {
		u, ok := inner.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		inner = u.Unwrap()
	}
	return inner
}
