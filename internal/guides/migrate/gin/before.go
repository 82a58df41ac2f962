// Package gin is a handler that binds a body as gin does, and ours in its place.
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

// Before has an ID of gin-contrib, and binds as gin does.
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
