package routers_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

func TestHookThatPanicsLeavesTheAnswerAlone(t *testing.T) {
	plan{config: problem.Config{OnError: func(context.Context, *problem.Event) { panic("hook") }}}.run(t,
		func(http.ResponseWriter, *http.Request) { panic("boom") },
		func(t *testing.T, s *site) {
			wantEnvelope(t, s.get(), 500)
			s.summary(t)
		})
}

// faulty is a log handler that panics.
type faulty struct{ slog.Handler }

func (faulty) Handle(context.Context, slog.Record) error { panic("logger") }

func TestLoggerThatPanicsLeavesTheAnswerAlone(t *testing.T) {
	logger := slog.New(faulty{slog.NewTextHandler(io.Discard, nil)})
	plan{config: problem.Config{Logger: logger}}.run(t,
		func(http.ResponseWriter, *http.Request) { panic("boom") },
		func(t *testing.T, s *site) {
			wantEnvelope(t, s.get(), 500)
			s.summary(t)
		})
}

func TestEncoderThatPanicsGivesWayToAConstantBody(t *testing.T) {
	style := problem.RFC9457
	plain := style.Append
	style.Append = func(dst []byte, v *problem.View) ([]byte, error) {
		if v.RequestID != "" {
			panic("encoder")
		}
		return plain(dst, v)
	}
	plan{config: problem.Config{Style: style}}.run(t,
		func(http.ResponseWriter, *http.Request) { panic("boom") },
		func(t *testing.T, s *site) {
			if a := s.get(); a.err != nil || a.status != 500 || len(a.body) == 0 {
				t.Errorf("the answer is %d %q (%v), want the constant body of a 500", a.status, a.body, a.err)
			}
			s.summary(t)
		})
}

func TestHookThatBlocksDoesNotDelayTheClient(t *testing.T) {
	answered := make(chan struct{})
	plan{config: problem.Config{OnError: func(context.Context, *problem.Event) { <-answered }}}.run(t,
		func(http.ResponseWriter, *http.Request) { panic("boom") },
		func(t *testing.T, s *site) {
			// If the answer waited for the hook, Get would time out. Over HTTP/2 the
			// stream ends only when the handler ends, so only the bytes of the declared
			// length are read.
			resp, err := s.client.Get(s.url)
			if err != nil {
				t.Fatalf("the answer is %v, want it while the hook still runs", err)
			}
			if _, err := io.ReadFull(resp.Body, make([]byte, resp.ContentLength)); err != nil || resp.StatusCode != 500 {
				t.Errorf("the answer is %d (%v), want a whole 500 while the hook still runs", resp.StatusCode, err)
			}
			answered <- struct{}{}
			resp.Body.Close()
			s.summary(t)
		})
}

// leaving sends a request, and cancels it when the handler runs.
func leaving(s *site, running <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", s.url, nil)
	if err != nil {
		panic(err)
	}
	done := make(chan answer)
	go func() { done <- s.do(r) }()
	<-running
	cancel()
	<-done
}

func TestClientThatLeavesIsNoFailureOfOurs(t *testing.T) {
	running := make(chan struct{})
	for name, leave := range map[string]func(r *http.Request){
		"panic with the context's error": func(r *http.Request) { panic(r.Context().Err()) },
		"panic with a broken pipe":       func(*http.Request) { panic(&os.SyscallError{Syscall: "write", Err: syscall.EPIPE}) },
		"panic with a reset connection":  func(*http.Request) { panic(fmt.Errorf("copy: %w", syscall.ECONNRESET)) },
	} {
		t.Run(name, func(t *testing.T) {
			plan{}.run(t, func(_ http.ResponseWriter, r *http.Request) {
				running <- struct{}{}
				<-r.Context().Done()
				leave(r)
			}, func(t *testing.T, s *site) {
				leaving(s, running)
				if sum := s.summary(t); sum.Status != 499 || sum.Kind != problem.ClientClosed {
					t.Errorf("the summary is %+v, want a 499", sum)
				}
				for _, rec := range s.records.all() {
					if rec.level != slog.LevelDebug {
						t.Errorf("the log says %v, want nothing above Debug", rec)
					}
				}
				if len(s.records.all()) == 0 {
					t.Error("the log says nothing, want a Debug record")
				}
			})
		})
	}
	t.Run("returned error", func(t *testing.T) {
		plan{}.run(t, func(w http.ResponseWriter, r *http.Request) {
			problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
				running <- struct{}{}
				<-r.Context().Done()
				return fmt.Errorf("query: %w", r.Context().Err())
			}).ServeHTTP(w, r)
		}, func(t *testing.T, s *site) {
			leaving(s, running)
			if sum := s.summary(t); sum.Status != 499 || sum.Kind != problem.ClientClosed || sum.Bytes != 0 {
				t.Errorf("the summary is %+v, want a 499 without a body", sum)
			}
			if rec := s.records.all()[0]; rec.level != slog.LevelDebug {
				t.Errorf("the log says %v, want Debug", rec)
			}
		})
	})
}

func TestReverseProxyToABackendThatDies(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "0123456789")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer backend.Close()
	target, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	plan{}.run(t, func(w http.ResponseWriter, r *http.Request) {
		tr := &http.Transport{DisableKeepAlives: true}
		p := httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
			Transport: tr, ErrorLog: log.New(io.Discard, "", 0),
		}
		p.ServeHTTP(w, r)
	}, func(t *testing.T, s *site) {
		s.wantCut(t, s.get())
		if sum := s.summary(t); !sum.Aborted {
			t.Errorf("the summary is %+v, want it aborted", sum)
		}
	})
}

func TestReverseProxyAddsNoSecondID(t *testing.T) {
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	backend := httptest.NewServer(middleware.Standard(errs)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		if r.URL.Query().Has("fail") {
			http.Error(w, "no", http.StatusNotFound)
		}
	})))
	defer backend.Close()
	target, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	plan{}.run(t, func(w http.ResponseWriter, r *http.Request) {
		p := httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
			Transport: &http.Transport{DisableKeepAlives: true},
		}
		p.ServeHTTP(w, r)
	}, func(t *testing.T, s *site) {
		for _, query := range []string{"", "?fail"} {
			a := s.ask("GET", s.url+query, nil)
			sum := s.summary(t)
			if ids := a.header["X-Request-Id"]; len(ids) != 1 || ids[0] != sum.ID {
				t.Errorf("%q: the answer has the IDs %q (%v), want only %s", query, ids, a.err, sum.ID)
			}
		}
	})
}

func TestReverseProxyToABackendThatIsDown(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close() // now nothing listens at this address
	p := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: ln.Addr().String()})
	p.ErrorLog = log.New(io.Discard, "", 0)
	plan{}.run(t, p.ServeHTTP, func(t *testing.T, s *site) {
		wantEnvelope(t, s.get(), 502)
		if sum := s.summary(t); sum.Kind != problem.UpstreamFailed {
			t.Errorf("the summary is %+v, want the kind upstream_failed", sum)
		}
	})
}
