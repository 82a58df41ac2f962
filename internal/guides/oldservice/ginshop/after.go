package ginshop

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/problem"
)

// After returns the service inside the middlewares of this module.
func After() (http.Handler, error) {
	errs := problem.New(problem.Config{})
	e := gin.New()
	e.Use(gin.Logger())
	ginadapter.Install(e, middleware.Standard(errs))
	e.Use(cors, ginadapter.Errors())
	routes(e)
	return e, nil
}
