package client_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/client"
	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/requestid"
)

// quick is the default style with short waits.
var quick = func() problem.Style {
	s := problem.RFC9457
	s.Advice.BaseDelay = time.Millisecond
	return s
}()

// service is a real server that counts requests and connections.
type service struct {
	*httptest.Server
	requests, connections atomic.Int32
}

func serve(t testing.TB, h http.HandlerFunc) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		h(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// calling returns an http.Client with its own Transport and its own connections.
func calling(t testing.TB, cfg client.Config) *http.Client {
	t.Helper()
	if cfg.Base == nil {
		base := &http.Transport{}
		t.Cleanup(base.CloseIdleConnections)
		cfg.Base = base
	}
	if cfg.Style.Name == "" {
		cfg.Style = quick
	}
	return &http.Client{Transport: newTransport(t, cfg)}
}

// fetch sends a request and reads the body. The error is that of the request or of the body.
func fetch(t testing.TB, c *http.Client, req *http.Request) (*http.Response, string, error) {
	t.Helper()
	resp, err := c.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

func request(t testing.TB, method, url, body string, header ...string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return req
}

// hangUp closes the connection without an answer, or resets it.
func hangUp(w http.ResponseWriter, reset bool) {
	conn, _, _ := w.(http.Hijacker).Hijack()
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// TestRepeatedOnTheWire tries servers whose first answer is a failure.
func TestRepeatedOnTheWire(t *testing.T) {
	const envelope = `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"Later","code":"unavailable"}`
	for name, c := range map[string]struct {
		fail     func(http.ResponseWriter, *http.Request)
		method   string
		requests int32
		status   int
	}{
		"an envelope": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(503)
			io.WriteString(w, envelope)
		}, "GET", 2, 200},
		"502 in HTML": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(502)
			io.WriteString(w, "<html><h1>502 Bad Gateway</h1></html>")
		}, "GET", 2, 200},
		"500 in HTML": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "GET", 1, 500},
		"503 to HEAD": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "HEAD", 2, 200},
		"500 to HEAD": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "HEAD", 1, 500},
		"304":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) }, "GET", 1, 304},
		"closed":      {func(w http.ResponseWriter, _ *http.Request) { hangUp(w, false) }, "PUT", 2, 200},
		"reset":       {func(w http.ResponseWriter, _ *http.Request) { hangUp(w, true) }, "PUT", 2, 200},
		"half a header": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nServer: x\r\n")
			conn.Close()
		}, "PUT", 2, 200},
		"half a line": {func(w http.ResponseWriter, _ *http.Request) { // net/http calls that malformed
			conn, _, _ := w.(http.Hijacker).Hijack()
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-")
			conn.Close()
		}, "PUT", 1, 0},
		"no HTTP": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			io.WriteString(conn, "220 smtp.example ESMTP\r\n")
			conn.Close()
		}, "PUT", 1, 0},
		"closed to POST": {func(w http.ResponseWriter, _ *http.Request) { hangUp(w, false) }, "POST", 1, 0},
		"503 with a delay to POST": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(503)
		}, "POST", 2, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s *service
			s = serve(t, func(w http.ResponseWriter, r *http.Request) {
				if s.requests.Load() == 1 {
					c.fail(w, r)
					return
				}
				io.Copy(w, r.Body)
			})
			resp, body, err := fetch(t, calling(t, client.Config{}), request(t, c.method, s.URL, "sent"))
			if s.requests.Load() != c.requests {
				t.Errorf("%d requests were sent, want %d", s.requests.Load(), c.requests)
			}
			switch {
			case c.status == 0:
				if err == nil {
					t.Errorf("answered %d %q, want an error", resp.StatusCode, body)
				}
			case err != nil || resp.StatusCode != c.status || c.status == 200 && c.method != "HEAD" && body != "sent":
				t.Errorf("the answer is %v %q, %v, want %d and the body that was sent", resp, body, err, c.status)
			}
		})
	}
}

// Without a connection nothing was sent, so a request of any method is repeated. But a
// certificate that is not trusted, or an unknown scheme, will be the same the next time.
func TestNoConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	var h hook
	_, _, err = fetch(t, calling(t, client.Config{OnAttempt: h.on}), request(t, "POST", "http://"+listener.Addr().String(), "x"))
	if err == nil || h.last().Number != 4 || h.last().Stop != "attempts" {
		t.Errorf("a refused connection: %v after %d attempts (%q), want 4", err, h.last().Number, h.last().Stop)
	}

	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	var h2 hook
	_, _, err = fetch(t, calling(t, client.Config{OnAttempt: h2.on}), request(t, "GET", secure.URL, ""))
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok || h2.last().Number != 1 || h2.last().Stop != "class" {
		t.Errorf("a certificate that is not trusted: %v after %d attempts (%q), want one", err, h2.last().Number, h2.last().Stop)
	}

	var h3 hook
	_, _, err = fetch(t, calling(t, client.Config{OnAttempt: h3.on}), request(t, "GET", "gopher://127.0.0.1/", ""))
	if err == nil || h3.last().Number != 1 || h3.last().Stop != "class" {
		t.Errorf("an unknown scheme: %v after %d attempts (%q), want one", err, h3.last().Number, h3.last().Stop)
	}
}

// After a timeout of Base the request is repeated, because the deadline of the caller is
// later.
func TestTimeoutOfBase(t *testing.T) {
	var s *service
	s = serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if s.requests.Load() == 1 {
			<-r.Context().Done()
		}
	})
	base := &http.Transport{ResponseHeaderTimeout: 100 * time.Millisecond}
	defer base.CloseIdleConnections()
	c := calling(t, client.Config{Base: base})
	c.Timeout = 30 * time.Second
	resp, _, err := fetch(t, c, request(t, "GET", s.URL, ""))
	if err != nil || resp.StatusCode != 200 || s.requests.Load() != 2 {
		t.Errorf("the answer is %v, %v after %d requests, want 200 after the second", resp, err, s.requests.Load())
	}
}

// All attempts of a call use one connection, and fifty calls leave no goroutine behind.
func TestConnectionsAreKept(t *testing.T) {
	var s *service
	s = serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if s.requests.Load()%6 != 0 {
			w.WriteHeader(503)
			io.WriteString(w, strings.Repeat("<p>", 10_000))
		}
	})
	c := calling(t, client.Config{Attempts: 6, Budget: 1000})
	fetch(t, c, request(t, "GET", s.URL, ""))
	if s.requests.Load() != 6 || s.connections.Load() != 1 {
		t.Errorf("%d requests were sent on %d connections, want 6 on one", s.requests.Load(), s.connections.Load())
	}
	before := runtime.NumGoroutine()
	for range 50 {
		if resp, _, err := fetch(t, c, request(t, "GET", s.URL, "")); err != nil || resp.StatusCode != 200 {
			t.Fatalf("%v, %v", resp, err)
		}
	}
	noMoreGoroutines(t, before)
	if s.connections.Load() != 1 {
		t.Errorf("fifty more calls used %d connections, want the same one", s.connections.Load())
	}
}

// The caller gets a stream as soon as its header is there.
func TestStreams(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: one\n\n")
		w.(http.Flusher).Flush()
		<-release
	})
	defer close(release)
	c := calling(t, client.Config{})
	quickest := time.Hour
	for range 5 { // a busy machine may be late, but not each time
		begun := time.Now()
		resp, err := c.Do(request(t, "GET", s.URL, ""))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		line, err := bufio.NewReader(resp.Body).ReadString('\n')
		if line != "data: one\n" || err != nil {
			t.Fatalf("the first event is %q, %v", line, err)
		}
		quickest = min(quickest, time.Since(begun))
	}
	if quickest > 50*time.Millisecond {
		t.Errorf("the first event comes after %v, want it within 50 ms", quickest)
	}
}

// A large body is not kept in memory.
func TestLargeBodies(t *testing.T) {
	size := int64(1 << 30)
	if race.Enabled {
		size = 1 << 26
	}
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for range size / int64(len(chunk)) {
			w.Write(chunk)
		}
	})
	resp, err := calling(t, client.Config{}).Do(request(t, "GET", s.URL, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, make([]byte, 64<<10))
	runtime.ReadMemStats(&after)
	if n != size || err != nil {
		t.Errorf("the body has %d bytes, %v, want %d", n, err, size)
	}
	if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > 16<<20 {
		t.Errorf("%d bytes were allocated for a body of %d", grown, size)
	}
}

// If a body is cut, its reader gets an error. The request is not repeated, because the
// caller already has the answer.
func TestCuts(t *testing.T) {
	for name, status := range map[string]int{"success": 200, "failure": 404} {
		for _, declared := range []bool{true, false} {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if declared {
					w.Header().Set("Content-Length", "100")
				}
				w.WriteHeader(status)
				io.WriteString(w, `{"items":[1,2,`)
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			})
			resp, err := calling(t, client.Config{}).Do(request(t, "GET", s.URL, ""))
			if err != nil {
				t.Fatal(err)
			}
			if err := client.Decode(resp); (err != nil) != (status >= 400) {
				t.Errorf("%s: Decode = %v", name, err)
			}
			body, err := io.ReadAll(resp.Body)
			if string(body) != `{"items":[1,2,` || err != io.ErrUnexpectedEOF || s.requests.Load() != 1 {
				t.Errorf("%s (with Content-Length: %t): the body is %q, %v after %d requests, want all bytes and an unexpected EOF after one", name, declared, body, err, s.requests.Load())
			}
			resp.Body.Close()
		}
	}
}

// An envelope of up to 1 MiB is decoded. For a larger one the status decides.
func TestLargeEnvelope(t *testing.T) {
	for _, size := range []int{1 << 16, 1<<20 + 1, 5 << 20} {
		want := `{"type":"about:blank","title":"Not Found","status":404,"code":"not_found","detail":"told","more":"` + strings.Repeat("x", size-100) + `"}`
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(404)
			io.WriteString(w, want)
		})
		resp, err := calling(t, client.Config{}).Do(request(t, "GET", s.URL, ""))
		if err != nil {
			t.Fatal(err)
		}
		e := decoded(t, resp)
		if !errors.Is(e, problem.NotFound) || (e.Message() == "told") != (size < 1<<20) {
			t.Errorf("an envelope of %d bytes is decoded as %v", size, e)
		}
		if body, err := io.ReadAll(resp.Body); string(body) != want || err != nil {
			t.Errorf("after Decode %d bytes of %d can be read, %v", len(body), len(want), err)
		}
		resp.Body.Close()
	}
}

// net/http unzips a body if it has asked for gzip itself. If the caller has asked for gzip,
// the body stays zipped, and the status decides.
func TestGzip(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(404)
		z := gzip.NewWriter(w)
		io.WriteString(z, `{"type":"about:blank","title":"Not Found","status":404,"code":"not_found","detail":"told"}`)
		z.Close()
	})
	for _, header := range [][]string{nil, {"Accept-Encoding", "gzip"}} {
		resp, err := calling(t, client.Config{}).Do(request(t, "GET", s.URL, "", header...))
		if err != nil {
			t.Fatal(err)
		}
		e := decoded(t, resp)
		if !errors.Is(e, problem.NotFound) || (e.Message() == "told") != (header == nil) {
			t.Errorf("with the request header %v a zipped envelope is decoded as %v", header, e)
		}
		resp.Body.Close()
	}
}

// Each request of a redirect is a call of its own. If http.Client has removed the credential
// for another host, the Transport does not add it again.
func TestRedirects(t *testing.T) {
	var seen atomic.Value
	var far *service
	far = serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.Header.Get("Authorization"))
		if far.requests.Load() == 1 {
			w.WriteHeader(503)
			return
		}
		w.WriteHeader(401)
	})
	other := strings.Replace(far.URL, "127.0.0.1", "localhost", 1)
	var near *service
	near = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if near.requests.Load() == 1 {
			w.WriteHeader(503)
			return
		}
		http.Redirect(w, r, other, http.StatusFound)
	})
	s := entryguard.Style
	s.Advice.BaseDelay = time.Millisecond
	c := calling(t, client.Config{Style: s, Attempts: 2, Refresh: func(context.Context, string) (string, error) {
		t.Error("Refresh was called")
		return "Bearer planted", nil
	}})
	resp, _, err := fetch(t, c, request(t, "GET", near.URL, "", "Authorization", "Bearer a"))
	if err != nil || resp.StatusCode != 401 || near.requests.Load() != 2 || far.requests.Load() != 2 {
		t.Errorf("the answer is %v, %v after %d and %d requests, want the 401 after two each", resp, err, near.requests.Load(), far.requests.Load())
	}
	if seen.Load() != "" {
		t.Errorf("the other host has seen the credential %q", seen.Load())
	}
}

func TestHTTP2(t *testing.T) {
	var requests atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1)%2 == 1 {
			w.WriteHeader(503)
			io.WriteString(w, strings.Repeat("<p>", 1000))
			return
		}
		fmt.Fprint(w, r.Proto)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	c := calling(t, client.Config{Base: s.Client().Transport, Budget: 100})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			resp, body, err := fetch(t, c, request(t, "PUT", s.URL, "x"))
			if err != nil || resp.StatusCode/100 == 2 && body != "HTTP/2.0" {
				t.Errorf("%v %q, %v", resp, body, err)
			}
		})
	}
	wg.Wait()
}

// All attempts send the same request ID. The error has the request ID of the last answer.
func TestRequestIDs(t *testing.T) {
	var got sync.Map
	var s *service
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := s.requests.Load()
		got.Store(n, r.Header.Get("X-Request-Id"))
		w.Header().Set("X-Request-Id", fmt.Sprint("req_", n))
		w.WriteHeader(503)
	})
	ids, err := requestid.New(requestid.Config{Generate: func() string { return "req_ours" }})
	if err != nil {
		t.Fatal(err)
	}
	c := calling(t, client.Config{Base: &requestid.Transport{Hosts: []string{"127.0.0.1"}}})
	w := httptest.NewRecorder()
	ids.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		resp, err := c.Do(request(t, "GET", s.URL, "").WithContext(r.Context()))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if e := decoded(t, resp); e.RequestID() != "req_4" {
			t.Errorf("the error has the ID %q, want that of the last answer", e.RequestID())
		}
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	for n := range s.requests.Load() {
		if id, _ := got.Load(n + 1); id != "req_ours" {
			t.Errorf("attempt %d carries the ID %v, want the one of the exchange", n+1, id)
		}
	}
}

// For an endless answer, a header of megabytes, or half a body, the memory is bounded, and
// no goroutine is left after the caller has closed the body.
func TestHostileServers(t *testing.T) {
	flood := func(w http.ResponseWriter, status int) {
		w.WriteHeader(status)
		for chunk := []byte(strings.Repeat("x", 1<<16)); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
	for name, c := range map[string]struct {
		h    http.HandlerFunc
		kind problem.Kind // of the answer
		none bool         // there is no answer
	}{
		"endless 503": {func(w http.ResponseWriter, _ *http.Request) { flood(w, 503) }, problem.Unavailable, false},
		"endless 500": {func(w http.ResponseWriter, _ *http.Request) { flood(w, 500) }, problem.Internal, false},
		"a header of a megabyte": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-Id", strings.Repeat("x", 1<<20))
			w.WriteHeader(502)
		}, problem.UpstreamFailed, false},
		"a header beyond all bounds": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-Id", strings.Repeat("x", 3<<20))
			w.WriteHeader(502)
		}, 0, true},
		"half a body": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(404)
		}, problem.NotFound, false},
		"broken chunks": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			io.WriteString(conn, "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n")
			conn.Close()
		}, problem.NotFound, false},
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			s := serve(t, c.h)
			base := &http.Transport{MaxResponseHeaderBytes: 2 << 20}
			api := calling(t, client.Config{Base: base})
			for range 3 {
				var grown, after runtime.MemStats
				runtime.ReadMemStats(&grown)
				resp, err := api.Do(request(t, "GET", s.URL, ""))
				if (err != nil) != c.none {
					t.Fatalf("%v, %v", resp, err)
				}
				if err != nil {
					if n := s.requests.Swap(0); n != 1 {
						t.Errorf("%d requests were sent, want one, because a malformed answer is not repeated", n)
					}
					continue
				}
				if e := decoded(t, resp); e.Kind() != c.kind || e.Message() != "" || len(e.RequestID()) > 128 {
					t.Errorf("decoded %v with an ID of %d bytes, want %v without a text", e.Kind(), len(e.RequestID()), c.kind)
				}
				resp.Body.Close()
				runtime.ReadMemStats(&after)
				if n := after.TotalAlloc - grown.TotalAlloc; n > 64<<20 {
					t.Errorf("a call costs %d bytes", n)
				}
			}
			base.CloseIdleConnections()
			s.Close()
			noMoreGoroutines(t, before)
		})
	}
}

// noMoreGoroutines waits until there are no more goroutines than before.
func noMoreGoroutines(t *testing.T, before int) {
	t.Helper()
	for late := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(late) {
			t.Fatalf("%d goroutines before and %d after", before, runtime.NumGoroutine())
		}
	}
}
