package bench_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	ginrequestid "github.com/gin-contrib/requestid"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	ulule "github.com/ulule/limiter/v3"
	ululegin "github.com/ulule/limiter/v3/drivers/middleware/gin"
	ululememory "github.com/ulule/limiter/v3/drivers/store/memory"
	"golang.org/x/time/rate"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/validate"
)

func BenchmarkStackServed(b *testing.B)  { stackServed().run(b) }
func BenchmarkStackRefused(b *testing.B) { stackRefused().run(b) }
func BenchmarkStackCreated(b *testing.B) { stackCreated().run(b) }
func BenchmarkStackInvalid(b *testing.B) { stackInvalid().run(b) }

// stackServed is a request that passes a request ID, a recoverer and a limiter.
// What the layers cost is the distance to the bare handler of the same router,
// which sends the same fields.
func stackServed() race {
	return race{
		name:       "StackServed",
		request:    request{target: "/orders"},
		want:       answer{status: 200, body: []string{"ok"}},
		contenders: stacks(plenty),
	}
}

func stackRefused() race {
	return race{
		name:       "StackRefused",
		request:    request{target: "/orders"},
		before:     1,
		want:       answer{status: 429},
		contenders: without(stacks(1), "bare", "chi-bare", "gin-bare"),
	}
}

// stackCreated also has a body to decode and check.
func stackCreated() race {
	return race{
		name: "StackCreated",
		request: request{
			method: "POST", target: "/orders", body: smallBody,
			header: http.Header{"Content-Type": {"application/json"}},
		},
		want:       answer{status: 201},
		contenders: without(stacks(plenty), "bare", "chi-bare", "gin-bare"),
	}
}

func stackInvalid() race {
	rc := stackCreated()
	rc.name, rc.request.body = "StackInvalid", wrongBody
	rc.want = answer{status: 400, body: []string{"email"}}
	return rc
}

func without(all []contender, names ...string) []contender {
	var kept []contender
	for _, c := range all {
		drop := false
		for _, name := range names {
			drop = drop || c.by == name
		}
		if !drop {
			kept = append(kept, c)
		}
	}
	return kept
}

func stacks(n int) []contender {
	fields := answer{header: []string{"X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}}
	return []contender{
		{"bare", bareMux(), fields},
		{"backstop", backstopStack(n), fields},
		{"chi-bare", chiBare(), fields},
		{"chi+httprate", chiStack(n), answer{header: fields.header[1:]}}, // chi sends no ID
		{"gin-bare", ginBare(), fields},
		{"gin+ulule", ginStack(n), fields},
		{"echo", echoStack(n), answer{header: fields.header[:1]}}, // tells the client no numbers
	}
}

// sends sets fields as handlers do, with values of the same length as ours.
func sends(h http.Header) {
	h.Set("X-Request-ID", "req_abcdefghijklmnopqrstuvwxyz")
	h.Set("X-RateLimit-Limit", "400000000")
	h.Set("X-RateLimit-Remaining", "399999999")
	h.Set("X-RateLimit-Reset", "1790000000")
}

var bare = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	sends(w.Header())
	ok.ServeHTTP(w, r)
})

func bareMux() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /orders", bare)
	return mux
}

func backstopStack(n int) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /orders", ok)
	mux.Handle("POST /orders", validate.HandlerFunc(nil, func(w http.ResponseWriter, _ *http.Request, _ registration) error {
		w.WriteHeader(http.StatusCreated)
		return nil
	}))
	errs := problem.New(problem.Config{Style: entryguard.Style, Logger: silent})
	return middleware.Chain(middleware.Standard(errs), newLimiter(n, fewKeys).Handler)(mux)
}

func chiBare() http.Handler {
	r := chi.NewRouter()
	r.Method("GET", "/orders", bare)
	return r
}

// chiStack has no validation of its own, so it uses gin's.
func chiStack(n int) http.Handler {
	r := chi.NewRouter()
	r.Use(chimiddleware.RequestID, chimiddleware.Recoverer, httprate.LimitBy(n, time.Hour, remoteHost))
	r.Method("GET", "/orders", ok)
	r.Method("POST", "/orders", ginBound("POST", ginBinds[registration]))
	return r
}

func ginBare() http.Handler {
	e := gin.New()
	e.GET("/orders", gin.WrapH(bare))
	return e
}

func ginStack(n int) http.Handler {
	e := gin.New()
	limiter := ulule.New(ululememory.NewStore(), ulule.Rate{Period: time.Hour, Limit: int64(n)})
	e.Use(ginrequestid.New(), gin.RecoveryWithWriter(io.Discard), ululegin.NewMiddleware(limiter))
	e.GET("/orders", gin.WrapH(ok))
	e.POST("/orders", ginBinds[registration])
	return e
}

func echoStack(n int) http.Handler {
	e := newEcho()
	e.IPExtractor = echo.ExtractIPDirect()
	e.Use(echomiddleware.RequestID(), echomiddleware.Recover(), echomiddleware.RateLimiter(
		echomiddleware.NewRateLimiterMemoryStoreWithConfig(echomiddleware.RateLimiterMemoryStoreConfig{
			Rate: rate.Limit(float64(n) / time.Hour.Seconds()), Burst: n, ExpiresIn: time.Hour,
		})))
	e.GET("/orders", echo.WrapHandler(ok))
	e.POST("/orders", echoBinds[registration])
	return e
}
