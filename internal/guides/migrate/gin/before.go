// Package gin shows a handler of gin that binds a body, and the same handler with this module.
package gin

import (
	"net/http"

	"github.com/gin-contrib/requestid"
	"github.com/gin-gonic/gin"
)

type item struct {
	Name  string `json:"name" binding:"required,max=20"`
	Price int    `json:"price" binding:"required,gt=0"`
}

// Before uses the request ID of gin-contrib and the binding of gin.
func Before() (http.Handler, error) {
	e := gin.New()
	e.Use(requestid.New(), gin.Recovery())
	e.POST("/items", func(c *gin.Context) {
		var in item
		if err := c.ShouldBindJSON(&in); err != nil {
			c.JSON(http.StatusBadRequest, gin.H{"error": err.Error()})
			return
		}
		c.JSON(http.StatusCreated, in)
	})
	return e, nil
}
