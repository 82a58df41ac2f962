package gin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

// After uses the same struct with the same tags.
func After() (http.Handler, error) {
	v, err := validate.New(validate.Config{TagName: "binding"})
	if err != nil {
		return nil, err
	}
	errs := problem.New(problem.Config{})
	e := gin.New()
	ginadapter.Install(e, middleware.Standard(errs))
	e.POST("/items", ginadapter.Validated(v, func(c *gin.Context, in item) error {
		c.JSON(http.StatusCreated, in)
		return nil
	}))
	return e, nil
}
