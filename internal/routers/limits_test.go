package routers_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// failing makes a handler of a function that returns an error.
func failing(f func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return problem.HandlerFunc(f).ServeHTTP
}

func TestDeadline(t *testing.T) {
	soon := []mw{middleware.Timeout(30*time.Millisecond, func(r *http.Request) bool { return r.URL.Path == "/case/warm" })}
	t.Run("before writing, without an error", func(t *testing.T) {
		// Not gin outside: an engine answers 200 if its handlers write nothing.
		silent := []house{std, chiHouse, ginInside}
		plan{houses: silent, inside: soon}.run(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, func(t *testing.T, s *site) {
			wantEnvelope(t, s.get(), 504)
			s.summary(t)
			s.wantRecords(t, 1)
		})
	})
	t.Run("before writing, with an error", func(t *testing.T) {
		plan{inside: soon}.run(t, failing(func(_ http.ResponseWriter, r *http.Request) error {
			<-r.Context().Done()
			return fmt.Errorf("query: %w", r.Context().Err())
		}), func(t *testing.T, s *site) {
			wantEnvelope(t, s.get(), 504)
			s.summary(t)
			s.wantRecords(t, 1)
		})
	})
	for _, status := range []int{200, 204} {
		t.Run(fmt.Sprint("ignored by a handler that answers late with ", status), func(t *testing.T) {
			plan{inside: soon}.run(t, func(w http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
				w.WriteHeader(status)
				if status == 200 {
					io.WriteString(w, "late")
				}
			}, func(t *testing.T, s *site) {
				if a := s.get(); a.status != status {
					t.Errorf("the answer is %d %q (%v), want a late %d", a.status, a.body, a.err, status)
				}
				s.summary(t)
			})
		})
	}
	t.Run("after writing, with an error", func(t *testing.T) {
		plan{inside: soon}.run(t, failing(func(w http.ResponseWriter, r *http.Request) error {
			io.WriteString(w, "0123456789")
			<-r.Context().Done()
			return r.Context().Err()
		}), func(t *testing.T, s *site) {
			s.wantCut(t, s.get())
			s.summary(t)
			s.wantRecords(t, 1)
		})
	})
}

func TestClientThatLeavesIsNoTimeout(t *testing.T) {
	running := make(chan struct{})
	plan{inside: []mw{middleware.Timeout(time.Minute)}}.run(t, failing(func(_ http.ResponseWriter, r *http.Request) error {
		running <- struct{}{}
		<-r.Context().Done()
		return r.Context().Err()
	}), func(t *testing.T, s *site) {
		leaving(s, running)
		if sum := s.summary(t); sum.Status != 499 {
			t.Errorf("the summary is %+v, want a 499", sum)
		}
	})
}

// reader is a handler that reads the whole body.
var reader = failing(func(w http.ResponseWriter, r *http.Request) error {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	_, err = fmt.Fprintf(w, "%d", len(b))
	return err
})

func TestBodyLimit(t *testing.T) {
	const n = 1000
	for _, tt := range []struct {
		name    string
		size    int
		chunked bool
		status  int
		calls   int64
	}{
		{"one byte less", n - 1, false, 200, 1},
		{"exactly the limit", n, false, 200, 1},
		{"one byte more is refused unread", n + 1, false, 413, 0},
		{"exactly the limit, in chunks", n, true, 200, 1},
		{"one byte more, in chunks", n + 1, true, 413, 1},
		{"much more, in chunks", 1 << 20, true, 413, 1},
		{"an empty body", 0, false, 200, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan{houses: fewer, protocols: []string{single, h2}, inside: []mw{middleware.LimitBody(n)}}.run(t, reader, func(t *testing.T, s *site) {
				var body io.Reader = strings.NewReader(strings.Repeat("x", tt.size))
				if tt.chunked {
					body = io.MultiReader(body) // of unknown length
				}
				a := s.ask("POST", s.url, body)
				s.summary(t)
				s.wantCalls(t, tt.calls)
				if tt.status == 200 {
					if a.status != 200 || a.body != fmt.Sprint(tt.size) {
						t.Errorf("the answer is %d %q (%v), want the size", a.status, a.body, a.err)
					}
					return
				}
				wantEnvelope(t, a, 413)
				if s.protocol == h2 && a.header.Get("Connection") != "" {
					t.Errorf("Connection is %q, which over HTTP/2 ends all streams", a.header.Get("Connection"))
				}
			})
		})
	}
}

func TestRefusedBodyEndsTheConnectionOfHTTP1Alone(t *testing.T) {
	for _, chunked := range []bool{false, true} {
		t.Run(fmt.Sprint("chunked ", chunked), func(t *testing.T) {
			plan{houses: fewer, inside: []mw{middleware.LimitBody(10)}}.run(t, reader, func(t *testing.T, s *site) {
				ended := make(chan answer)
				var slow *io.PipeWriter
				if s.protocol == h2 { // another stream of the same connection
					var body *io.PipeReader
					body, slow = io.Pipe()
					go func() { ended <- s.ask("POST", s.url, body) }()
					io.WriteString(slow, "01234")
				}
				var body io.Reader = strings.NewReader(strings.Repeat("x", 1000))
				if chunked {
					body = io.MultiReader(body)
				}
				wantEnvelope(t, s.ask("POST", s.url, body), 413)
				if slow != nil {
					io.WriteString(slow, "56789")
					slow.Close()
					if a := <-ended; a.status != 200 || a.body != "10" {
						t.Errorf("the other stream is answered %d %q (%v), want its 10 bytes", a.status, a.body, a.err)
					}
					s.summary(t)
				}
				s.summary(t)
			})
		})
	}
	t.Run("the connection ends", func(t *testing.T) {
		plan{houses: fewer, protocols: []string{single}, inside: []mw{middleware.LimitBody(10)}}.run(t, reader, func(t *testing.T, s *site) {
			for _, rest := range []string{
				"Content-Length: 1000000\r\n\r\n",
				"Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n",
				"Transfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n", // complete, but one byte too long
			} {
				conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				conn.SetReadDeadline(time.Now().Add(10 * time.Second))
				io.WriteString(conn, "POST /case/1 HTTP/1.1\r\nHost: x\r\n"+rest)
				b, err := io.ReadAll(bufio.NewReader(conn))
				if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 413 ") {
					t.Errorf("after %q the client reads %q (%v), want a 413 and the end of the connection", rest, b, err)
				}
				conn.Close()
				s.summary(t)
			}
		})
	})
}

func TestOneTooManyInFlight(t *testing.T) {
	running, goOn := make(chan struct{}), make(chan struct{})
	// Each site needs its own middleware, because the limit of a middleware is shared.
	for _, place := range houses {
		for _, protocol := range protocols {
			limit := middleware.LimitInFlight(middleware.InFlightConfig{Max: 2, RetryAfter: 90 * time.Second})
			plan{houses: []house{place}, protocols: []string{protocol}, inside: []mw{limit}}.run(t, func(http.ResponseWriter, *http.Request) {
				running <- struct{}{}
				<-goOn
			}, func(t *testing.T, s *site) {
				got := make(chan answer)
				for range 2 {
					go func() { got <- s.get() }()
					<-running
				}
				a := s.get()
				wantEnvelope(t, a, 503)
				if v := a.header.Get("Retry-After"); v != "90" {
					t.Errorf("Retry-After is %q, want 90", v)
				}
				for range 2 {
					goOn <- struct{}{}
				}
				for range 2 {
					if a := <-got; a.status != 200 {
						t.Errorf("the answer is %d (%v), want 200", a.status, a.err)
					}
				}
				for range 3 {
					s.summary(t)
				}
			})
		}
	}
}

func TestShutdownWaitsForAPanic(t *testing.T) {
	running, goOn := make(chan struct{}), make(chan struct{})
	plan{}.run(t, func(http.ResponseWriter, *http.Request) {
		running <- struct{}{}
		<-goOn
		panic("boom")
	}, func(t *testing.T, s *site) {
		got, down := make(chan answer), make(chan error)
		go func() { got <- s.get() }()
		<-running
		go func() { down <- s.server.Config.Shutdown(t.Context()) }()
		goOn <- struct{}{}
		wantEnvelope(t, <-got, 500)
		s.client.CloseIdleConnections()
		if err := <-down; err != nil {
			t.Errorf("Shutdown = %v, want it to end", err)
		}
		s.summary(t)
	})
}

func TestUploadThatIsTakenBackLeavesNothing(t *testing.T) {
	plan{}.run(t, reader, func(t *testing.T, s *site) {
		body, w := io.Pipe()
		done := make(chan answer)
		go func() { done <- s.ask("POST", s.url, body) }()
		io.WriteString(w, "0123456789")
		w.CloseWithError(errors.New("changed my mind"))
		if a := <-done; a.err == nil {
			t.Errorf("the answer is %d, want none", a.status)
		}
		s.summary(t)
	})
}

func TestSlowHeaderIsRefusedByNetHTTP(t *testing.T) {
	impatient := func(srv *http.Server) { srv.ReadHeaderTimeout = 20 * time.Millisecond }
	plan{houses: []house{std}, protocols: []string{single}, server: impatient}.run(t, reader, func(t *testing.T, s *site) {
		conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "GET /case/1 HTTP/1.1\r\nHos")
		if b, err := io.ReadAll(conn); err != nil || strings.Contains(string(b), "200") {
			t.Errorf("after half a header the client reads %q (%v), want the end of the connection", b, err)
		}
		s.wantCalls(t, 0)
	})
}
