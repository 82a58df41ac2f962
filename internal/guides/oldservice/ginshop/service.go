// Package ginshop is a service on gin: a JSON API with an error middleware, a
// catch-all for the preflights of browsers, and the page of a single-page
// application on every other path.
package ginshop

import (
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

//go:embed web
var web embed.FS

var errNoDatabase = errors.New("dial tcp 10.1.2.3:5432: connection refused")

func routes(e *gin.Engine) {
	assets, _ := fs.Sub(web, "web")
	e.StaticFS("/assets", http.FS(assets))
	e.NoRoute(index)
	e.OPTIONS("/*any", func(c *gin.Context) { c.Status(http.StatusNoContent) }) // preflights

	api := e.Group("/api")
	api.GET("/items/:id", item)
	api.POST("/items", create)
	api.GET("/stock", stock)
	api.GET("/prices", prices)
}

// index is the page of the application, which reads its path in the browser.
func index(c *gin.Context) {
	if strings.HasPrefix(c.Request.URL.Path, "/api/") {
		c.AbortWithStatus(http.StatusNotFound)
		return
	}
	page, _ := web.ReadFile("web/shop.html")
	c.Data(http.StatusOK, "text/html; charset=utf-8", page)
}

func item(c *gin.Context) {
	if c.Param("id") != "1" {
		c.JSON(http.StatusNotFound, gin.H{"error": "no such item"})
		return
	}
	c.JSON(http.StatusOK, gin.H{"id": "1", "name": "Lamp"})
}

func create(c *gin.Context) {
	var in struct {
		Name string `json:"name" binding:"required"`
	}
	if err := c.ShouldBindJSON(&in); err != nil {
		c.String(http.StatusBadRequest, err.Error())
		return
	}
	c.JSON(http.StatusCreated, gin.H{"id": "2", "name": in.Name})
}

func stock(c *gin.Context) { c.Error(errNoDatabase) }

func prices(*gin.Context) { panic("no prices today") }

// cors allows a browser on another site to read the answers.
func cors(c *gin.Context) {
	c.Header("Access-Control-Allow-Origin", "https://shop.example.com")
}
