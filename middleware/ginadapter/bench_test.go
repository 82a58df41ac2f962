package ginadapter_test

import (
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
)

func BenchmarkWrap(b *testing.B) {
	for name, use := range map[string][]gin.HandlerFunc{
		"nothing":  nil,
		"no-op":    {ginadapter.Wrap(through)},
		"Standard": {ginadapter.Wrap(middleware.Standard(quiet()))},
	} {
		b.Run(name, func(b *testing.B) {
			e := gin.New()
			e.Use(use...)
			e.GET("/x/:id", func(*gin.Context) {})
			r, w := httptest.NewRequest("GET", "/x/1", nil), httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				e.ServeHTTP(w, r)
			}
		})
	}
}
