package problem_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

var idHeader = "X-Request-Id"

func TestLogLevels(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{io.EOF, "ERROR"},
		{problem.Unavailable, "ERROR"},
		{problem.Code{Name: "x", Kind: problem.Gone, Status: 507}, "ERROR"},
		{problem.NotFound, "INFO"},
		{problem.Unauthenticated, "INFO"},
		{problem.QuotaExceeded, "INFO"},
		{problem.RateLimited, "DEBUG"},
		{problem.ClientClosed, "DEBUG"},
	} {
		var book logbook
		respond(problem.Config{Logger: book.logger()}, c.err)
		if got := book.one(t)["level"]; got != c.want {
			t.Errorf("%v is logged as %s, want %s", c.err, got, c.want)
		}
	}
}

func TestAnAbortIsAnErrorUnlessTheClientLeft(t *testing.T) {
	for err, want := range map[error]string{problem.NotFound: "ERROR", problem.RateLimited: "ERROR", problem.ClientClosed: "DEBUG"} {
		var book logbook
		serve(problem.Config{Logger: book.logger()}, httptest.NewRequest(http.MethodGet, "/", nil), problem.HandlerFunc(
			func(w http.ResponseWriter, _ *http.Request) error {
				io.WriteString(w, "begun")
				return err
			}))
		if r := book.one(t); r["level"] != want || r["aborted"] != "true" {
			t.Errorf("%v after an answer was begun is logged as %v, want level %s and aborted", err, r, want)
		}
	}
}

// panicked is an error like the one that Recover makes of a panic.
type panicked struct{}

func (panicked) Error() string      { return "panic: oops" }
func (panicked) PanicStack() string { return "main.handler\n\tmain.go:7" }
func (panicked) PanicValue() any    { return "oops" }

// stranger is a foreign error with methods that are named like those of this library.
type stranger struct{}

func (stranger) Error() string     { return "query failed" }
func (stranger) Stack() string     { return "query of dsn=postgres://u:p@h" }
func (stranger) Swallowed() string { return "dsn=postgres://u:p@h" }

// spiteful is an error whose Is method panics.
type spiteful struct{ with any }

func (spiteful) Error() string   { return "spiteful" }
func (s spiteful) Is(error) bool { panic(s.with) }

// selfish is an error whose Error method panics with the error itself.
type selfish struct{}

func (s selfish) Error() string { panic(s) }

func manyCuts(n int) *problem.Error {
	e := problem.Gone.New("")
	for range n {
		e = e.WithDetail("a", io.EOF)
	}
	return e
}

func TestLogAttributes(t *testing.T) {
	mux := http.NewServeMux()
	var err error
	mux.Handle("GET /things/{id}", problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
		exchange.From(r.Context()).Identify(&idHeader, "req_1")
		return err
	}))
	for _, c := range []struct {
		rule string
		cfg  problem.Config
		err  error
		want map[string]string
	}{
		{"the plain case", problem.Config{}, problem.NotFound.Wrap(io.EOF, "Gone"), map[string]string{
			"msg": "request failed", "request_id": "req_1", "method": "GET", "path": "/things/a%2Fb",
			"pattern": "GET /things/{id}", "status": "404", "kind": "not_found", "cause": "not_found: Gone: EOF",
			"code": "", "hidden": "", "aborted": "", "hijacked": "", "remote": "", "truncated": "", "stack": "", "swallowed": "",
			"encoder": "", "write": "",
		}},
		{"a wrapper's text", problem.Config{}, fmt.Errorf("load 7: %w", problem.NotFound), map[string]string{"cause": "load 7: not_found"}},
		{"a code", problem.Config{}, emailTaken, map[string]string{"code": "email_taken", "kind": "conflict"}},
		{"a panic", problem.Config{}, problem.Internal.Wrap(panicked{}, ""), map[string]string{
			"stack": "main.handler\n\tmain.go:7", "cause": "internal: panic: oops",
		}},
		{"an old handler", problem.Config{}, &exchange.Stated{Status: 404, How: "in plain text", Text: "pq: no"}, map[string]string{
			"swallowed": "pq: no", "kind": "not_found", "cause": "not_found: handler answered 404 in plain text",
		}},
		{"an old handler with a reason", problem.Config{}, &exchange.Stated{Status: 404, Text: "pq: no", Reason: io.EOF}, map[string]string{
			"swallowed": "pq: no", "kind": "not_found", "cause": "EOF",
		}},
		{"a stranger's methods", problem.Config{}, stranger{}, map[string]string{"stack": "", "swallowed": "", "cause": "query failed"}},
		{"a long cause", problem.Config{}, errors.New(strings.Repeat("x", 5<<10)), map[string]string{"cause": strings.Repeat("x", 4<<10)}},
		{"a cause that panics", problem.Config{}, problem.Gone.Wrap((*fs.PathError)(nil), ""), map[string]string{
			"kind": "gone", "cause": "gone: *fs.PathError",
		}},
		{"a method that panics", problem.Config{}, spiteful{"no"}, map[string]string{
			"kind": "internal", "cause": "panic in a method of problem_test.spiteful: no",
		}},
		{"a method that panics with something that panics", problem.Config{}, spiteful{selfish{}}, map[string]string{
			"kind": "internal", "cause": "panic in a method of problem_test.spiteful: problem_test.selfish",
		}},
		{"a text of 4 KiB", problem.Config{}, problem.Gone.New(strings.Repeat("x", 4<<10)), map[string]string{"truncated": ""}},
		{"a text and details that were cut", problem.Config{}, problem.Gone.New(strings.Repeat("x", 5<<10)).WithDetail("a", io.EOF).WithDetail("b", func() {}), map[string]string{
			"truncated": "detail a: is or holds an error; detail b: func() cannot be encoded; text",
		}},
		{"a detail that is too much", problem.Config{}, problem.Gone.New("").WithDetail("a", strings.Repeat("x", 9<<10)), map[string]string{
			"truncated": "detail a: too much",
		}},
		{"a detail with a long name", problem.Config{}, problem.Gone.New("").WithDetail(strings.Repeat("x", 300), io.EOF), map[string]string{
			"truncated": "detail " + strings.Repeat("x", 200-len("detail ")),
		}},
		{"more than ten cuts", problem.Config{}, manyCuts(11), map[string]string{
			"truncated": strings.TrimSuffix(strings.Repeat("detail a: is or holds an error; ", 10), "; "),
		}},
		{"details without a place", problem.Config{}, problem.Gone.New("").WithDetail("status", 1).WithDetail("id", 2).WithDetail("good", 3), map[string]string{
			"truncated": "detail status: has no place; detail id: has no place",
		}},
		{"another service", problem.Config{}, fmt.Errorf("call: %w", received(401, nil, problem.View{RequestID: "req_up", RetryAfter: 7})), map[string]string{
			"remote": "true", "kind": "upstream_failed", "status": "502",
			"remote_status": "401", "remote_request_id": "req_up", "remote_retry_after": "7",
		}},
		{"another service, which says little", problem.Config{}, received(401, nil, problem.View{}), map[string]string{
			"remote": "true", "remote_status": "401", "remote_request_id": "", "remote_retry_after": "",
		}},
		{"another service, passed through", problem.Config{}, problem.Passthrough(received(409, nil, problem.View{RequestID: "req_up"})), map[string]string{
			"remote": "true", "kind": "conflict", "status": "409", "remote_status": "409", "remote_request_id": "req_up",
		}},
	} {
		var book logbook
		c.cfg.Logger = book.logger()
		err = c.err
		serve(c.cfg, httptest.NewRequest(http.MethodGet, "/things/a%2Fb?token=secret", nil), mux)
		record := book.one(t)
		for key, want := range c.want {
			if got := record[key]; got != want {
				t.Errorf("%s: attribute %s = %q, want %q", c.rule, key, got, want)
			}
		}
		for key, got := range record {
			if got == "" {
				t.Errorf("%s: the record has an empty attribute %s", c.rule, key)
			}
		}
	}
}

// Observers get the error as the handler has returned it. For example, the adapter for gin
// adds it to the errors of the gin context.
func TestAnObserverLearnsTheError(t *testing.T) {
	cause := fmt.Errorf("load: %w", emailTaken)
	var x *exchange.Exchange
	serve(problem.Config{}, httptest.NewRequest(http.MethodGet, "/", nil), problem.HandlerFunc(
		func(_ http.ResponseWriter, r *http.Request) error {
			x = exchange.From(r.Context())
			return cause
		}))
	if f := x.Failure(); !f.Failed || f.Aborted || f.Err != cause || problem.Kind(f.Kind) != problem.Conflict || f.Code != emailTaken.Name {
		t.Errorf("Failure() = %+v, want kind, code, and the error as it was returned", f)
	}
}

func TestLongPathsAreCut(t *testing.T) {
	var book logbook
	var view problem.View
	style := plainStyle(func(dst []byte, v *problem.View) ([]byte, error) {
		view = *v
		return append(dst, "x"...), nil
	})
	path := "/" + strings.Repeat("x", 1<<10-3) + "%C3%A9" + "/more"
	serve(problem.Config{Style: style, Logger: book.logger()}, httptest.NewRequest(http.MethodGet, path, nil), returning(problem.Gone))
	want := "/" + strings.Repeat("x", 1<<10-3)
	if got := book.one(t); got["path"] != want || got["truncated"] != "path" {
		t.Errorf("a path of %d bytes is logged as %d and truncated %q, want %d and path", len(path), len(got["path"]), got["truncated"], len(want))
	}
	if view.Path != want {
		t.Errorf("a style sees a path of %d bytes, want the %d before the escape that crosses 1 KiB", len(view.Path), len(want))
	}
}

func TestThePathIsTheOneThatCameIn(t *testing.T) {
	var book logbook
	h := http.StripPrefix("/api", returning(problem.Gone))
	serve(problem.Config{Logger: book.logger()}, httptest.NewRequest(http.MethodGet, "/api/things?x=1", nil), h)
	if got := book.one(t)["path"]; got != "/api/things" {
		t.Errorf("path below StripPrefix = %s, want that of the request line, without query", got)
	}
	book = logbook{}
	problem.New(problem.Config{Logger: book.logger()}).Respond(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/bare?x=1", nil), problem.Gone)
	if got := book.one(t)["path"]; got != "/bare" {
		t.Errorf("path outside of an exchange = %s, want that of the request", got)
	}
	book = logbook{}
	p := problem.New(problem.Config{Logger: book.logger()})
	r := httptest.NewRequest(http.MethodGet, "http://host", nil)
	p.Handler(returning(problem.Gone)).ServeHTTP(httptest.NewRecorder(), r)
	p.Respond(httptest.NewRecorder(), r, problem.Gone)
	p.Respond(httptest.NewRecorder(), new(http.Request), problem.Gone)
	for _, record := range book.all() {
		if got := record["path"]; got != "/" {
			t.Errorf("path of GET http://host, and of a request without a URL = %q, want /", got)
		}
	}
}

// A request has one failure. A panic after the answer is logged at Debug, with its stack.
func TestAPanicAfterTheAnswer(t *testing.T) {
	var book logbook
	serve(problem.Config{Logger: book.logger()}, httptest.NewRequest(http.MethodGet, "/", nil), http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			problem.Respond(w, r, problem.NotFound)
			problem.Respond(w, r, problem.Internal.Wrap(panicked{}, ""))
		}))
	if records := book.all(); len(records) != 2 || records[1]["level"] != "DEBUG" || records[1]["stack"] == "" {
		t.Errorf("a panic after the answer is logged as %v, want a second record at Debug with its stack", records)
	}
}

// A middleware may recover from the panic that cuts an answer, and then fail itself.
func TestAFailureAfterACut(t *testing.T) {
	var book logbook
	events := 0
	cfg := problem.Config{Logger: book.logger(), OnError: func(context.Context, *problem.Event) { events++ }}
	serve(cfg, httptest.NewRequest(http.MethodGet, "/", nil), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "begun")
		catch(func() { problem.Respond(w, r, problem.Conflict) })
		problem.Respond(w, r, problem.Gone)
	}))
	if records := book.all(); events != 1 || len(records) != 2 || records[0]["level"] != "ERROR" || records[1]["level"] != "DEBUG" || records[1]["kind"] != "gone" {
		t.Errorf("two failures of one answer are logged as %v and reported %d times, want the second at Debug, and one report", records, events)
	}
}

// failingWriter loses every body.
type failingWriter struct{ http.ResponseWriter }

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAFailedWriteIsADebugLine(t *testing.T) {
	var book logbook
	p := problem.New(problem.Config{Logger: book.logger()})
	p.Handler(returning(problem.Gone)).ServeHTTP(failingWriter{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, "/", nil))
	records := book.all()
	if len(records) != 2 || records[1]["level"] != "DEBUG" || records[1]["write"] != io.ErrClosedPipe.Error() {
		t.Errorf("a failed write is logged as %v, want a Debug line after the first", records)
	}
}

// A 5xx is flushed. If that fails, there is a second record; if the writer cannot flush, there
// is none.
func TestAFailedFlushIsADebugLine(t *testing.T) {
	for name, c := range map[string]struct {
		w       http.ResponseWriter
		records int
	}{
		"without Flush":                {&sink{header: http.Header{}}, 1},
		"whose flush fails":            {stuck{&sink{header: http.Header{}}}, 2},
		"that wraps one without Flush": {hollow{&sink{header: http.Header{}}}, 1},
	} {
		var book logbook
		p := problem.New(problem.Config{Logger: book.logger()})
		p.Handler(returning(problem.Unavailable)).ServeHTTP(c.w, httptest.NewRequest(http.MethodGet, "/", nil))
		if records := book.all(); len(records) != c.records {
			t.Errorf("a 503 on a writer %s is logged as %v, want %d records", name, records, c.records)
		}
	}
}

// stuck is a writer whose flush fails. hollow wraps a writer that cannot flush.
type (
	stuck  struct{ http.ResponseWriter }
	hollow struct{ http.ResponseWriter }
)

func (stuck) FlushError() error  { return io.ErrClosedPipe }
func (hollow) FlushError() error { return fmt.Errorf("hollow: %w", http.ErrNotSupported) }

func TestTheHookLearnsAll(t *testing.T) {
	cause := fmt.Errorf("load: %w", emailTaken)
	var events []*problem.Event
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "here")
	serve(problem.Config{OnError: func(ctx context.Context, e *problem.Event) {
		if ctx.Value(key{}) != "here" {
			t.Error("the hook got another context than that of the request")
		}
		events = append(events, e)
	}}, httptest.NewRequestWithContext(ctx, http.MethodPost, "/things", nil), returning(cause))
	if len(events) != 1 {
		t.Fatalf("%d events, want 1", len(events))
	}
	e := events[0]
	if code, ok := e.Error.Code(); !ok || code != emailTaken {
		t.Errorf("Event.Error has the code %v, want %v", code, emailTaken)
	}
	if e.Cause != cause || e.Status != 409 || e.Code != "email_taken" || e.Request.Method != http.MethodPost ||
		e.Aborted || e.Hijacked || e.Hidden {
		t.Errorf("Event = %+v, want cause, status, code and request", e)
	}
	if !errors.Is(e.Error, emailTaken) || !strings.Contains(e.Error.Error(), "load: ") {
		t.Errorf("Event.Error = %v, want the code with its whole tree as cause", e.Error)
	}
	events = nil
	respond(problem.Config{HideForbidden: true, OnError: func(_ context.Context, e *problem.Event) { events = append(events, e) }}, problem.Forbidden)
	if e := events[0]; !e.Hidden || e.Status != 404 || e.Code != "not_found" || e.Error.Kind() != problem.Forbidden {
		t.Errorf("Event of a hidden error = %+v, want the status that was sent and the kind of the error", e)
	}
}

// bomb is a slog.Handler that panics.
type bomb struct{ slog.Handler }

func (bomb) Enabled(context.Context, slog.Level) bool  { return true }
func (bomb) Handle(context.Context, slog.Record) error { panic("logger") }

func TestHooksAndLoggersMayPanic(t *testing.T) {
	var book logbook
	p := problem.New(problem.Config{Logger: book.logger(), OnError: func(context.Context, *problem.Event) { panic("hook") }})
	s := server(t, p.Handler(returning(problem.Gone)), false)
	resp, got, err := fetch(t, s, http.MethodGet)
	if err != nil || resp.StatusCode != 410 || len(got) == 0 {
		t.Errorf("with a hook that panics the client read %v %q, %v, want a complete 410", resp, got, err)
	}
	s.Close()
	if records := book.all(); len(records) != 2 || records[1]["level"] != "ERROR" || !strings.Contains(records[1]["cause"], "hook") {
		t.Errorf("a hook that panics is logged as %v, want an Error record of its own", records)
	}
	called := false
	p = problem.New(problem.Config{
		Logger:  slog.New(bomb{}),
		OnError: func(context.Context, *problem.Event) { called = true },
	})
	s = server(t, p.Handler(returning(problem.Gone)), false)
	resp, got, err = fetch(t, s, http.MethodGet)
	if err != nil || resp.StatusCode != 410 || len(got) == 0 {
		t.Errorf("with a logger that panics the client read %v %q, %v, want a complete 410", resp, got, err)
	}
	s.Close()
	if !called {
		t.Error("a logger that panics kept the hook from running")
	}
}

func TestTheDefaultLoggerIsReadLate(t *testing.T) {
	p := problem.New(problem.Config{})
	var book logbook
	old := slog.Default()
	slog.SetDefault(book.logger())
	defer slog.SetDefault(old)
	p.Respond(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), problem.Gone)
	book.one(t)
}
