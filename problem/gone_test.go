package problem_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/textproto"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// ends is the summary and the log record of a request.
type ends struct {
	sum    *middleware.Summary
	record map[string]string
}

// interrupt sends a request, and leaves as soon as the handler runs: it cancels the request,
// or it breaks the connection.
func interrupt(t *testing.T, http2, sends, breaks bool, outer func(http.Handler) http.Handler, h func(http.ResponseWriter, *http.Request) error) ends {
	t.Helper()
	var book logbook
	running, ended := make(chan struct{}), make(chan *middleware.Summary, 1)
	errs := problem.New(problem.Config{Logger: book.logger(), OnError: func(_ context.Context, e *problem.Event) {
		t.Errorf("the hook is called with %v, want no call for a client that left", e.Cause)
	}})
	s := server(t, middleware.Chain(
		outer, middleware.Observe(func(_ *http.Request, sum *middleware.Summary) { ended <- sum }), middleware.Standard(errs),
	)(problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		close(running)
		return h(w, r)
	})), http2)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	conns := make(chan net.Conn, 9)
	s.Client().Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		conns <- conn
		return conn, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, rest := io.Pipe()
	if sends {
		r.Body = body
		go rest.Write([]byte("begin"))
	}
	go func() {
		<-running
		if breaks {
			(<-conns).Close()
		} else {
			cancel()
		}
		rest.CloseWithError(context.Canceled)
	}()
	if resp, err := s.Client().Do(r); err == nil {
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	select {
	case sum := <-ended:
		return ends{sum, book.one(t)}
	case <-time.After(10 * time.Second):
		t.Fatal("the exchange does not end")
		return ends{}
	}
}

// If a client leaves while a body is read or written, the service has not failed, whatever the
// error of the connection is.
func TestClientThatLeavesIsNoFailure(t *testing.T) {
	const sending, waiting = "while it sends", "while it sends, and the handler waits for the news"
	for name, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		sending: func(_ http.ResponseWriter, r *http.Request) error {
			_, err := io.ReadAll(r.Body)
			return fmt.Errorf("read: %w", err)
		},
		waiting: func(_ http.ResponseWriter, r *http.Request) error {
			_, err := io.ReadAll(r.Body)
			<-r.Context().Done()
			return fmt.Errorf("read: %w", err)
		},
		"while it receives": func(w http.ResponseWriter, _ *http.Request) error {
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return fmt.Errorf("copy: %w", err)
				}
			}
		},
		"while it receives events": func(w http.ResponseWriter, _ *http.Request) error {
			for {
				io.WriteString(w, "data: x\n\n")
				if err := http.NewResponseController(w).Flush(); err != nil {
					return fmt.Errorf("flush: %w", err)
				}
			}
		},
		"while it receives, with a panic": func(w http.ResponseWriter, _ *http.Request) error {
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					panic(err)
				}
			}
		},
		"while the handler waits": func(_ http.ResponseWriter, r *http.Request) error {
			<-r.Context().Done()
			return r.Context().Err()
		},
	} {
		for _, http2 := range []bool{false, true} {
			for _, breaks := range []bool{false, true} {
				if breaks && name == sending {
					continue // over HTTP/2 a read may fail before the context is canceled
				}
				e := interrupt(t, http2, name == sending || name == waiting, breaks, middleware.Chain(), h)
				if !e.sum.Failed || e.sum.Kind != problem.ClientClosed || e.record["level"] != "DEBUG" || e.record["kind"] != "client_closed" {
					t.Errorf("%s, HTTP/2 %t, with its connection %t: the summary is %+v and the record %v, want client_closed at Debug", name, http2, breaks, e.sum, e.record)
				}
			}
		}
	}
}

// The same, if an outer writer hides the methods of the connection.
func TestClientThatLeavesBehindAWriterThatHides(t *testing.T) {
	hiding := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(struct{ http.ResponseWriter }{w}, r) })
	}
	for _, http2 := range []bool{false, true} {
		e := interrupt(t, http2, true, false, hiding, func(_ http.ResponseWriter, r *http.Request) error {
			_, err := io.ReadAll(r.Body)
			return fmt.Errorf("read: %w", err)
		})
		if e.sum.Kind != problem.ClientClosed || e.record["level"] != "DEBUG" {
			t.Errorf("HTTP/2 %t: the summary is %+v and the record %v, want client_closed at Debug", http2, e.sum, e.record)
		}
	}
}

func TestConnectionErrorWhileTheClientIsThereIsOurs(t *testing.T) {
	for _, err := range []error{syscall.EPIPE, syscall.ECONNRESET, io.ErrUnexpectedEOF, net.ErrClosed, http.ErrBodyReadAfterClose} {
		if w := respond(problem.Config{}, fmt.Errorf("upstream: %w", err)); w.Code != 500 {
			t.Errorf("%v of an upstream is answered %d, want 500", err, w.Code)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
		if w := serve(problem.Config{}, r, returning(err)); w.Code != 499 {
			t.Errorf("%v after the client has left is answered %d, want 499", err, w.Code)
		}
		if w := serve(problem.Config{}, r, returning(problem.Conflict.Wrap(err, ""))); w.Code != 409 {
			t.Errorf("a Conflict because of %v is answered %d, want 409", err, w.Code)
		}
	}
}

// Over HTTP/2 the errors of a writer have no type, so this one could look like a client that
// left.
func TestHandlerThatWritesTooMuchFails(t *testing.T) {
	var book logbook
	h, done := watched(middleware.Standard(problem.New(problem.Config{Logger: book.logger()}))(problem.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "01234")
			http.NewResponseController(w).Flush()
			_, err := io.WriteString(w, "56789")
			return err
		})))
	fetch(t, server(t, h, true), http.MethodGet)
	<-done
	if r := book.one(t); r["kind"] != "internal" || r["level"] != "ERROR" {
		t.Errorf("a handler that writes more than it has declared is logged as %v, want an internal error", r)
	}
}

// An error that comes after the client has left, but not because of that, is a failure of the
// service.
func TestFailureAfterTheClientHasLeftIsOurs(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, err := range map[string]error{
		"a panic":                     problem.Internal.Wrap(panicked{}, ""),
		"the end of other data":       fmt.Errorf("decode: %w", io.EOF),
		"an error of another request": errors.New("no route"),
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("")).WithContext(ctx)
		r.ProtoMajor = 2
		if w := serve(problem.Config{}, r, returning(err)); w.Code != 500 {
			t.Errorf("%s after the client has left is answered %d, want 500", name, w.Code)
		}
	}
}

// If a client sends its body too slowly, the answer is 408. Other deadlines are 504.
func TestSlowClientIsARequestTimeout(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		s := server(t, problem.New(problem.Config{Logger: silent}).Handler(problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			http.NewResponseController(w).SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			_, err := io.ReadAll(r.Body)
			return fmt.Errorf("read: %w", err)
		})), http2)
		if http2 {
			pr, pw := io.Pipe()
			defer pw.Close()
			resp, err := s.Client().Post(s.URL, "text/plain", pr)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != 408 {
				t.Errorf("HTTP/2: a slow client gets %d, want 408", resp.StatusCode)
			}
			continue
		}
		if status := slowly(t, s); status != 408 {
			t.Errorf("HTTP/1: a slow client gets %d, want 408", status)
		}
	}
	slow := fmt.Errorf("read: %w", os.ErrDeadlineExceeded)
	for _, c := range []struct {
		rule  string
		proto int
		body  io.ReadCloser
		err   error
		want  int
	}{
		{"over HTTP/2 the error has no address", 2, io.NopCloser(strings.NewReader("x")), slow, 408},
		{"HTTP/1 does", 1, io.NopCloser(strings.NewReader("x")), slow, 504},
		{"a request without a body", 2, http.NoBody, slow, 504},
		{"a request whose Body is nil", 2, nil, slow, 504},
		{"the deadline of a file", 2, io.NopCloser(strings.NewReader("x")), &fs.PathError{Op: "read", Path: "pipe", Err: os.ErrDeadlineExceeded}, 504},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.ProtoMajor, r.Body = c.proto, c.body
		if w := serve(problem.Config{}, r, returning(c.err)); w.Code != c.want {
			t.Errorf("%s: answered %d, want %d", c.rule, w.Code, c.want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil) // from 192.0.2.1:1234
	client, db := net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:1234")), net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.2:5432"))
	for _, c := range []struct {
		op   string
		addr net.Addr
		want int
	}{{"read", client, 408}, {"write", client, 504}, {"read", db, 504}, {"read", nil, 504}} {
		err := &net.OpError{Op: c.op, Net: "tcp", Addr: c.addr, Err: os.ErrDeadlineExceeded}
		if w := serve(problem.Config{}, r, returning(fmt.Errorf("x: %w", err))); w.Code != c.want {
			t.Errorf("the deadline of a %s at %v is answered %d, want %d", c.op, c.addr, w.Code, c.want)
		}
	}
}

// slowly sends a part of a body over HTTP/1, and returns the status of the answer.
func slowly(t *testing.T, s *httptest.Server) int {
	t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// A middleware may replace RemoteAddr by an address from the header of a proxy. A slow client
// is recognised all the same.
func TestSlowClientBehindAProxy(t *testing.T) {
	s := server(t, problem.New(problem.Config{Logger: silent}).Handler(problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		r.RemoteAddr = "198.51.100.7"
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		_, err := io.ReadAll(r.Body)
		return err
	})), false)
	if status := slowly(t, s); status != 408 {
		t.Errorf("a slow client is answered %d, want 408", status)
	}
}

// Errors of the standard library about the request are converted by their type.
func TestErrorsThatAreAboutTheRequest(t *testing.T) {
	_, escape := url.ParseQuery("a=%zz")
	_, cookie := httptest.NewRequest(http.MethodGet, "/", nil).Cookie("session")
	_, _, file := httptest.NewRequest(http.MethodGet, "/", nil).FormFile("upload")
	plain := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x"))
	plain.Header.Set("Content-Type", "text/plain")
	bare := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x"))
	bare.Header.Set("Content-Type", "multipart/form-data")
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"a file that is missing", http.ErrMissingFile, 400},
		{"a file in no form", file, 415},
		{"a cookie that is missing", cookie, 400},
		{"no multipart body", plain.ParseMultipartForm(1), 415},
		{"a multipart body without boundary", bare.ParseMultipartForm(1), 415},
		{"a form that is too large", multipart.ErrMessageTooLarge, 413},
		{"a malformed escape", escape, 400},
		{"a malformed host", url.InvalidHostError("a b"), 400},
	} {
		if c.err == nil {
			t.Fatalf("%s is no error", c.name)
		}
		if w := respond(problem.Config{}, fmt.Errorf("handler: %w", c.err)); w.Code != c.want {
			t.Errorf("%s (%v) is answered %d, want %d", c.name, c.err, w.Code, c.want)
		}
		if w := respond(problem.Config{}, errors.Join(problem.UpstreamFailed, c.err)); w.Code != 502 {
			t.Errorf("%s beside a kind of the handler is answered %d, want 502", c.name, w.Code)
		}
	}
}

// A malformed form is the fault of the client, even if the error of the standard library has
// no type.
func TestErrorsOfForms(t *testing.T) {
	const form, many = "application/x-www-form-urlencoded", 20_000
	for _, c := range []struct {
		name, query, contentType, body string
		want                           int
	}{
		{"a semicolon in the query", "a=1;b=2", "", "", 400},
		{"a semicolon in the body", "", form, "a=1;b=2", 400},
		{"a malformed escape", "a=%zz", "", "", 400},
		{"too many parameters", strings.Repeat("a&", many), "", "", 400},
		{"more than net/http reads", "", form, strings.Repeat("a", 10<<20+1), 413},
		{"a malformed parameter of the type", "", form + "; =", "a=1", 415},
		{"a parameter of the type twice", "", form + "; a=1; a=2", "a=1", 415},
		{"no type", "", ";;;", "a=1", 415},
		{"a type that ends in a slash", "", "application/", "a=1", 415},
		{"multipart without a boundary", "", "multipart/form-data", "a=1", 415},
		{"multipart without an end", "", "multipart/form-data; boundary=x", "--x", 400},
		{"multipart with a part that has no header", "", "multipart/form-data; boundary=x", "--x\r\nno colon\r\n\r\n--x--", 400},
	} {
		r := httptest.NewRequest(http.MethodPost, "/?"+c.query, strings.NewReader(c.body))
		if c.contentType != "" {
			r.Header.Set("Content-Type", c.contentType)
		}
		err := r.ParseForm()
		if strings.HasPrefix(c.contentType, "multipart/") {
			err = r.ParseMultipartForm(1 << 10)
		}
		if err == nil {
			t.Errorf("%s is no error", c.name)
			continue
		}
		w := serve(problem.Config{}, r, returning(fmt.Errorf("read the form: %w", err)))
		if w.Code != c.want {
			t.Errorf("%s (%v) is answered %d, want %d", c.name, err, w.Code, c.want)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/json")
	_, _, err := mime.ParseMediaType(";;;")
	for _, err := range []error{err, textproto.ProtocolError("short response"), io.EOF} {
		if w := serve(problem.Config{}, r, returning(err)); w.Code != 500 {
			t.Errorf("%v, which is not about the request, is answered %d, want 500", err, w.Code)
		}
	}
}
