package main

import (
	"io"
	"net/http"
	"time"

	ginrequestid "github.com/gin-contrib/requestid"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	ululegin "github.com/ulule/limiter/v3/drivers/middleware/gin"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/validate"
)

// stackServed is a request that passes a request ID, a recoverer and a limiter.
// What the layers cost is the distance to the bare handler of the same router.
func stackServed() race {
	return race{
		request:    request{target: "/orders"},
		want:       answer{status: 200, body: []string{"ok"}},
		contenders: append(stacks(plenty), bareRouters()...),
	}
}

// stackRefused is the same where the limiter refuses.
func stackRefused() race {
	return race{
		request:    request{target: "/orders"},
		before:     1,
		want:       answer{status: 429},
		contenders: whole(stacks(1)),
	}
}

// stackCreated also has a body to decode and check.
func stackCreated() race {
	return race{
		request: request{
			method: "POST", target: "/orders", body: smallBody,
			header: http.Header{"Content-Type": {"application/json"}},
		},
		want:       answer{status: 201},
		contenders: whole(stacks(plenty)),
	}
}

func stackInvalid() race {
	rc := stackCreated()
	rc.request.body = wrongBody
	rc.want = answer{status: 400, body: []string{"email"}}
	return rc
}

// whole counts the router, too.
func whole(all []contender) []contender {
	for i := range all {
		all[i].above = ""
	}
	return all
}

func stacks(n int) []contender {
	fields := []string{"X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
	return []contender{
		{by: "backstop", above: "bare", handler: backstopStack(n), want: answer{header: fields}},
		{
			by: "chi+httprate", above: "chi-bare", handler: chiStack(n), want: answer{header: fields[1:]},
			less: "sends no ID, plain text for 429",
		},
		{by: "gin+ulule", above: "gin-bare", handler: ginStack(n), want: answer{header: fields}, less: "plain text for 429"},
		{by: "echo", above: "echo-bare", handler: echoStack(n), want: answer{header: fields[:1]}, less: "tells no numbers"},
	}
}

func bareRouters() []contender {
	return []contender{
		{by: "bare", handler: orders(middleware.Chain())},
		{by: "chi-bare", handler: chiOrders()},
		{by: "gin-bare", handler: ginOrders()},
		{by: "echo-bare", handler: echoOrders()},
	}
}

func backstopStack(n int) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /orders", ok)
	mux.Handle("POST /orders", validate.HandlerFunc(nil, func(w http.ResponseWriter, _ *http.Request, _ registration) error {
		w.WriteHeader(http.StatusCreated)
		return nil
	}))
	errs := responder()
	return middleware.Chain(middleware.Standard(errs), newLimiter(n, fewKeys).Handler)(mux)
}

func chiStack(n int) http.Handler {
	return chiOrders(chimiddleware.RequestID, chimiddleware.Recoverer, httprate.LimitBy(n, time.Hour, remoteHost))
}

// chiOrders has no validation of chi's own.
func chiOrders(middlewares ...func(http.Handler) http.Handler) http.Handler {
	r := chi.NewRouter()
	r.Use(middlewares...)
	r.Method("GET", "/orders", ok)
	r.Method("POST", "/orders", bindsByHand[registration]())
	return r
}

func ginStack(n int) http.Handler {
	return ginOrders(ginrequestid.New(), gin.RecoveryWithWriter(io.Discard), ululegin.NewMiddleware(ululeLimiter(n)))
}

// ginRecovery is what gin.Default is without its access log.
func ginRecovery() http.Handler { return ginOrders(gin.RecoveryWithWriter(io.Discard)) }

func ginOrders(middlewares ...gin.HandlerFunc) http.Handler {
	e := gin.New()
	e.Use(middlewares...)
	e.GET("/orders", gin.WrapH(ok))
	e.POST("/orders", ginBinds[registration])
	return e
}

func echoStack(n int) http.Handler {
	return echoOrders(echomiddleware.RequestID(), echomiddleware.Recover(), echomiddleware.RateLimiter(echoStore(n)))
}

func echoOrders(middlewares ...echo.MiddlewareFunc) http.Handler {
	e := newEcho()
	e.IPExtractor = echo.ExtractIPDirect()
	e.Use(middlewares...)
	e.GET("/orders", echo.WrapHandler(ok))
	e.POST("/orders", echoBinds[registration])
	return e
}
