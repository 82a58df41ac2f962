package middleware_test

import (
	"bufio"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// hiding is a middleware whose writer has no optional interface, like many that count
// requests.
func hiding(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
	})
}

// Somebody further out may have begun the answer, and hides the writer.
func TestErrorAfterAPrefixOfSomebodyElse(t *testing.T) {
	errs := quiet(func(*problem.Event) {})
	for name, around := range map[string]mw{"Standard": middleware.Standard(errs), "a responder": errs.Handler} {
		w, err := fetch(around(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "[")
			hiding(problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return problem.Conflict })).ServeHTTP(w, r)
		})))
		if w.Body.String() != "[" || err == nil {
			t.Errorf("within %s: the answer is %q (%v), want the prefix and a cut", name, w.Body, err)
		}
	}
}

// Bytes to a HEAD commit nothing, in a buffer as well.
func TestHeadInABuffer(t *testing.T) {
	srv := httptest.NewServer(middleware.Standard(quiet(func(*problem.Event) {}))(inTime(problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		io.WriteString(w, "half")
		return problem.Conflict
	}))))
	defer srv.Close()
	resp, err := http.Head(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 409 || resp.Header.Get("Content-Type") != "application/problem+json" || resp.ContentLength < 100 {
		t.Errorf("the answer is %d %v, want the head of the envelope of a 409", resp.StatusCode, resp.Header)
	}
}

func inTime(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Minute, "") }

// An error behind a writer without optional interfaces is answered with a whole envelope, or
// the answer is cut. The client never gets an envelope after other bytes.
func TestErrorBehindAWriterThatHides(t *testing.T) {
	const half = `{"items":[1,2,`
	begin := map[string]struct {
		do   func(http.ResponseWriter)
		want int // 0 means that the answer is cut
	}{
		"bytes":                  {func(w http.ResponseWriter) { io.WriteString(w, half) }, 0},
		"a status with a body":   {func(w http.ResponseWriter) { w.WriteHeader(201) }, 0},
		"a redirect":             {func(w http.ResponseWriter) { w.WriteHeader(303) }, 0},
		"an undecided error":     {func(w http.ResponseWriter) { w.WriteHeader(404) }, 409},
		"a text by http.Error":   {func(w http.ResponseWriter) { http.Error(w, "no", 400) }, 409},
		"a status without body":  {func(w http.ResponseWriter) { w.WriteHeader(204) }, 409},
		"not modified":           {func(w http.ResponseWriter) { w.WriteHeader(304) }, 409},
		"a declared length of 0": {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "0"); w.WriteHeader(201) }, 409},
		"nothing":                {func(http.ResponseWriter) {}, 409},
	}
	for name, b := range begin {
		for writer, between := range map[string]func(http.Handler) http.Handler{
			"hiding": hiding, "TimeoutHandler": inTime, "both": middleware.Chain(hiding, inTime), "both, the other way round": middleware.Chain(inTime, hiding),
			"hiding, with a recorder": middleware.Chain(hiding, middleware.Recover()),
		} {
			events := make(chan *problem.Event, 9)
			errs := quiet(func(e *problem.Event) { events <- e })
			w, err := fetch(middleware.Chain(middleware.Standard(errs), between)(http.HandlerFunc(
				func(w http.ResponseWriter, r *http.Request) {
					b.do(w)
					problem.Respond(w, r, problem.Conflict)
					problem.Respond(w, r, problem.Gone) // has no effect
				})))
			body := w.Body.String()
			whole := err == nil && w.Code == 409 && strings.Count(body, `"status":409`) == 1 && strings.HasPrefix(body, "{\"type\"")
			if !whole && (b.want != 0 || err == nil) {
				t.Errorf("%s behind %s: the answer is %d %q (%v), want the envelope of a 409 or, after a begun answer, a cut", name, writer, w.Code, body, err)
			}
			if len(events) != 1 {
				t.Errorf("%s behind %s: the hook gets %d events, want 1", name, writer, len(events))
			}
		}
	}
}

// A client cannot see that an answer without a body was cut. So such an answer is kept until
// the handler returns, and a failure replaces it.
func TestAnswersThatCannotShowACutAreHeld(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"bytes to a HEAD":        func(w http.ResponseWriter) { io.WriteString(w, "0123456789") },
		"many bytes":             func(w http.ResponseWriter) { w.Write(make([]byte, 100<<10)) },
		"a copy":                 func(w http.ResponseWriter) { io.Copy(w, strings.NewReader("0123456789")) },
		"a declared length of 0": func(w http.ResponseWriter) { w.Header().Set("Content-Length", "0"); w.WriteHeader(201) },
	} {
		for leaving, leave := range map[string]func() error{
			"an error": func() error { return errors.New("lost") },
			"a panic":  func() error { panic("boom") },
			"an exit":  func() error { runtime.Goexit(); return nil },
		} {
			srv := httptest.NewServer(middleware.Standard(quiet(func(*problem.Event) {}))(problem.HandlerFunc(
				func(w http.ResponseWriter, _ *http.Request) error { begin(w); return leave() })))
			method := http.MethodHead
			if name == "a declared length of 0" {
				method = http.MethodGet
			}
			r, err := http.NewRequest(method, srv.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil || resp.StatusCode != 500 {
				t.Errorf("%s, then %s: the answer is %v (%v), want a 500", name, leaving, resp, err)
			}
			if err == nil {
				resp.Body.Close()
			}
			srv.Close()
		}
	}
}

// A status after a hijack reaches net/http, which logs it as a mistake.
func TestStatusAfterAHijackIsTheServersToComplainAbout(t *testing.T) {
	said, wrote := make(chan string, 9), make(chan error, 1)
	srv := httptest.NewUnstartedServer(middleware.Standard(quiet(func(*problem.Event) {}))(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			w.WriteHeader(500)
			_, err = io.WriteString(w, "x")
			wrote <- err
			conn.Close()
		})))
	srv.Config.ErrorLog = log.New(lines(said), "", 0)
	srv.Start()
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	bufio.NewReader(conn).ReadString(0)
	select {
	case line := <-said:
		if !strings.Contains(line, "hijacked") {
			t.Errorf("net/http logs %q, want a line about the hijack", line)
		}
	case <-time.After(10 * time.Second):
		t.Error("net/http logs nothing")
	}
	select {
	case err := <-wrote:
		if err != http.ErrHijacked {
			t.Errorf("a write after a hijack returns %v, want http.ErrHijacked", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("a write after a hijack does not return")
	}
}

// lines sends the lines of a log to a channel.
type lines chan string

func (l lines) Write(p []byte) (int, error) { l <- string(p); return len(p), nil }
