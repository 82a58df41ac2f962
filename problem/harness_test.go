package problem_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-go/backstop/problem"
)

// logbook is a slog.Handler that keeps all records.
type logbook struct {
	mu      sync.Mutex
	records []slog.Record
}

func (b *logbook) Enabled(context.Context, slog.Level) bool { return true }
func (b *logbook) WithAttrs([]slog.Attr) slog.Handler       { return b }
func (b *logbook) WithGroup(string) slog.Handler            { return b }

func (b *logbook) Handle(_ context.Context, r slog.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records = append(b.records, r.Clone())
	return nil
}

func (b *logbook) logger() *slog.Logger { return slog.New(b) }

// all returns the records as maps, with the level and the message among the
// attributes.
func (b *logbook) all() []map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []map[string]string
	for _, r := range b.records {
		m := map[string]string{"level": r.Level.String(), "msg": r.Message}
		r.Attrs(func(a slog.Attr) bool {
			m[a.Key] = a.Value.String()
			return true
		})
		all = append(all, m)
	}
	return all
}

// one returns the only record.
func (b *logbook) one(t *testing.T) map[string]string {
	t.Helper()
	all := b.all()
	if len(all) != 1 {
		t.Fatalf("%d records were logged, want 1: %v", len(all), all)
	}
	return all[0]
}

// silent is a logger for tests that read no log.
var silent = slog.New(slog.DiscardHandler)

// respond answers a GET of /things/7 with an error, under a responder.
func respond(cfg problem.Config, err error) *httptest.ResponseRecorder {
	return serve(cfg, httptest.NewRequest(http.MethodGet, "/things/7", nil), returning(err))
}

// serve runs a handler under a responder, and drops its panic.
func serve(cfg problem.Config, r *http.Request, h http.Handler) *httptest.ResponseRecorder {
	if cfg.Logger == nil {
		cfg.Logger = silent
	}
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if value := recover(); value != nil && value != http.ErrAbortHandler {
				panic(value)
			}
		}()
		problem.New(cfg).Handler(h).ServeHTTP(w, r)
	}()
	return w
}

func returning(err error) http.Handler {
	return problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return err })
}

// body is a body of RFC 9457.
type body struct {
	Type       string `json:"type"`
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Detail     string `json:"detail"`
	Code       string `json:"code"`
	RequestID  string `json:"request_id"`
	RetryAfter int    `json:"retry_after"`
}

func decode(t *testing.T, w *httptest.ResponseRecorder) body {
	t.Helper()
	var b body
	if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil {
		t.Fatalf("the body is no JSON: %v\n%s", err, w.Body)
	}
	return b
}

// server starts a real server, whose own log must stay empty.
func server(t *testing.T, h http.Handler, http2 bool) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	var complaints syncBuffer
	s.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(&complaints, nil), slog.LevelError)
	s.EnableHTTP2 = http2
	if http2 {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(func() {
		s.Close()
		if text := complaints.String(); text != "" {
			t.Errorf("the server has logged: %s", text)
		}
	})
	return s
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// fetch requests the root of a server and reads the answer.
func fetch(t *testing.T, s *httptest.Server, method string) (*http.Response, []byte, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, b, err
}

// headerNames returns the names of all header fields, in order.
func headerNames(h http.Header) string {
	var names []string
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// watched returns h, and a channel that is closed when it has served a request.
func watched(h http.Handler) (http.Handler, <-chan struct{}) {
	done := make(chan struct{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		h.ServeHTTP(w, r)
	}), done
}

// dial opens a bare connection to a server.
func dial(t *testing.T, s *httptest.Server) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second)) // a server that hangs fails the test
	return conn
}

// catch returns what f panics with.
func catch(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}
