// Package production_test is the code of docs/production.md.
package production_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"expvar"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/cors"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
	"github.com/backstop-go/backstop/requestid"
	"github.com/backstop-go/backstop/validate"
)

func newServer(app http.Handler) *http.Server {
	return &http.Server{
		Addr:              ":8080",
		Handler:           app,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
}

func newApp(router http.Handler) (http.Handler, error) {
	errs := problem.New(problem.Config{})
	limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerMinute(600), Key: ratelimit.RemoteIP})
	if err != nil {
		return nil, err
	}
	return middleware.Chain(
		middleware.Observe(observe),
		middleware.Standard(errs),
		allowOrigins,
		middleware.LimitInFlight(middleware.InFlightConfig{Max: 1000}),
		middleware.Timeout(10*time.Second, isStream),
		limit.Handler,
		authenticate,
		middleware.LimitBody(10<<20),
	)(router), nil
}

func logger(w io.Writer) *slog.Logger {
	return slog.New(requestid.NewLogHandler(slog.NewJSONHandler(w, nil)))
}

func accessLog(r *http.Request, s *middleware.Summary) {
	slog.InfoContext(r.Context(), "request",
		"method", s.Method, "path", r.URL.Path, "address", r.RemoteAddr, "agent", r.UserAgent(),
		"status", s.Status, "bytes", s.Bytes, "duration", s.Duration)
}

var requests = expvar.NewMap("requests")

func count(_ *http.Request, s *middleware.Summary) {
	requests.Add(s.Pattern+" "+strconv.Itoa(s.Status), 1)
}

func observe(r *http.Request, s *middleware.Summary) {
	accessLog(r, s)
	count(r, s)
}

func report(_ context.Context, e *problem.Event) {
	if e.Status >= 500 {
		pager.Notify(e.Request.Method, e.Request.Pattern, e.Cause)
	}
}

// pager stands for a service such as Sentry.
var pager notifier

type notifier struct{ causes []error }

func (n *notifier) Notify(_, _ string, cause error) { n.causes = append(n.causes, cause) }

var allowOrigins = cors.Handler(cors.Options{
	AllowedOrigins: []string{"https://app.example.com"},
	AllowedMethods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"},
	AllowedHeaders: []string{"Authorization", "Content-Type"},
	ExposedHeaders: middleware.ExposeHeaders(),
})

func isStream(r *http.Request) bool { return r.URL.Path == "/events" }

func authenticate(next http.Handler) http.Handler {
	return problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		if r.Header.Get("Authorization") != "Bearer good" {
			return problem.TokenInvalid
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

type photoForm struct {
	Title string                `form:"title" validate:"required,max=80"`
	Photo *multipart.FileHeader `form:"photo" validate:"required"`
}

func upload(w http.ResponseWriter, _ *http.Request, in photoForm) error {
	file, err := in.Photo.Open()
	if err != nil {
		return fmt.Errorf("open photo: %w", err)
	}
	defer file.Close()
	n, err := io.Copy(io.Discard, file) // to where photos are kept
	if err != nil {
		return fmt.Errorf("store photo: %w", err)
	}
	fmt.Fprintln(w, in.Title, n)
	return nil
}

func newRouter() (http.Handler, error) {
	forms, err := validate.New(validate.Config{MaxBody: 10 << 20})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /photos", validate.HandlerFunc(forms, upload))
	mux.Handle("GET /events", problem.HandlerFunc(events))
	mux.Handle("GET /slow", problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		return errors.New("no database")
	}))
	return mux, nil
}

func events(w http.ResponseWriter, r *http.Request) error {
	out := http.NewResponseController(w)
	if err := out.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for n := range 3 {
		fmt.Fprintf(w, "data: %d\n\n", n)
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func serve(ctx context.Context, srv *http.Server, ln net.Listener) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), srv.WriteTimeout)
	defer cancel()
	return srv.Shutdown(last)
}

func trustingIDs() (*requestid.Issuer, error) {
	return requestid.New(requestid.Config{
		Trust: requestid.TrustPeers(netip.MustParsePrefix("10.0.0.0/16")),
		Trace: requestid.TraceParent,
	})
}

var billing = &http.Client{
	Timeout:   5 * time.Second,
	Transport: &requestid.Transport{Hosts: []string{"billing.internal"}},
}

func router(t *testing.T) http.Handler {
	t.Helper()
	h, err := newRouter()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// app starts the service, and returns its log.
func app(t *testing.T) (*httptest.Server, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	was := slog.Default()
	slog.SetDefault(logger(&log))
	t.Cleanup(func() { slog.SetDefault(was) })
	h, err := newApp(router(t))
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(h)
	srv.Config = newServer(h)
	srv.Config.Addr = ""
	srv.Start()
	t.Cleanup(srv.Close)
	return srv, &log
}

func ask(t *testing.T, srv *httptest.Server, method, path string, body io.Reader, edit ...func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, srv.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer good")
	r.Header.Set("Origin", "https://app.example.com")
	for _, f := range edit {
		f(r)
	}
	resp, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func TestABrowserCanReadAnError(t *testing.T) {
	srv, _ := app(t)
	resp, _ := ask(t, srv, "GET", "/events", nil, func(r *http.Request) { r.Header.Del("Authorization") })
	exposed := resp.Header.Get("Access-Control-Expose-Headers")
	if resp.StatusCode != 401 || resp.Header.Get("Access-Control-Allow-Origin") == "" || !strings.Contains(strings.ToLower(exposed), "x-request-id") {
		t.Errorf("the answer is %d with the headers %v, want a 401 that the origin may read", resp.StatusCode, resp.Header)
	}
}

func TestABrowserMaySendATokenWithAnyMethod(t *testing.T) {
	srv, _ := app(t)
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		resp, _ := ask(t, srv, "OPTIONS", "/photos", nil, func(r *http.Request) {
			r.Header.Del("Authorization")
			r.Header.Set("Access-Control-Request-Method", method)
			r.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
		})
		if resp.StatusCode != 200 || resp.Header.Get("Access-Control-Allow-Methods") != method || !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
			t.Errorf("the preflight of %s is answered %d with the headers %v, want the method and Authorization allowed", method, resp.StatusCode, resp.Header)
		}
	}
}

func TestUpload(t *testing.T) {
	srv, _ := app(t)
	for _, c := range []struct{ size, status int }{{1000, 200}, {11 << 20, 413}} {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		form.WriteField("title", "A cat")
		part, err := form.CreateFormFile("photo", "cat.png")
		if err != nil {
			t.Fatal(err)
		}
		part.Write(make([]byte, c.size))
		form.Close()
		resp, text := ask(t, srv, "POST", "/photos", &body, func(r *http.Request) { r.Header.Set("Content-Type", form.FormDataContentType()) })
		if resp.StatusCode != c.status {
			t.Errorf("%d bytes are answered %d %s, want %d", c.size, resp.StatusCode, text, c.status)
		}
	}
	form := "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nhello\r\n--b--\r\n"
	isForm := func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=b") }
	if resp, text := ask(t, srv, "POST", "/photos", strings.NewReader(form), isForm); resp.StatusCode != 422 || !strings.Contains(text, "#/photo") && !strings.Contains(text, `"photo"`) {
		t.Errorf("a form without the file is answered %d %s, want 422 for photo", resp.StatusCode, text)
	}
	if resp, text := ask(t, srv, "POST", "/photos", strings.NewReader("no form")); resp.StatusCode != 415 {
		t.Errorf("no form is answered %d %s, want 415", resp.StatusCode, text)
	}
}

func TestUploadThatIsTooSlow(t *testing.T) {
	h, err := newApp(router(t))
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ReadTimeout = 100 * time.Millisecond
	srv.Start()
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /photos HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n--b\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 408 {
		t.Errorf("an upload that does not arrive is answered %d, want 408", resp.StatusCode)
	}
}

func TestPatternOfChi(t *testing.T) {
	var pattern string
	app := middleware.Chain(
		middleware.Observe(func(_ *http.Request, s *middleware.Summary) { pattern = s.Pattern }),
		middleware.Standard(problem.New(problem.Config{})),
	)
	routes := func(r chi.Router) http.Handler {
		r.Get("/notes/{id}", func(http.ResponseWriter, *http.Request) {})
		return r
	}
	within := chi.NewRouter()
	within.Use(app)
	for name, c := range map[string]struct {
		h    http.Handler
		want string
	}{"r.Use": {routes(within), "/notes/{id}"}, "around": {app(routes(chi.NewRouter())), ""}} {
		c.h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/notes/1", nil))
		if pattern != c.want {
			t.Errorf("%s: the pattern is %q, want %q", name, pattern, c.want)
		}
	}
}

func TestStream(t *testing.T) {
	srv, _ := app(t)
	if resp, text := ask(t, srv, "GET", "/events", nil); resp.StatusCode != 200 || text != "data: 0\n\ndata: 1\n\ndata: 2\n\n" {
		t.Errorf("the stream is %d %q, want three events", resp.StatusCode, text)
	}
}

func TestLogAndMetrics(t *testing.T) {
	srv, log := app(t)
	resp, _ := ask(t, srv, "GET", "/slow", nil)
	srv.Close() // waits for the line that follows the answer
	id := resp.Header.Get("X-Request-ID")
	if lines := log.String(); strings.Count(lines, id) != 2 || !strings.Contains(lines, `"path":"/slow"`) || !strings.Contains(lines, "no database") {
		t.Errorf("the log does not have both lines of %s:\n%s", id, lines)
	}
	if requests.Get("GET /slow 500") == nil {
		t.Errorf("the metrics are %v, want one for the route", requests)
	}
}

func TestReport(t *testing.T) {
	pager = notifier{}
	errs := problem.New(problem.Config{OnError: report, Logger: slog.New(slog.DiscardHandler)})
	errs.Handler(router(t)).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/slow", nil))
	errs.Handler(problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return problem.NotFound })).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if len(pager.causes) != 1 || pager.causes[0].Error() != "no database" {
		t.Errorf("the pager has %v, want only the error of the database", pager.causes)
	}
}

func TestServeEndsWithItsLastAnswer(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	entered := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-ctx.Done()
		io.WriteString(w, "done")
	})
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, newServer(h), ln) }()
	go func() { <-entered; cancel() }()
	resp, err := http.Get("http://" + ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); string(text) != "done" || err != nil {
		t.Errorf("the last answer is %q (%v), want the whole text", text, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("serve = %v, want nil", err)
	}
}

func TestIDsOfAProxyAreKept(t *testing.T) {
	ids, err := trustingIDs()
	if err != nil {
		t.Fatal(err)
	}
	errs, router := problem.New(problem.Config{}), router(t)
	for peer, want := range map[string]bool{"10.0.3.4:1": true, "203.0.113.7:1": false} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Request-ID", "proxy-4711")
		w := httptest.NewRecorder()
		app := middleware.Standard(errs, middleware.Config{IDs: ids})(router)
		app.ServeHTTP(w, r)
		if got := w.Header().Get("X-Request-ID") == "proxy-4711"; got != want {
			t.Errorf("the ID of %s is kept: %t, want %t", peer, got, want)
		}
	}
}

func TestIDsGoToListedHostsOnly(t *testing.T) {
	hosts := billing.Transport.(*requestid.Transport).Hosts
	if len(hosts) != 1 || hosts[0] != "billing.internal" {
		t.Errorf("the hosts are %v", hosts)
	}
}
