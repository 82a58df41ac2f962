package echoadapter_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v5"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/echoadapter"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/requestid"
	"github.com/backstop-go/backstop/validate"
)

type mw = func(http.Handler) http.Handler

func quiet() *problem.Responder {
	return problem.New(problem.Config{Logger: slog.New(slog.NewJSONHandler(io.Discard, nil))})
}

// installed returns an Echo with Standard in front and one route. Whatever echo
// has to log fails the test.
func installed(t *testing.T, h echo.HandlerFunc, mws ...mw) *echo.Echo {
	t.Helper()
	e := echo.New()
	var log bytes.Buffer
	e.Logger = slog.New(slog.NewTextHandler(&log, nil))
	t.Cleanup(func() {
		if log.Len() > 0 {
			t.Errorf("echo logs %s, want nothing", log.String())
		}
	})
	if mws == nil {
		mws = []mw{middleware.Standard(quiet())}
	}
	echoadapter.Install(e, mws...)
	e.GET("/x/:id", h)
	return e
}

func get(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestAnswersInsideEcho(t *testing.T) {
	for _, tt := range []struct {
		name         string
		method, path string
		h            echo.HandlerFunc
		status       int
		body         string // a part of it
	}{
		{"a plain answer passes", "GET", "/x/1", func(c *echo.Context) error { return c.String(200, "fine") }, 200, "fine"},
		{"an answer without a body passes", "GET", "/x/1", func(c *echo.Context) error { return c.NoContent(204) }, 204, ""},
		{"nothing said is 200", "GET", "/x/1", func(*echo.Context) error { return nil }, 200, ""},
		{"a panic is an envelope", "GET", "/x/1", func(*echo.Context) error { panic("secret") }, 500, `"status":500`},
		{"an error of ours is an envelope", "GET", "/x/1", func(*echo.Context) error { return problem.Gone }, 410, `"status":410`},
		{"a wrapped error of ours is an envelope", "GET", "/x/1", func(*echo.Context) error {
			return fmt.Errorf("save: %w", problem.Conflict.New("Taken"))
		}, 409, "Taken"},
		{"a foreign error is a 500", "GET", "/x/1", func(*echo.Context) error { return errors.New("pq: secret") }, 500, `"status":500`},
		{"an HTTPError has the kind of its code", "GET", "/x/1", func(*echo.Context) error { return echo.NewHTTPError(404, "secret") }, 404, `"code":"not_found"`},
		{"an HTTPError of ours is ours", "GET", "/x/1", func(*echo.Context) error {
			return echo.NewHTTPError(400, "secret").Wrap(problem.Conflict.New("Taken"))
		}, 409, "Taken"},
		{"an HTTPError of a status without a kind", "GET", "/x/1", func(*echo.Context) error { return echo.NewHTTPError(418, "secret") }, 418, `"status":418`},
		{"an HTTPError of no status", "GET", "/x/1", func(*echo.Context) error { return echo.NewHTTPError(0, "secret") }, 500, `"status":500`},
		{"an HTTPError of a success", "GET", "/x/1", func(*echo.Context) error { return echo.NewHTTPError(200, "secret") }, 500, `"status":500`},
		{"a wrapped HTTPError", "GET", "/x/1", func(*echo.Context) error { return fmt.Errorf("secret: %w", echo.ErrForbidden) }, 403, `"status":403`},
		{"a sentinel of echo", "GET", "/x/1", func(*echo.Context) error { return echo.ErrServiceUnavailable }, 503, `"status":503`},
		{"a status that a type of the service has", "GET", "/x/1", func(*echo.Context) error { return teapot{} }, 418, `"status":418`},
		{"an error that the program maps", "GET", "/x/1", func(*echo.Context) error { return echo.NewHTTPError(402, "Pay first") }, 402, "Pay first"},
		{"an error after a committed status replaces it", "GET", "/x/1", func(c *echo.Context) error {
			c.NoContent(400)
			return problem.Gone
		}, 410, `"status":410`},
		{"a text is an envelope", "GET", "/x/1", func(c *echo.Context) error { return c.String(500, "secret") }, 500, `"status":500`},
		{"a bare status is an envelope", "GET", "/x/1", func(c *echo.Context) error { return c.NoContent(403) }, 403, `"status":403`},
		{"own JSON is left alone", "GET", "/x/1", func(c *echo.Context) error { return c.JSON(409, map[string]bool{"own": true}) }, 409, `{"own":true}`},
		{"JSON that cannot be encoded is a 500", "GET", "/x/1", func(c *echo.Context) error { return c.JSON(200, func() {}) }, 500, `"status":500`},
		{"an unknown path is an envelope", "GET", "/y", nil, 404, `"code":"not_found"`},
		{"a wrong method is an envelope", "POST", "/x/1", nil, 405, `"code":"method_not_allowed"`},
		{"an unknown method is an envelope", "BREW", "/x/1", nil, 405, `"status":405`},
		{"HEAD of an error", "HEAD", "/y", nil, 404, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.h
			if h == nil {
				h = func(*echo.Context) error { t.Error("the handler runs"); return nil }
			}
			var log bytes.Buffer
			events := 0
			standard := middleware.Standard(problem.New(problem.Config{
				Logger:  slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
				OnError: func(context.Context, *problem.Event) { events++ },
				Map: func(_ context.Context, err error) error {
					if he, ok := errors.AsType[*echo.HTTPError](err); ok && he.Code == 402 {
						return problem.Code{Status: 402}.Wrap(err, he.Message)
					}
					return nil
				},
			}))
			w := get(installed(t, h, standard), tt.method, tt.path)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) || tt.body == "" && w.Body.Len() > 0 {
				t.Errorf("%s %s = %d %q, want %d with %q", tt.method, tt.path, w.Code, w.Body, tt.status, tt.body)
			}
			if strings.Count(w.Body.String(), `"status":`) > 1 || strings.Contains(w.Body.String(), "secret") {
				t.Errorf("the body is %q, want one envelope without the private text", w.Body)
			}
			if n := len(w.Header()["X-Request-Id"]); n != 1 {
				t.Errorf("X-Request-ID is sent %d times, want once", n)
			}
			if failed := strings.Contains(tt.body, `"status":`) || strings.Contains(tt.body, `"code":`); failed && (events != 1 || strings.Count(log.String(), "request failed") != 1) {
				t.Errorf("OnError is called %d times and the log says %s, want one of each", events, log.String())
			}
			if allow := w.Header().Get("Allow"); (tt.status == 405) != strings.Contains(allow, "GET") {
				t.Errorf("Allow is %q with a %d", allow, w.Code)
			}
		})
	}
}

type teapot struct{}

func (teapot) Error() string   { return "secret" }
func (teapot) StatusCode() int { return 418 }

// An error message of echo is what the log has and the client has not.
func TestMessageOfAnHTTPErrorIsLogged(t *testing.T) {
	var log bytes.Buffer
	errs := problem.New(problem.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	get(installed(t, func(*echo.Context) error { return echo.NewHTTPError(409, "row 7 is locked") }, middleware.Standard(errs)), "GET", "/x/1")
	if !strings.Contains(log.String(), "row 7 is locked") || !strings.Contains(log.String(), "kind=conflict") {
		t.Errorf("the log says %s, want the message and the kind", log.String())
	}
}

func TestWrapOnAGroup(t *testing.T) {
	limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerMinute(1), Key: func(r *http.Request) (string, bool) { return r.PathValue("id"), true }})
	if err != nil {
		t.Fatal(err)
	}
	var seen error
	e := installed(t, func(c *echo.Context) error { return c.NoContent(204) })
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			r, w := c.Request(), c.Response()
			seen = next(c)
			if c.Request() != r || c.Response() != w {
				t.Error("request or response are not restored")
			}
			return seen
		}
	})
	calls := 0
	e.Group("/login", echoadapter.Wrap(limit.Handler)).POST("/:id", func(c *echo.Context) error { calls++; return c.NoContent(204) })
	for i, want := range []int{204, 429, 429} {
		if w := get(e, "POST", "/login/ann"); w.Code != want {
			t.Errorf("answer %d is %d, want %d", i+1, w.Code, want)
		}
		if refused := errors.Is(seen, problem.RateLimited); refused != (want == 429) {
			t.Errorf("the middleware outside sees %v with a %d", seen, want)
		}
	}
	if w := get(e, "POST", "/login/bob"); w.Code != 204 {
		t.Errorf("another key is answered with %d, want 204", w.Code)
	}
	if w := get(e, "GET", "/x/1"); w.Code != 204 || calls != 2 {
		t.Errorf("another route is answered with %d after %d calls, want 204 after 2", w.Code, calls)
	}
}

// Without Install the error handler of the service speaks, once.
func TestWrapWithoutInstallLeavesTheErrorHandler(t *testing.T) {
	for name, use := range map[string]func(*echo.Echo, echo.MiddlewareFunc){
		"Pre": func(e *echo.Echo, m echo.MiddlewareFunc) { e.Pre(m) },
		"Use": func(e *echo.Echo, m echo.MiddlewareFunc) { e.Use(m) },
	} {
		e := echo.New()
		use(e, echoadapter.Wrap(middleware.Standard(quiet())))
		e.GET("/x", func(*echo.Context) error { return echo.NewHTTPError(409, "own") })
		e.GET("/ours", echoadapter.HandlerFunc(func(*echo.Context) error { return problem.Conflict.New("Taken") }))
		if w := get(e, "GET", "/x"); w.Code != 409 || strings.TrimSpace(w.Body.String()) != `{"message":"own"}` {
			t.Errorf("%s: the answer is %d %s, want the service's own", name, w.Code, w.Body)
		}
		if w := get(e, "GET", "/ours"); w.Code != 409 || !strings.Contains(w.Body.String(), "Taken") || strings.Contains(w.Body.String(), "message") {
			t.Errorf("%s: the answer is %d %s, want ours alone", name, w.Code, w.Body)
		}
	}
}

func TestPatternIsKnownOutsideAndIDWithin(t *testing.T) {
	var id, pattern, value string
	observe := middleware.Observe(func(_ *http.Request, s *middleware.Summary) { pattern = s.Pattern })
	e := installed(t, func(c *echo.Context) error {
		id, value = requestid.FromContext(c.Request().Context()), c.Param("id")
		return c.NoContent(204)
	}, observe, middleware.Standard(quiet()))
	w := get(e, "GET", "/x/7")
	if id == "" || id != w.Header().Get("X-Request-Id") || pattern != "/x/:id" || value != "7" {
		t.Errorf("ID %q, pattern %q, value %q, want the ID of the header, /x/:id and 7", id, pattern, value)
	}
}

func TestPlainHandlersHavePathValues(t *testing.T) {
	type input struct {
		ID int `path:"id" validate:"max=9"`
	}
	e := installed(t, func(*echo.Context) error { return nil })
	e.GET("/plain/:id", echo.WrapHandler(validate.HandlerFunc(nil, func(w http.ResponseWriter, _ *http.Request, in input) error {
		fmt.Fprint(w, in.ID)
		return nil
	})))
	e.GET("/valid/:id", echoadapter.Validated(nil, func(c *echo.Context, in input) error { return c.String(200, fmt.Sprint(in.ID)) }))
	for _, path := range []string{"/plain/", "/valid/"} {
		if w := get(e, "GET", path+"7"); w.Code != 200 || w.Body.String() != "7" {
			t.Errorf("GET %s7 = %d %s, want 7", path, w.Code, w.Body)
		}
		if w := get(e, "GET", path+"10"); w.Code != 422 || strings.Count(w.Body.String(), `"status":`) != 1 {
			t.Errorf("GET %s10 = %d %s, want one 422", path, w.Code, w.Body)
		}
	}
}

// Path values of a router further out stay its own: a copy of a request shares
// them.
func TestPathValuesOfARouterFurtherOutStay(t *testing.T) {
	e := installed(t, func(c *echo.Context) error { return nil })
	e.GET("/users/:id", echo.WrapHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if got := r.PathValue("id"); got != "7" {
			t.Errorf("the path value inside is %q, want 7", got)
		}
	})))
	mux := http.NewServeMux()
	mux.HandleFunc("/tenants/{id}/", func(w http.ResponseWriter, r *http.Request) {
		http.StripPrefix("/tenants/acme", e).ServeHTTP(w, r)
		if got := r.PathValue("id"); got != "acme" {
			t.Errorf("the path value outside is %q, want acme", got)
		}
	})
	if w := get(mux, "GET", "/tenants/acme/users/7"); w.Code != 200 {
		t.Errorf("the answer is %d, want 200", w.Code)
	}
}

func TestHalfAnAnswerIsCut(t *testing.T) {
	for name, end := range map[string]func(c *echo.Context) error{
		"an error":        func(*echo.Context) error { return errors.New("late") },
		"an HTTPError":    func(*echo.Context) error { return echo.ErrInternalServerError },
		"a panic":         func(*echo.Context) error { panic("late") },
		"an abort":        func(*echo.Context) error { panic(http.ErrAbortHandler) },
		"a second answer": func(c *echo.Context) error { http.Error(c.Response(), "late", 500); return nil },
	} {
		e := echo.New()
		e.Logger = slog.New(slog.DiscardHandler)
		echoadapter.Install(e, middleware.Standard(quiet()))
		e.GET("/x/:id", func(c *echo.Context) error {
			if err := c.String(200, "[1, 2, "); err != nil {
				return err
			}
			return end(c)
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

func TestWiringMistakesPanicWithASentence(t *testing.T) {
	standard := middleware.Standard(quiet())
	serve := func(h echo.HandlerFunc) {
		e := echo.New()
		e.GET("/x", h)
		get(e, "GET", "/x")
	}
	replace := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r.WithContext(context.Background())) })
	}
	for name, tt := range map[string]struct {
		wire func()
		want string
	}{
		"two Installs": {func() {
			e := echo.New()
			echoadapter.Install(e, standard)
			echoadapter.Install(e, standard)
		}, "once"},
		"Standard twice with a limit between": {func() {
			echoadapter.Install(echo.New(), standard, middleware.LimitBody(1), standard)
		}, "once"},
		"Standard twice":                {func() { echoadapter.Install(echo.New(), standard, standard) }, "once"},
		"HandlerFunc in a foreign Echo": {func() { serve(echoadapter.HandlerFunc(func(*echo.Context) error { return nil })) }, "echoadapter.Install"},
		"Validated in a foreign Echo": {func() {
			serve(echoadapter.Validated(nil, func(*echo.Context, struct{}) error { return nil }))
		}, "echoadapter.Install"},
		"Wrap(nil)":        {func() { echoadapter.Wrap(nil) }, "nil"},
		"HandlerFunc(nil)": {func() { echoadapter.HandlerFunc(nil) }, "nil"},
		"Validated(nil)":   {func() { echoadapter.Validated[struct{}](nil, nil) }, "nil"},
		"a context replaced": {func() {
			e := echo.New()
			e.Use(echoadapter.Wrap(replace))
			e.GET("/x", func(*echo.Context) error { return nil })
			get(e, "GET", "/x")
		}, "replaced the request's context"},
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.Contains(text, tt.want) {
					t.Errorf("%s panics with %q, want %q in it", name, text, tt.want)
				}
			}()
			tt.wire()
		}()
	}
}

func TestInstallAfterRoutesCoversThem(t *testing.T) {
	e := echo.New()
	e.GET("/x", func(*echo.Context) error { return problem.Conflict })
	echoadapter.Install(e, middleware.Standard(quiet()))
	if w := get(e, "GET", "/x"); w.Code != 409 || w.Header().Get("X-Request-Id") == "" {
		t.Errorf("the answer is %d %v, want an envelope with an ID", w.Code, w.Header())
	}
}

func TestNilErrorsAreNone(t *testing.T) {
	for _, err := range []error{nil, (*problem.Error)(nil)} {
		e := installed(t, func(c *echo.Context) error { c.String(200, "fine"); return err })
		e.GET("/ours", echoadapter.HandlerFunc(func(c *echo.Context) error { c.String(200, "fine"); return err }))
		for _, path := range []string{"/x/1", "/ours"} {
			if w := get(e, "GET", path); w.Code != 200 || w.Body.String() != "fine" {
				t.Errorf("with %#v %s answers %d %q, want fine", err, path, w.Code, w.Body)
			}
		}
	}
}

func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	cost := func(path string, use ...mw) float64 {
		e := echo.New()
		if use != nil {
			echoadapter.Install(e, use...)
		}
		e.GET("/x", func(*echo.Context) error { return nil })
		e.GET("/x/:id", func(*echo.Context) error { return nil })
		u, w := &url.URL{Path: path}, httptest.NewRecorder()
		return testing.AllocsPerRun(100, func() {
			e.ServeHTTP(w, &http.Request{Method: "GET", URL: u, ProtoMajor: 1, ProtoMinor: 1})
		})
	}
	for _, path := range []string{"/x", "/x/1"} {
		// What leads back to echo, and the exchange; the request ID and its random bytes.
		if n := cost(path, middleware.Standard(quiet())) - cost(path); n > 4 {
			t.Errorf("Standard costs %v allocations on %s, want at most 4", n, path)
		}
	}
}

// An error passes by each Wrap on its way out, and is answered by the innermost.
func TestErrorIsAnsweredOnceOnItsWayOut(t *testing.T) {
	for name, h := range map[string]echo.HandlerFunc{
		"a returned error": func(*echo.Context) error { return problem.Conflict },
		"HandlerFunc":      echoadapter.HandlerFunc(func(*echo.Context) error { return problem.Conflict }),
		"a client that left": func(c *echo.Context) error {
			return problem.ClientClosed
		},
	} {
		var log bytes.Buffer
		errs := problem.New(problem.Config{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		e := installed(t, h, middleware.Standard(errs))
		e.Group("/in", echoadapter.Wrap(middleware.Recover()), echoadapter.Wrap(middleware.Rewrite())).GET("", h)
		w := get(e, "GET", "/in")
		if n := strings.Count(log.String(), "request failed"); n != 1 {
			t.Errorf("%s: the log has %d records, want 1: %s", name, n, log.String())
		}
		if strings.Count(w.Body.String(), "{") > 1 {
			t.Errorf("%s: the body is %s, want one envelope", name, w.Body)
		}
	}
}

// An early hint is no answer: the status that follows is.
func TestInformationalStatusIsNotTheAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(*echo.Context) error
		want int
	}{
		"an answer":        {func(c *echo.Context) error { return c.JSON(201, "made") }, 201},
		"an error":         {func(*echo.Context) error { return problem.Conflict }, 409},
		"a panic":          {func(*echo.Context) error { panic("boom") }, 500},
		"a text":           {func(c *echo.Context) error { return c.String(503, "no") }, 503},
		"an HTTPError":     {func(*echo.Context) error { return echo.ErrForbidden }, 403},
		"nothing but that": {func(*echo.Context) error { return nil }, 200},
	} {
		hints := 0
		srv := httptest.NewServer(installed(t, func(c *echo.Context) error {
			c.Response().Header().Set("Link", "</a.css>; rel=preload")
			c.Response().WriteHeader(http.StatusEarlyHints)
			return tt.end(c)
		}))
		trace := &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { hints++; return nil }}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", srv.URL+"/x/1", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		srv.Close()
		if resp.StatusCode != tt.want || hints != 1 {
			t.Errorf("%s: the status is %d after %d hints, want %d after 1", name, resp.StatusCode, hints, tt.want)
		}
	}
}

// Middlewares of echo find its own writer, as they do without us.
func TestResponseOfEchoIsFoundWithin(t *testing.T) {
	var size int64
	e := installed(t, func(c *echo.Context) error { return c.String(200, "fine") })
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			err := next(c)
			r, unwrapErr := echo.UnwrapResponse(c.Response())
			if unwrapErr != nil || !r.Committed || r.Status != 200 {
				t.Errorf("the response is %+v (%v), want a committed 200", r, unwrapErr)
				return err
			}
			size = r.Size
			return err
		}
	})
	if get(e, "GET", "/x/1"); size != 4 {
		t.Errorf("the size is %d, want 4", size)
	}
}
