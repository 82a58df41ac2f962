package routers_test

import (
	"errors"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v5"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/echoadapter"
	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	gin.DefaultErrorWriter = io.Discard
	os.Exit(m.Run())
}

type mw = func(http.Handler) http.Handler

// house is one way to put middlewares and a handler together.
type house struct {
	name  string
	build func(app mw, h http.Handler) http.Handler
}

var (
	std = house{"net/http", func(app mw, h http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/case/{id}", h)
		mux.Handle("GET /only/{id}", h)
		return app(mux)
	}}
	chiHouse = house{"chi", func(app mw, h http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(app)
		r.Handle("/case/{id}", h)
		r.Get("/only/{id}", h.ServeHTTP)
		return r
	}}
	chiOutside = house{"chi outside", func(app mw, h http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Handle("/case/{id}", h)
		r.Get("/only/{id}", h.ServeHTTP)
		return app(r)
	}}
	ginInside = house{"gin inside", func(app mw, h http.Handler) http.Handler {
		e := gin.New()
		ginadapter.Install(e, app)
		e.Any("/case/:id", gin.WrapH(h))
		e.GET("/only/:id", gin.WrapH(h))
		return e
	}}
	ginOutside = house{"gin outside", func(app mw, h http.Handler) http.Handler {
		e := gin.New()
		e.HandleMethodNotAllowed = true
		e.Any("/case/:id", gin.WrapH(h))
		e.GET("/only/:id", gin.WrapH(h))
		return app(e)
	}}
	echoHouse = house{"echo", func(app mw, h http.Handler) http.Handler {
		e := echo.New()
		e.Logger = slog.New(slog.DiscardHandler) // echo logs a second status, as net/http does
		echoadapter.Install(e, app)
		e.Any("/case/:id", echo.WrapHandler(h))
		e.GET("/only/:id", echo.WrapHandler(h))
		return e
	}}
	houses = []house{std, chiHouse, chiOutside, ginInside, ginOutside, echoHouse}

	// fewer leaves out chiOutside, for tests of what that cannot do. Tests whose cases take
	// half a second, because net/http is slow to close a connection, use it to save time:
	// for middlewares around it, chi is like net/http.
	fewer = []house{std, chiHouse, ginInside, ginOutside, echoHouse}
)

// The protocols between client and server. A warm connection has served a request before;
// only then does Go's client repeat a GET that got no answer.
const (
	warm   = "HTTP/1.1 warm"
	single = "HTTP/1.1 close"
	h2     = "HTTP/2"
)

var protocols = []string{warm, single, h2}

// plan has the options of a test. The zero plan has every house and every protocol.
type plan struct {
	houses    []house
	protocols []string
	config    problem.Config // the default Logger is site.records
	outside   []mw           // around Standard
	inside    []mw           // inside Standard
	noisy     bool           // net/http may write to ErrorLog
	standard  mw             // instead of Standard
	cold      bool           // the connection is not warmed
	server    func(*http.Server)
}

// run runs a case in each house, over each protocol. It fails if there are more goroutines or
// file descriptors afterwards than before.
func (p plan) run(t *testing.T, h http.HandlerFunc, check func(*testing.T, *site)) {
	t.Helper()
	if p.houses == nil {
		p.houses = houses
	}
	if p.protocols == nil {
		p.protocols = protocols
	}
	for _, house := range p.houses {
		for _, protocol := range p.protocols {
			t.Run(house.name+"/"+protocol, func(t *testing.T) {
				goroutines, files := runtime.NumGoroutine(), openFiles(t)
				s := p.open(house, protocol, h)
				check(t, s)
				s.close()
				settle(t, "goroutines", goroutines, runtime.NumGoroutine)
				settle(t, "open files", files, func() int { return openFiles(t) })
				if text := s.errorLog.String(); text != "" && !p.noisy {
					t.Errorf("net/http logs %q, want nothing", text)
				}
			})
		}
	}
}

// site is a running server with its client.
type site struct {
	protocol string
	house    string
	url      string // of the handler
	server   *httptest.Server
	client   *http.Client
	calls    atomic.Int64 // runs of the handler

	records   *records
	errorLog  *lockedBuffer
	summaries chan *middleware.Summary
}

func (p plan) open(house house, protocol string, h http.HandlerFunc) *site {
	s := &site{
		protocol: protocol, house: house.name,
		records: &records{}, errorLog: &lockedBuffer{}, summaries: make(chan *middleware.Summary, 100),
	}
	if p.config.Logger == nil {
		p.config.Logger = slog.New(requestid.NewLogHandler(s.records))
	}
	standard := p.standard
	if standard == nil {
		standard = middleware.Standard(problem.New(p.config))
	}
	observe := middleware.Observe(func(_ *http.Request, sum *middleware.Summary) {
		select {
		case s.summaries <- sum:
		default: // no test reads so many
		}
	})
	app := middleware.Chain(observe, middleware.Chain(p.outside...), standard, middleware.Chain(p.inside...))
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/case/warm" {
			io.WriteString(w, "warm")
			return
		}
		s.calls.Add(1)
		h(w, r)
	})
	s.server = httptest.NewUnstartedServer(house.build(app, counted))
	s.server.Config.ErrorLog = log.New(s.errorLog, "", 0)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	s.server.Config.Protocols = protocols
	if p.server != nil {
		p.server(s.server.Config)
	}
	s.server.Start()
	s.url = s.server.URL + "/case/1"

	tr := &http.Transport{DisableKeepAlives: protocol == single, DisableCompression: true, Protocols: new(http.Protocols)}
	tr.Protocols.SetHTTP1(protocol != h2)
	tr.Protocols.SetUnencryptedHTTP2(protocol == h2)
	s.client = &http.Client{Transport: tr, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	if protocol != single && !p.cold {
		s.ask("GET", s.server.URL+"/case/warm", nil)
		<-s.summaries
	}
	return s
}

func (s *site) close() {
	s.client.CloseIdleConnections()
	s.server.Close()
}

// answer is an answer as the client reads it.
type answer struct {
	status  int
	header  http.Header
	trailer http.Header
	body    string
	err     error // of the request, or of the body
}

func (s *site) get() answer { return s.ask("GET", s.url, nil) }

func (s *site) ask(method, url string, body io.Reader, header ...string) answer {
	r, err := http.NewRequest(method, url, body)
	if err != nil {
		return answer{err: err}
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return s.do(r)
}

func (s *site) do(r *http.Request) answer {
	resp, err := s.client.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, resp.Trailer, string(b), err}
}

// summary waits for the end of a request on the server, and returns its summary.
func (s *site) summary(t *testing.T) *middleware.Summary {
	t.Helper()
	select {
	case sum := <-s.summaries:
		return sum
	case <-time.After(10 * time.Second):
		t.Fatal("the exchange does not end")
		return nil
	}
}

// wantEnvelope fails unless a is a whole error envelope with that status.
func wantEnvelope(t *testing.T, a answer, status int) {
	t.Helper()
	if a.err != nil || a.status != status || a.header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("the answer is %d %v %q (%v), want the envelope of a %d", a.status, a.header, a.body, a.err, status)
	}
	if strings.Count(a.body, `"status":`) != 1 || !strings.HasPrefix(a.body, "{") || !strings.HasSuffix(a.body, "}") {
		t.Errorf("the body is %q, want one envelope", a.body)
	}
	if ids := a.header["X-Request-Id"]; len(ids) != 1 || !strings.Contains(a.body, ids[0]) {
		t.Errorf("the header has the IDs %q and the body is %s, want one ID in both", ids, a.body)
	}
}

// wantCut fails unless the client can see that the answer is not complete.
func (s *site) wantCut(t *testing.T, a answer) {
	t.Helper()
	switch {
	case a.err == nil:
		t.Errorf("the answer is a complete-looking %d %q, want it cut off", a.status, a.body)
	case s.protocol == h2 && !strings.Contains(a.err.Error(), "INTERNAL_ERROR"):
		t.Errorf("the answer ends with %v, want INTERNAL_ERROR", a.err)
	case s.protocol != h2 && !errors.Is(a.err, io.ErrUnexpectedEOF):
		t.Errorf("the answer ends with %v, want unexpected EOF", a.err)
	}
}

// wantCalls fails unless the handler has run n times.
func (s *site) wantCalls(t *testing.T, n int64) {
	t.Helper()
	if got := s.calls.Load(); got != n {
		t.Errorf("the handler has run %d times, want %d", got, n)
	}
}

// wantRecords returns the records of failures, and fails unless there are n.
func (s *site) wantRecords(t *testing.T, n int) []record {
	t.Helper()
	all := s.records.all()
	if len(all) != n {
		t.Fatalf("the log has %d records, want %d: %v", len(all), n, all)
	}
	return all
}
