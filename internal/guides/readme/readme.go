// Package readme is the code in the README about routers: one endpoint of an imaginary service, on
// each router.
package readme

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v5"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/echoadapter"
	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/validate"
)

type note struct {
	Text string `json:"text" validate:"required,max=200"`
}

func createNote(w http.ResponseWriter, r *http.Request, in note) error {
	if in.Text == "Buy milk" {
		return problem.Conflict.New("This note is there already")
	}
	w.WriteHeader(http.StatusCreated)
	return nil
}

func onChi(errs *problem.Responder, limit *ratelimit.Limiter) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.Standard(errs), limit.Handler)
	r.Method("POST", "/notes", validate.HandlerFunc(nil, createNote))
	return r
}

func onGin(errs *problem.Responder, limit *ratelimit.Limiter) http.Handler {
	e := gin.New()
	ginadapter.Install(e, middleware.Standard(errs), limit.Handler) // before the first route
	e.POST("/notes", ginadapter.Validated(nil, createGinNote))      // func(*gin.Context, note) error
	return e
}

func createGinNote(c *gin.Context, in note) error { return createNote(c.Writer, c.Request, in) }

func onEcho(errs *problem.Responder, limit *ratelimit.Limiter) http.Handler {
	e := echo.New()
	echoadapter.Install(e, middleware.Standard(errs), limit.Handler)
	e.POST("/notes", echoadapter.Validated(nil, createEchoNote)) // func(*echo.Context, note) error
	return e
}

func createEchoNote(c *echo.Context, in note) error { return createNote(c.Response(), c.Request(), in) }

func onMux(errs *problem.Responder, limit *ratelimit.Limiter) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /notes", validate.HandlerFunc(nil, createNote))
	return middleware.Chain(middleware.Standard(errs), limit.Handler)(mux)
}
