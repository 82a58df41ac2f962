package middleware_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// These tests need a connection. The module internal/routers has the same tests for other
// routers and protocols.

func TestPanicCutsAnAnswerThatHasBegun(t *testing.T) {
	for name, value := range map[string]any{"a panic": "boom", "an abort": http.ErrAbortHandler} {
		events := make(chan *problem.Event, 1)
		errs := quiet(func(e *problem.Event) { events <- e })
		srv := httptest.NewServer(middleware.Standard(errs)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "0123456789")
			panic(value)
		})))
		resp, err := http.Get(srv.URL)
		if err != nil {
			t.Fatalf("%s: Get = %v, want the begin of an answer", name, err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		srv.Close()
		if string(b) != "0123456789" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: the body is %q (%v), want ten bytes and unexpected EOF", name, b, err)
		}
		if want := map[string]int{"a panic": 1}[name]; len(events) != want {
			t.Errorf("%s: the hook has run %d times, want %d", name, len(events), want)
		}
	}
}

// For an old client, an answer of unknown length ends when the connection is closed. So an
// answer that is cut must end with a reset of the connection.
func TestCutWithoutAnEndIsAReset(t *testing.T) {
	begin := func(w http.ResponseWriter) { io.WriteString(w, "0123456789") }
	for name, h := range map[string]http.HandlerFunc{
		"a panic":  func(w http.ResponseWriter, _ *http.Request) { begin(w); panic("boom") },
		"an abort": func(w http.ResponseWriter, _ *http.Request) { begin(w); panic(http.ErrAbortHandler) },
		"an exit":  func(w http.ResponseWriter, _ *http.Request) { begin(w); runtime.Goexit() },
		"a second answer": problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
			begin(w)
			return problem.Conflict
		}).ServeHTTP,
		"a panic, and identity": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Transfer-Encoding", "identity")
			begin(w)
			panic("boom")
		},
	} {
		plain, secure := httptest.NewUnstartedServer(nil), httptest.NewUnstartedServer(nil)
		for _, srv := range []*httptest.Server{plain, secure} {
			srv.Config.Handler = middleware.Standard(quiet(func(*problem.Event) {}))(h)
			srv.Config.ErrorLog = log.New(failing{t}, "", 0)
		}
		plain.Start()
		secure.StartTLS()
		dials := map[string]func() (net.Conn, error){
			"TCP": func() (net.Conn, error) { return net.Dial("tcp", plain.Listener.Addr().String()) },
			"TLS": func() (net.Conn, error) {
				return tls.Dial("tcp", secure.Listener.Addr().String(), secure.Client().Transport.(*http.Transport).TLSClientConfig)
			},
		}
		for over, dial := range dials {
			conn, err := dial()
			if err != nil {
				t.Fatal(err)
			}
			version := "1.0"
			if strings.Contains(name, "identity") {
				version = "1.1"
			}
			io.WriteString(conn, "GET / HTTP/"+version+"\r\nHost: x\r\n\r\n")
			if b, err := io.ReadAll(conn); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s over %s ends %q with %v, want a reset", name, over, b, err)
			}
			conn.Close()
		}
		plain.Close()
		secure.Close()
	}
}

// failing is the log of a server that must not log anything.
type failing struct{ t *testing.T }

func (f failing) Write(p []byte) (int, error) {
	f.t.Errorf("net/http logs %q, want nothing", p)
	return len(p), nil
}

func TestAbortBeforeWritingSendsNothing(t *testing.T) {
	srv := httptest.NewServer(middleware.Standard(quiet(func(*problem.Event) { t.Error("the hook runs") }))(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })))
	defer srv.Close()
	if resp, err := http.Post(srv.URL, "text/plain", strings.NewReader("x")); err == nil {
		resp.Body.Close()
		t.Errorf("the answer is %d, want none", resp.StatusCode)
	}
}

func TestPanicAfterHijackClosesTheConnection(t *testing.T) {
	for name, value := range map[string]any{"a panic": "boom", "an abort": http.ErrAbortHandler} {
		var got *middleware.Summary
		ended := make(chan struct{})
		observe := middleware.Observe(func(_ *http.Request, s *middleware.Summary) { got = s; close(ended) })
		srv := httptest.NewServer(middleware.Chain(observe, middleware.Standard(quiet(func(*problem.Event) {})))(
			http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if _, _, err := w.(http.Hijacker).Hijack(); err != nil {
					t.Errorf("Hijack = %v", err)
				}
				w.WriteHeader(200) // has no effect, and is not logged
				if _, err := io.WriteString(w, "x"); !errors.Is(err, http.ErrHijacked) {
					t.Errorf("Write = %v, want ErrHijacked", err)
				}
				if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrHijacked) {
					t.Errorf("Flush = %v, want ErrHijacked", err)
				}
				panic(value)
			})))
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(10 * time.Second)) // in case it stays open
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if b, err := io.ReadAll(conn); err != nil || len(b) > 0 {
			t.Errorf("%s: the client reads %q (%v), want the end of the connection", name, b, err)
		}
		<-ended
		conn.Close()
		srv.Close()
		if !got.Hijacked || got.Status != 0 {
			t.Errorf("%s: the summary is %+v, want it hijacked, without a status", name, got)
		}
	}
}

// unwrapping is a foreign writer whose only optional method is Unwrap.
type unwrapping struct{ w http.ResponseWriter }

func (u unwrapping) Header() http.Header         { return u.w.Header() }
func (u unwrapping) Write(p []byte) (int, error) { return u.w.Write(p) }
func (u unwrapping) WriteHeader(status int)      { u.w.WriteHeader(status) }
func (u unwrapping) Unwrap() http.ResponseWriter { return u.w }

func TestHijackThroughAForeignWriterIsSeen(t *testing.T) {
	for name, leave := range map[string]func() error{
		"a panic":          func() error { panic("boom") },
		"a returned error": func() error { return errors.New("boom") },
		"an exit":          func() error { runtime.Goexit(); return nil },
	} {
		events, ended := make(chan *problem.Event, 1), make(chan *middleware.Summary, 1)
		observe := middleware.Observe(func(_ *http.Request, s *middleware.Summary) { ended <- s })
		h := middleware.Chain(observe, middleware.Standard(quiet(func(e *problem.Event) { events <- e })))(
			problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Errorf("Hijack = %v, want the connection", err)
					return err
				}
				if name == "a returned error" {
					defer conn.Close() // a handler that returns closes the connection itself
				}
				return leave()
			}))
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(unwrapping{w}, r) }))
		srv.Config.ErrorLog = log.New(failing{t}, "", 0)
		srv.Start()
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(10 * time.Second)) // in case it stays open
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if b, err := io.ReadAll(conn); err != nil || len(b) > 0 {
			t.Errorf("%s: the client reads %q (%v), want the end of the connection", name, b, err)
		}
		if s := <-ended; !s.Hijacked {
			t.Errorf("%s: the summary is %+v, want it hijacked", name, s)
		}
		if len(events) != 1 {
			t.Errorf("%s: the hook has run %d times, want once", name, len(events))
		}
		conn.Close()
		srv.Close()
	}
}

func TestPanicBecauseTheClientHasLeftIsA499(t *testing.T) {
	running, ended := make(chan struct{}), make(chan *middleware.Summary, 1)
	observe := middleware.Observe(func(_ *http.Request, s *middleware.Summary) { ended <- s })
	hook := func(*problem.Event) { t.Error("the hook runs for a client that left") }
	srv := httptest.NewServer(middleware.Chain(observe, middleware.Standard(quiet(hook)))(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(running)
			<-r.Context().Done()
			panic(r.Context().Err())
		})))
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-running
		cancel()
	}()
	r, err := http.NewRequestWithContext(ctx, "GET", srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(r); err == nil {
		resp.Body.Close()
		t.Error("the request that was canceled is answered")
	}
	if s := <-ended; s.Status != 499 || s.Kind != problem.ClientClosed || !s.Failed {
		t.Errorf("the summary is %+v, want a failed 499", s)
	}
}
