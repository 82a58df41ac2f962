package ginadapter_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
	"github.com/backstop-go/backstop/validate"
)

// watched wraps a chain between an outer handler, which looks at what is left,
// and an inner one, which must perhaps not run.
func watched(mw func(http.Handler) http.Handler, inner gin.HandlerFunc, look func(*gin.Context)) *gin.Engine {
	e := gin.New()
	e.Use(func(c *gin.Context) { c.Next(); look(c) })
	e.Use(ginadapter.Wrap(mw))
	e.GET("/x/:id", inner)
	return e
}

func TestRefusalEndsTheChain(t *testing.T) {
	for name, refuse := range map[string]func(http.ResponseWriter, *http.Request){
		"an error": func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, problem.RateLimited) },
		"a body":   func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "no") },
		"a status": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"silence":  func(http.ResponseWriter, *http.Request) {},
	} {
		t.Run(name, func(t *testing.T) {
			looked := false
			mw := middleware.Chain(middleware.Standard(quiet()), func(http.Handler) http.Handler { return http.HandlerFunc(refuse) })
			get(t, watched(mw, func(*gin.Context) { t.Error("the handler runs") }, func(c *gin.Context) {
				looked = true
				if !c.IsAborted() || !c.Writer.Written() {
					t.Errorf("aborted %t, written %t, want both", c.IsAborted(), c.Writer.Written())
				}
				if name == "an error" && (len(c.Errors) != 1 || !errors.Is(c.Errors[0].Err, problem.RateLimited) || !c.Errors[0].IsType(gin.ErrorTypePrivate)) {
					t.Errorf("c.Errors = %v, want the refusal, private", c.Errors)
				}
			}), "GET", "/x/1")
			if !looked {
				t.Error("the outer handler does not get to look")
			}
		})
	}
}

func TestNothingRunsAfterAnAnsweredPanic(t *testing.T) {
	e := gin.New()
	ginadapter.Install(e, middleware.Standard(quiet()))
	e.GET("/x/:id", func(*gin.Context) { panic("boom") }, func(*gin.Context) { t.Error("the next handler runs") })
	if w := get(t, e, "GET", "/x/1"); w.Code != 500 {
		t.Errorf("the status is %d, want 500", w.Code)
	}
}

func TestRequestAndWriterAreRestored(t *testing.T) {
	for name, inner := range map[string]gin.HandlerFunc{
		"return": func(*gin.Context) {}, "panic": func(*gin.Context) { panic("boom") },
	} {
		var before *http.Request
		var writer gin.ResponseWriter
		e := gin.New()
		e.Use(func(c *gin.Context) {
			before, writer = c.Request, c.Writer
			defer func() {
				if value := recover(); (value != nil) != (name == "panic") {
					t.Errorf("%s: the panic is %v", name, value)
				}
				if c.Request != before || c.Writer != writer {
					t.Errorf("%s: request or writer are not restored", name)
				}
				if before.MultipartForm == nil || before.Pattern != "/x/:id" {
					t.Errorf("%s: the form is %v and the pattern %q, want both back", name, before.MultipartForm, before.Pattern)
				}
			}()
			c.Next()
		}, ginadapter.Wrap(through))
		e.POST("/x/:id", func(c *gin.Context) { c.MultipartForm(); inner(c) })
		r := httptest.NewRequest("POST", "/x/1", strings.NewReader("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n"))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		e.ServeHTTP(httptest.NewRecorder(), r)
	}
}

func TestReplacedContextPanicsWithAClearText(t *testing.T) {
	replace := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r.WithContext(context.Background())) })
	}
	e := gin.New()
	e.Use(ginadapter.Wrap(replace))
	e.GET("/x/:id", func(*gin.Context) {})
	defer func() {
		if text, ok := recover().(string); !ok || !strings.Contains(text, "replaced the request's context") {
			t.Errorf("the panic is %q, want it to name the mistake", text)
		}
	}()
	get(t, e, "GET", "/x/1")
}

func TestMiddlewareIsMadeOnce(t *testing.T) {
	made := 0
	e := gin.New()
	e.Use(ginadapter.Wrap(func(next http.Handler) http.Handler { made++; return next }))
	e.GET("/x/:id", func(*gin.Context) {})
	for range 3 {
		get(t, e, "GET", "/x/1")
	}
	if made != 1 {
		t.Errorf("the middleware is made %d times, want once", made)
	}
}

func TestHandlersSeeTheExchange(t *testing.T) {
	e := gin.New()
	ginadapter.Install(e, middleware.Standard(quiet()))
	var id, pattern string
	e.GET("/x/:id", func(c *gin.Context) { id, pattern = requestid.FromContext(c), c.Request.Pattern })
	w := get(t, e, "GET", "/x/1")
	if id == "" || id != w.Header().Get("X-Request-Id") || pattern != "/x/:id" {
		t.Errorf("the handler sees the ID %q and the pattern %q, want %q and /x/:id", id, pattern, w.Header().Get("X-Request-Id"))
	}
}

func TestNilErrorsAreNone(t *testing.T) {
	for _, err := range []error{nil, (*problem.Error)(nil)} {
		e := gin.New()
		ginadapter.Install(e, middleware.Standard(quiet()))
		e.GET("/x/:id", ginadapter.HandlerFunc(func(c *gin.Context) error { c.String(200, "fine"); return err }))
		if w := get(t, e, "GET", "/x/1"); w.Code != 200 || w.Body.String() != "fine" {
			t.Errorf("with %#v the answer is %d %q, want fine", err, w.Code, w.Body)
		}
	}
}

func TestErrorsLeavesWhatIsWritten(t *testing.T) {
	e := gin.New()
	ginadapter.Install(e, middleware.Standard(quiet()))
	e.Use(ginadapter.Errors())
	e.GET("/x/:id", func(c *gin.Context) {
		c.JSON(409, gin.H{"own": true})
		c.Error(errors.New("for the log"))
	})
	if w := get(t, e, "GET", "/x/1"); w.Code != 409 || w.Body.String() != `{"own":true}` {
		t.Errorf("the answer is %d %q, want the handler's own", w.Code, w.Body)
	}
}

func TestErrorOfAnEngineInsideTheMiddlewaresReplacesACommittedStatus(t *testing.T) {
	e := gin.New()
	e.GET("/x/:id", ginadapter.HandlerFunc(func(c *gin.Context) error {
		c.AbortWithStatus(400)
		return problem.Gone
	}))
	if w := get(t, middleware.Standard(quiet())(e), "GET", "/x/1"); w.Code != 410 || strings.Count(w.Body.String(), `"status":`) != 1 {
		t.Errorf("the answer is %d %q, want one 410", w.Code, w.Body)
	}
}

func TestMistakesPanicAtConstruction(t *testing.T) {
	for name, construct := range map[string]func(){
		"Wrap(nil)": func() { ginadapter.Wrap(nil) }, "HandlerFunc(nil)": func() { ginadapter.HandlerFunc(nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			construct()
		}()
	}
}

func TestAllocationsOfAWrappedMiddleware(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	cost := func(path string, use ...gin.HandlerFunc) float64 {
		e := gin.New()
		e.Use(use...)
		e.GET("/x", func(*gin.Context) {})
		e.GET("/x/:id", func(*gin.Context) {})
		u, w := &url.URL{Path: path}, httptest.NewRecorder()
		return testing.AllocsPerRun(100, func() {
			e.ServeHTTP(w, &http.Request{Method: "GET", URL: u, ProtoMajor: 1, ProtoMinor: 1})
		})
	}
	for path, costs := range map[string]struct{ through, standard float64 }{
		"/x":   {2, 4}, // what leads back to gin, and the exchange; the request ID and its random bytes
		"/x/1": {4, 6}, // net/http keeps path values of others in a map, which is two more
	} {
		if n := cost(path, ginadapter.Wrap(through)) - cost(path); n > costs.through {
			t.Errorf("a middleware that does nothing costs %v allocations on %s, want at most %v", n, path, costs.through)
		}
		if n := cost(path, ginadapter.Wrap(middleware.Standard(quiet()))) - cost(path); n > costs.standard {
			t.Errorf("Standard costs %v allocations on %s, want at most %v", n, path, costs.standard)
		}
	}
}

func TestParametersArePathValues(t *testing.T) {
	var outer, inner string
	e := gin.New()
	ginadapter.Install(e, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			outer = r.PathValue("id")
			next.ServeHTTP(w, r)
		})
	})
	type input struct {
		ID   int    `path:"id" validate:"max=9"`
		Rest string `path:"rest"`
	}
	e.GET("/x/:id/*rest", gin.WrapH(validate.HandlerFunc(nil, func(_ http.ResponseWriter, r *http.Request, in input) error {
		inner = fmt.Sprint(in.ID, in.Rest, " ", r.PathValue("id"))
		return nil
	})))
	if w := get(t, e, "GET", "/x/7/a/b"); w.Code != 200 || outer != "7" || inner != "7/a/b 7" {
		t.Errorf("the answer is %d %s; the middleware sees %q, the handler %q, want 7 and both parameters", w.Code, w.Body, outer, inner)
	}
	if w := get(t, e, "GET", "/x/10/a"); w.Code != 400 && w.Code != 422 {
		t.Errorf("the answer is %d %s, want it refused for what the path says", w.Code, w.Body)
	}
}

// Path values of a router further out stay its own: a copy of a request shares
// them.
func TestPathValuesOfARouterFurtherOutStay(t *testing.T) {
	e := gin.New()
	e.Use(ginadapter.Wrap(func(h http.Handler) http.Handler { return h }))
	e.GET("/users/:id", func(c *gin.Context) {
		if got := c.Request.PathValue("id"); got != "7" {
			t.Errorf("the path value inside is %q, want 7", got)
		}
	})
	mux := http.NewServeMux()
	mux.HandleFunc("/tenants/{id}/", func(w http.ResponseWriter, r *http.Request) {
		http.StripPrefix("/tenants/acme", e).ServeHTTP(w, r)
		if got := r.PathValue("id"); got != "acme" {
			t.Errorf("the path value outside is %q, want acme", got)
		}
	})
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/tenants/acme/users/7", nil))
}

// A recovery of gin's further in catches the panic that cuts an answer, and leaves
// it in c.Errors.
func TestRecoveryInsideDoesNotCompleteAnAbortedAnswer(t *testing.T) {
	for name, recovery := range map[string]gin.HandlerFunc{
		"gin's": gin.RecoveryWithWriter(io.Discard),
		"one that leaves the error": func(c *gin.Context) {
			defer func() {
				if err, ok := recover().(error); ok {
					c.Error(err)
					c.Abort()
				}
			}()
			c.Next()
		},
	} {
		e := gin.New()
		ginadapter.Install(e, middleware.Standard(quiet()))
		e.Use(recovery)
		e.GET("/x/:id", func(c *gin.Context) {
			c.String(200, "[1, 2, ")
			panic(http.ErrAbortHandler)
		})
		srv := httptest.NewServer(e)
		resp, err := http.Get(srv.URL + "/x/1")
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		srv.Close()
		if err == nil {
			t.Errorf("%s: the client gets a complete answer, want it cut", name)
		}
	}
}
