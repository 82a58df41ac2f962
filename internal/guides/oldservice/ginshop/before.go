package ginshop

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// Before returns the service without changes.
func Before() (http.Handler, error) {
	e := gin.New()
	e.Use(gin.Logger(), gin.Recovery())
	e.Use(cors, answerErrors)
	routes(e)
	return e, nil
}

func answerErrors(c *gin.Context) {
	c.Next()
	if len(c.Errors) > 0 && !c.Writer.Written() {
		c.JSON(http.StatusInternalServerError, gin.H{"error": c.Errors.Last().Error()})
	}
}
