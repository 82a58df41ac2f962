package problem_test

import (
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
				t.Errorf("%s, HTTP/2 %v: an envelope was appended to the answer", name, http2)
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
	// Recover keeps an answer that would not show a client that it was cut. An error may
	// replace such an answer.
	for _, status := range []int{http.StatusNoContent, http.StatusNotModified, http.StatusOK} {
		method := http.MethodGet
		if status == http.StatusOK {
			method = http.MethodHead
		}
		p := problem.New(problem.Config{Logger: silent})
		s := server(t, p.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := exchange.Top(w)
			rec.Guard()
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
				t.Errorf("%s: the client read %q, %v, want the begin of the answer and an unexpected EOF", name, got, err)
			}
			if !begun && (len(got) > 0 || !errors.Is(err, io.EOF)) {
				t.Errorf("%s: the client read %q, %v, want nothing", name, got, err)
			}
			s.Close()
			if records := book.all(); len(records) > 0 {
				t.Errorf("%s, begun %v: logged %v, want nothing", name, begun, records)
			}
		}
	}
}

func TestAnAbortAfterTheAnswerIsTooLate(t *testing.T) {
	p := problem.New(problem.Config{Logger: silent})
	s := server(t, p.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		problem.Respond(w, r, problem.NotFound)
		problem.Respond(w, r, http.ErrAbortHandler)
	})), false)
	if resp, got, err := fetch(t, s, http.MethodGet); err != nil || resp.StatusCode != 404 || len(got) == 0 {
		t.Errorf("the client read %v %q, %v, want the whole answer", resp, got, err)
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
		t.Errorf("the client read %v, %v, want the bytes that were written to the connection", resp, err)
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
		t.Errorf("headers = %s, want only a Content-Length of 0", got)
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
