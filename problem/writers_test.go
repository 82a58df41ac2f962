package problem_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/problem"
)

// lazy is a writer like that of gin. It reports whether something was written, and it writes the
// header only with the first write of the body.
type lazy struct {
	http.ResponseWriter
	status  int
	written bool
}

func (l *lazy) Written() bool { return l.written }

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
		t.Errorf("HEAD on a lazy writer = %d %q, want 404, sent by an empty write", w.Code, w.Body)
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

// broken is a foreign writer that panics.
type broken struct{ http.ResponseWriter }

func (broken) WriteHeader(int) { panic("broken writer") }

func TestAFailureIsReportedThoughTheWriterPanics(t *testing.T) {
	var book logbook
	cause := errors.New("root cause")
	var events []*problem.Event
	p := problem.New(problem.Config{
		Logger:  book.logger(),
		OnError: func(_ context.Context, e *problem.Event) { events = append(events, e) },
	})
	for range 2 { // the second failure may use the memory of the first
		value := catch(func() {
			p.Respond(broken{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, "/", nil), cause)
		})
		if value != "broken writer" {
			t.Errorf("Respond on a writer that panics = %v, want the panic of the writer", value)
		}
	}
	records := book.all()
	if len(records) != 2 || records[0]["level"] != "ERROR" || records[0]["cause"] != "root cause" {
		t.Errorf("two failures on a writer that panics are logged as %v, want one Error record each, with the cause", records)
	}
	if len(events) != 2 || events[0].Cause != cause {
		t.Errorf("two failures on a writer that panics make the events %v, want one each, with the cause", events)
	}
}

// compressor is a simple gzip middleware. With early it sets Content-Encoding before the
// handler runs, otherwise with the first byte.
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
			if err != nil || resp.StatusCode != 404 || resp.Uncompressed != (name == "outside") || !strings.HasPrefix(string(got), `{"type"`) {
				t.Errorf("compressor %s, early %v: the client read %v %q, %v, want a decodable envelope", name, early, resp, got, err)
			}
		}
	}
	// A handler may set Content-Encoding for a body of its own. The envelope is not encoded.
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
	// The inner error is rendered, but the buffer still holds it when the second error comes.
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
		t.Errorf("after a second error below a buffering writer the answer is %s, want only the first", w.Body)
	}
	if records := book.all(); len(records) != 2 || records[1]["level"] != "DEBUG" {
		t.Errorf("logged %v, want a Debug line for the second error", records)
	}
}

// buffering is a writer that keeps the body until the handler returns.
type buffering struct {
	http.ResponseWriter
	held *strings.Builder
}

func (b *buffering) Unwrap() http.ResponseWriter { return b.ResponseWriter }

func (b *buffering) Write(p []byte) (int, error) { return b.held.Write(p) }
