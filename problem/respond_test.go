package problem_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// plainStyle is a style that fails as it is told.
func plainStyle(appendBody func(dst []byte, v *problem.View) ([]byte, error)) problem.Style {
	s := problem.RFC9457
	s.Name, s.ContentType, s.Append = "plain", "text/plain", appendBody
	return s
}

func TestAnswerOnTheWire(t *testing.T) {
	p := problem.New(problem.Config{Logger: silent})
	for _, http2 := range []bool{false, true} {
		s := server(t, p.Handler(returning(problem.NotFound.New("No such thing"))), http2)
		resp, got, err := fetch(t, s, http.MethodGet)
		if err != nil {
			t.Fatal(err)
		}
		want := `{"type":"about:blank","title":"Not Found","status":404,"detail":"No such thing","code":"not_found"}`
		if resp.StatusCode != 404 || string(got) != want {
			t.Errorf("%s GET = %d %s, want 404 %s", resp.Proto, resp.StatusCode, got, want)
		}
		head, none, err := fetch(t, s, http.MethodHead)
		if err != nil {
			t.Fatal(err)
		}
		if len(none) != 0 || head.StatusCode != 404 || head.ContentLength != int64(len(want)) {
			t.Errorf("%s HEAD = %d, Content-Length %d and %d bytes, want 404, %d and none",
				head.Proto, head.StatusCode, head.ContentLength, len(none), len(want))
		}
		if got, want := headerNames(head.Header), headerNames(resp.Header); got != want {
			t.Errorf("%s HEAD has the headers %s, want those of GET: %s", head.Proto, got, want)
		}
		for name, want := range map[string]string{
			"Content-Type":           "application/problem+json",
			"Cache-Control":          "no-store",
			"X-Content-Type-Options": "nosniff",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s %s = %q, want %q", resp.Proto, name, got, want)
			}
		}
	}
}

func TestStartedAnswersAreCut(t *testing.T) {
	failure := errors.New("too late")
	for name, begin := range map[string]func(http.ResponseWriter){
		"written":          func(w http.ResponseWriter) { io.WriteString(w, "0123456789") },
		"written, flushed": func(w http.ResponseWriter) { io.WriteString(w, "0123456789"); w.(http.Flusher).Flush() },
		"status only":      func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) },
		"length declared": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "0123456789")
		},
		"length declared and reached": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "11")
			io.WriteString(w, "0123456789")
		},
		"a large body": func(w http.ResponseWriter) { io.WriteString(w, strings.Repeat("x", 1<<20)) },
	} {
		for _, http2 := range []bool{false, true} {
			var calls atomic.Int32
			var book logbook
			var events []*problem.Event
			p := problem.New(problem.Config{
				Logger:  book.logger(),
				OnError: func(_ context.Context, e *problem.Event) { events = append(events, e) },
			})
			s := server(t, p.Handler(problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
				calls.Add(1)
				begin(w)
				return failure
			})), http2)
			_, got, err := fetch(t, s, http.MethodGet)
			s.Close() // waits for the handler
			switch {
			case err == nil:
				t.Errorf("%s, HTTP/2 %v: the client read a complete answer of %d bytes, want an error", name, http2, len(got))
			case !http2 && !errors.Is(err, io.ErrUnexpectedEOF):
				t.Errorf("%s: the client's error = %v, want unexpected EOF", name, err)
			case http2 && !strings.Contains(err.Error(), "INTERNAL_ERROR"):
				t.Errorf("%s: the client's error = %v, want a stream error INTERNAL_ERROR", name, err)
			}
			if strings.Contains(string(got), "about:blank") {
				t.Errorf("%s, HTTP/2 %v: an envelope was appended to what was begun", name, http2)
			}
			if calls.Load() != 1 {
				t.Errorf("%s, HTTP/2 %v: the handler ran %d times, want 1", name, http2, calls.Load())
			}
			if r := book.one(t); r["level"] != "ERROR" || r["aborted"] != "true" {
				t.Errorf("%s, HTTP/2 %v: logged %v, want level ERROR and aborted", name, http2, r)
			}
			if len(events) != 1 || !events[0].Aborted {
				t.Errorf("%s, HTTP/2 %v: events = %v, want one that says aborted", name, http2, events)
			}
		}
	}
}

func TestHeldStatusesAreStillFresh(t *testing.T) {
	// Recover holds what cannot show a truncation; then an error may follow it.
	for _, status := range []int{http.StatusNoContent, http.StatusNotModified, http.StatusOK} {
		method := http.MethodGet
		if status == http.StatusOK {
			method = http.MethodHead
		}
		p := problem.New(problem.Config{Logger: silent})
		s := server(t, p.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := exchange.Top(w)
			rec.Hold(r.Method == http.MethodHead)
			defer rec.Release()
			w.WriteHeader(status)
			problem.Respond(w, r, problem.Conflict)
		})), false)
		resp, got, err := fetch(t, s, method)
		if err != nil || resp.StatusCode != http.StatusConflict || method == http.MethodGet && len(got) == 0 {
			t.Errorf("%s answered %d, then Conflict = %v %q, %v, want a complete 409", method, status, resp, got, err)
		}
	}
}

func TestAnsweredOnce(t *testing.T) {
	for name, second := range map[string]func(http.ResponseWriter, *http.Request){
		"Respond":     func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, problem.Internal) },
		"http.Error":  func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "more") },
		"Respond, h2": func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, problem.Gone) },
	} {
		var book logbook
		events := 0
		p := problem.New(problem.Config{Logger: book.logger(), OnError: func(context.Context, *problem.Event) { events++ }})
		s := server(t, p.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			problem.Respond(w, r, problem.NotFound)
			second(w, r)
		})), strings.HasSuffix(name, "h2"))
		resp, got, err := fetch(t, s, http.MethodGet)
		if err != nil || resp.StatusCode != 404 || strings.Count(string(got), "{") != 1 {
			t.Errorf("%s after an answer: the client read %v %q, %v, want the first one alone", name, resp, got, err)
		}
		s.Close()
		if events != 1 {
			t.Errorf("%s after an answer: %d events, want 1", name, events)
		}
		records := book.all()
		if name == "http.Error" {
			continue
		}
		if len(records) != 2 || records[1]["level"] != "DEBUG" || records[1]["msg"] != "request failed after it was answered" {
			t.Errorf("%s after an answer: logged %v, want a Debug line for the second", name, records)
		}
	}
}

func TestAnAnswerIsComplete(t *testing.T) {
	w := serve(problem.Config{}, httptest.NewRequest(http.MethodGet, "/", nil), http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			problem.Respond(w, r, problem.NotFound)
			if _, err := io.WriteString(w, "more"); !errors.Is(err, http.ErrContentLength) {
				t.Errorf("writing after the answer = %v, want http.ErrContentLength", err)
			}
		}))
	decode(t, w)
}

// lazy is a writer as gin's: it says what was written, and writes a header with
// the body only.
type lazy struct {
	http.ResponseWriter
	status  int
	written bool
}

func (l *lazy) Written() bool        { return l.written }
func (l *lazy) WriteHeader(code int) { l.status = code }
func (l *lazy) Write(p []byte) (int, error) {
	if !l.written {
		l.written = true
		l.ResponseWriter.WriteHeader(l.status)
	}
	return l.ResponseWriter.Write(p)
}

func TestWritersWithoutRecorder(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	w := httptest.NewRecorder()
	problem.Respond(w, r, problem.NotFound)
	if w.Code != 404 || decode(t, w).Code != "not_found" {
		t.Errorf("Respond on a bare writer = %d %s, want RFC 9457", w.Code, w.Body)
	}

	w = httptest.NewRecorder()
	problem.Respond(&lazy{ResponseWriter: w}, httptest.NewRequest(http.MethodHead, "/", nil), problem.NotFound)
	if w.Code != 404 || w.Body.Len() > 0 {
		t.Errorf("HEAD on a lazy writer = %d %q, want that a write of nothing commits 404", w.Code, w.Body)
	}

	w = httptest.NewRecorder()
	value := catch(func() {
		problem.Respond(&lazy{ResponseWriter: w, written: true}, r, problem.NotFound)
	})
	if value != http.ErrAbortHandler {
		t.Errorf("Respond after Written = %v, want a panic with http.ErrAbortHandler", value)
	}
	if w.Body.Len() > 0 {
		t.Errorf("Respond after Written appended %q", w.Body)
	}
}

// catch returns what f panics with.
func catch(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

func TestAnErrAbortHandlerAborts(t *testing.T) {
	for name, err := range map[string]error{
		"plain":   http.ErrAbortHandler,
		"wrapped": problem.Internal.Wrap(http.ErrAbortHandler, ""),
		"joined":  errors.Join(io.EOF, http.ErrAbortHandler),
	} {
		for _, begun := range []bool{false, true} {
			var book logbook
			p := problem.New(problem.Config{Logger: book.logger()})
			s := server(t, p.Handler(problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
				if begun {
					io.WriteString(w, "0123456789")
				}
				return err
			})), false)
			_, got, err := fetch(t, s, http.MethodGet)
			if begun && (string(got) != "0123456789" || !errors.Is(err, io.ErrUnexpectedEOF)) {
				t.Errorf("%s: the client read %q, %v, want what was begun and an unexpected EOF", name, got, err)
			}
			if !begun && (len(got) > 0 || !errors.Is(err, io.EOF)) {
				t.Errorf("%s: the client read %q, %v, want not a byte", name, got, err)
			}
			s.Close()
			if records := book.all(); len(records) > 0 {
				t.Errorf("%s, begun %v: logged %v, want nothing", name, begun, records)
			}
		}
	}
}

func TestAHijackedConnectionIsLeftAlone(t *testing.T) {
	var book logbook
	var event *problem.Event
	p := problem.New(problem.Config{Logger: book.logger(), OnError: func(_ context.Context, e *problem.Event) { event = e }})
	h, done := watched(p.Handler(problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return nil
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		return io.EOF
	})))
	s := server(t, h, false)
	resp, _, err := fetch(t, s, http.MethodGet)
	if err != nil || resp.StatusCode != http.StatusNoContent {
		t.Errorf("the client read %v, %v, want what was written to the connection", resp, err)
	}
	s.Close()
	<-done // Close does not wait for hijacked connections
	if r := book.one(t); r["hijacked"] != "true" {
		t.Errorf("logged %v, want hijacked", r)
	}
	if event == nil || !event.Hijacked {
		t.Errorf("event = %+v, want one that says hijacked", event)
	}
}

// compressor is what gzip middlewares have in common. With early it sets
// Content-Encoding before the handler runs, otherwise with the first byte.
func compressor(early bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		z := &gzipWriter{ResponseWriter: w, zip: gzip.NewWriter(w), early: early}
		if early {
			w.Header().Set("Content-Encoding", "gzip")
		}
		next.ServeHTTP(z, r)
		z.zip.Close()
	})
}

type gzipWriter struct {
	http.ResponseWriter
	zip   *gzip.Writer
	early bool
}

func (g *gzipWriter) Unwrap() http.ResponseWriter { return g.ResponseWriter }

func (g *gzipWriter) WriteHeader(status int) {
	g.Header().Del("Content-Length")
	if !g.early {
		g.Header().Set("Content-Encoding", "gzip")
	}
	g.ResponseWriter.WriteHeader(status)
}

func (g *gzipWriter) Write(p []byte) (int, error) { return g.zip.Write(p) }

func TestContentEncoding(t *testing.T) {
	p := problem.New(problem.Config{Logger: silent})
	for _, early := range []bool{false, true} {
		for name, h := range map[string]http.Handler{
			"outside": compressor(early, p.Handler(returning(problem.NotFound))),
			"between": p.Handler(compressor(early, returning(problem.NotFound))),
		} {
			s := server(t, h, false)
			resp, got, err := fetch(t, s, http.MethodGet) // the Transport decompresses
			if err != nil || resp.StatusCode != 404 || !resp.Uncompressed || !strings.HasPrefix(string(got), `{"type"`) {
				t.Errorf("compressor %s, early %v: the client read %v %q, %v, want a decodable envelope", name, early, resp, got, err)
			}
		}
	}
	// What the handler itself has encoded is not what we send.
	w := serve(problem.Config{}, httptest.NewRequest(http.MethodGet, "/", nil), problem.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Content-Encoding", "br")
			return problem.NotFound
		}))
	if got := w.Header().Get("Content-Encoding"); got != "" {
		t.Errorf("a handler's own Content-Encoding %q stayed on an answer that is not encoded", got)
	}
}

func TestAForeignWriterInBetween(t *testing.T) {
	// The inner recorder has rendered what the buffer in between still holds.
	var book logbook
	var held strings.Builder
	w := serve(problem.Config{Logger: book.logger()}, httptest.NewRequest(http.MethodGet, "/", nil),
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b := &buffering{ResponseWriter: w, held: &held}
			returning(problem.NotFound).ServeHTTP(b, r)
			problem.Respond(w, r, problem.Internal)
			io.WriteString(w, held.String())
		}))
	if strings.Count(w.Body.String(), "about:blank") != 1 || decode(t, w).Code != "not_found" {
		t.Errorf("a second error below a buffering writer gives %s, want the first answer alone", w.Body)
	}
	if records := book.all(); len(records) != 2 || records[1]["level"] != "DEBUG" {
		t.Errorf("logged %v, want a Debug line for the second error", records)
	}
}

// buffering keeps bodies.
type buffering struct {
	http.ResponseWriter
	held *strings.Builder
}

func (b *buffering) Unwrap() http.ResponseWriter { return b.ResponseWriter }
func (b *buffering) Write(p []byte) (int, error) { return b.held.Write(p) }

func TestEncodersThatFail(t *testing.T) {
	failing := func(dst []byte, v *problem.View) ([]byte, error) {
		if v.Kind != problem.Internal {
			return append(dst, "half"...), errors.New("encoder: secret")
		}
		return append(dst, "plain: "+v.Message...), nil
	}
	panicky := func(dst []byte, v *problem.View) ([]byte, error) {
		if v.Kind != problem.Internal || len(v.Details) > 0 {
			panic("encoder: secret")
		}
		return append(dst, "plain: "+v.Message...), nil
	}
	var broken atomic.Bool
	dead := func(dst []byte, v *problem.View) ([]byte, error) {
		if broken.Load() {
			return nil, errors.New("encoder: secret")
		}
		return append(dst, "constant"...), nil
	}
	rich := problem.RateLimited.New("Slow down").WithDetail("a", 1).WithRetryAfter(1)
	for name, c := range map[string]struct {
		encoder func([]byte, *problem.View) ([]byte, error)
		err     error
		want    string
	}{
		"an error":                      {failing, rich, "plain: An unexpected error occurred"},
		"a panic":                       {panicky, rich, "plain: An unexpected error occurred"},
		"a panic for an Internal":       {panicky, problem.Internal.New("").WithDetail("a", 1), "plain: An unexpected error occurred"},
		"nothing works any longer":      {dead, rich, "constant"},
		"not even for a plain Internal": {dead, io.EOF, "constant"},
	} {
		broken.Store(false)
		var book logbook
		p := problem.New(problem.Config{Style: plainStyle(c.encoder), Logger: book.logger()})
		broken.Store(true)
		w := httptest.NewRecorder()
		p.Handler(returning(c.err)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != 500 || w.Body.String() != c.want || w.Header().Get("Content-Type") != "text/plain" {
			t.Errorf("%s: answered %d %q, want 500 %q", name, w.Code, w.Body, c.want)
		}
		if w.Header().Get("Retry-After") != "" {
			t.Errorf("%s: the answer has a Retry-After, which its body knows nothing of", name)
		}
		if r := book.one(t); r["level"] != "ERROR" || !strings.Contains(r["encoder"], "secret") {
			t.Errorf("%s: logged %v, want level ERROR and the encoder's error", name, r)
		}
	}
}

// What a style returns is the style's: nothing is appended to it later on.
func TestAStyleMayReturnAConstant(t *testing.T) {
	constant := append(make([]byte, 0, 100), "constant"...)
	calls := 0
	p := problem.New(problem.Config{Logger: silent, Style: plainStyle(func(dst []byte, _ *problem.View) ([]byte, error) {
		if calls++; calls%2 == 0 {
			return constant, nil
		}
		return append(dst, "overwritten"...), nil
	})})
	for range 8 {
		w := httptest.NewRecorder()
		p.Respond(w, httptest.NewRequest(http.MethodGet, "/", nil), problem.Gone)
		if got := w.Body.String(); got != "constant" && got != "overwritten" {
			t.Errorf("body = %q", got)
		}
	}
	if string(constant) != "constant" {
		t.Errorf("the style's constant has become %q", constant)
	}
}

func TestAClientThatLeftGetsNoEnvelope(t *testing.T) {
	w := serve(problem.Config{}, httptest.NewRequest(http.MethodGet, "/", nil), problem.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Content-Type", "image/png")
			w.Header().Set("Etag", "x")
			return problem.ClientClosed
		}))
	if w.Code != 499 || w.Body.Len() > 0 {
		t.Errorf("answered %d %q, want 499 and nothing", w.Code, w.Body)
	}
	if got := headerNames(w.Header()); got != "Content-Length" || w.Header().Get("Content-Length") != "0" {
		t.Errorf("headers = %s, want a Content-Length of 0 alone", got)
	}
}

func TestAClientThatLeavesARealServer(t *testing.T) {
	var book logbook
	entered := make(chan struct{})
	p := problem.New(problem.Config{Logger: book.logger()})
	h, done := watched(p.Handler(problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
		close(entered)
		<-r.Context().Done()
		return r.Context().Err()
	})))
	s := server(t, h, false)
	conn := dial(t, s)
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	<-entered
	conn.Close()
	<-done
	if r := book.one(t); r["level"] != "DEBUG" || r["status"] != "499" || r["kind"] != "client_closed" {
		t.Errorf("logged %v, want a Debug line with 499", r)
	}
}

func TestA5xxIsFlushedBeforeTheHook(t *testing.T) {
	release := make(chan struct{})
	p := problem.New(problem.Config{Logger: silent, OnError: func(context.Context, *problem.Event) { <-release }})
	s := server(t, p.Handler(returning(problem.Unavailable)), false)
	conn := dial(t, s)
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil) // while the hook blocks
	if err != nil || resp.StatusCode != 503 {
		t.Errorf("while the hook blocks the client read %v, %v, want 503", resp, err)
	}
	close(release)
}

func TestInnermostResponderAnswers(t *testing.T) {
	inner := problem.RFC9457
	inner.Name, inner.ContentType = "inner", "application/vnd.inner+json"
	in := problem.New(problem.Config{Style: inner, Logger: silent})
	w := serve(problem.Config{}, httptest.NewRequest(http.MethodGet, "/", nil), http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			in.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
			problem.Respond(w, r, problem.NotFound) // on the way out, as a Recover would
		}))
	if got := w.Header().Get("Content-Type"); got != inner.ContentType {
		t.Errorf("after an inner responder was reached, Content-Type = %s, want %s", got, inner.ContentType)
	}
}
