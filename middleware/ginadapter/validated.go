package ginadapter

import (
	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/validate"
)

// Validated makes a gin handler of a function that is given the decoded and
// checked request, as [validate.HandlerFunc] does for net/http. Errors of both are
// answered as those of [HandlerFunc]. It panics if f is nil or the tags of T are
// at fault.
//
// For structs that gin has bound so far, make v with the TagName "binding".
func Validated[T any](v *validate.Validator, f func(*gin.Context, T) error) gin.HandlerFunc {
	if f == nil {
		panic("ginadapter: nil handler")
	}
	if err := validate.Check[T](v); err != nil {
		panic(err)
	}
	return HandlerFunc(func(c *gin.Context) error {
		r := routed(c.Request, c)
		in, err := validate.Decode[T](v, c.Writer, r)
		c.Request.MultipartForm = r.MultipartForm
		if err != nil {
			return err
		}
		return f(c, in)
	})
}
