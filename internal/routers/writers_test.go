package routers_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	chimw "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
)

// offers returns the names of the optional interfaces that a writer has.
func offers(w http.ResponseWriter) string {
	_, f := w.(http.Flusher)
	_, h := w.(http.Hijacker)
	_, p := w.(http.Pusher)
	_, r := w.(io.ReaderFrom)
	_, c := w.(interface{ CloseNotify() <-chan bool })
	return fmt.Sprintf("Flusher %t, Hijacker %t, Pusher %t, ReaderFrom %t, CloseNotifier %t", f, h, p, r, c)
}

func TestRecorderOffersWhatTheWriterBeneathOffers(t *testing.T) {
	wrap := map[string]mw{
		"net/http": middleware.Chain(),
		"chi": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(chimw.NewWrapResponseWriter(w, r.ProtoMajor), r)
			})
		},
		"gin": func(next http.Handler) http.Handler {
			e := gin.New()
			e.Any("/case/:id", gin.WrapH(next))
			return e
		},
		"gorilla's log":        func(next http.Handler) http.Handler { return handlers.LoggingHandler(io.Discard, next) },
		"gorilla's compressor": handlers.CompressHandler,
		"TimeoutHandler":       func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Minute, "") },
		"one that only unwraps": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(unwrapper{w}, r) })
		},
		"httptest": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { next.ServeHTTP(httptest.NewRecorder(), r) })
		},
	}
	for name, wrap := range wrap {
		t.Run(name, func(t *testing.T) {
			var before, after string
			inner := middleware.Recover()(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { after = offers(w) }))
			outer := wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				before = offers(w)
				inner.ServeHTTP(w, r)
			}))
			// Without Standard, because its recorder would be beneath the foreign writer.
			build := house{"net/http", func(_ mw, _ http.Handler) http.Handler { return outer }}
			plan{houses: []house{build}, protocols: []string{single, h2}, cold: true}.run(t, nil, func(t *testing.T, s *site) {
				s.get()
				if before == "" || before != after {
					t.Errorf("the recorder offers %s, want %s", after, before)
				}
			})
		})
	}
}

// unwrapper is a writer whose only optional method is Unwrap.
type unwrapper struct{ w http.ResponseWriter }

func (u unwrapper) Header() http.Header         { return u.w.Header() }
func (u unwrapper) Write(p []byte) (int, error) { return u.w.Write(p) }
func (u unwrapper) WriteHeader(status int)      { u.w.WriteHeader(status) }
func (u unwrapper) Unwrap() http.ResponseWriter { return u.w }

func TestResponseControllerReachesThroughWraps(t *testing.T) {
	foreign := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(unwrapper{w}, r) })
	}
	for wraps := 1; wraps <= 5; wraps++ {
		var inside []mw
		for range wraps {
			inside = append(inside, foreign, middleware.Recover())
		}
		t.Run(fmt.Sprint("deadlines, duplex and flush through ", wraps), func(t *testing.T) {
			plan{inside: inside}.run(t, func(w http.ResponseWriter, r *http.Request) {
				rc := http.NewResponseController(w)
				err := errors.Join(rc.SetReadDeadline(time.Now().Add(time.Minute)), rc.SetWriteDeadline(time.Now().Add(time.Minute)))
				if r.ProtoMajor == 1 {
					err = errors.Join(err, rc.EnableFullDuplex())
				}
				io.WriteString(w, "a")
				if err := errors.Join(err, rc.Flush()); err != nil {
					t.Errorf("the controller fails with %v", err)
				}
			}, func(t *testing.T, s *site) {
				if a := s.get(); a.status != 200 || a.body != "a" {
					t.Errorf("the answer is %d %q (%v), want a", a.status, a.body, a.err)
				}
				s.summary(t)
			})
		})
		t.Run(fmt.Sprint("a hijack that panics, through ", wraps), func(t *testing.T) {
			// Not gin outside: its writer needs methods that the foreign writer does not have.
			plan{houses: []house{std, chiHouse, ginInside}, inside: inside, protocols: []string{single}}.run(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Errorf("Hijack fails with %v", err)
					return
				}
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nmine")
				panic("boom")
			}, func(t *testing.T, s *site) {
				if a := s.get(); a.status != 200 || a.body != "mine" {
					t.Errorf("the answer is %d %q (%v), want mine, and then the end", a.status, a.body, a.err)
				}
				s.summary(t)
				s.wantRecords(t, 1)
			})
		})
	}
}

func TestStatusIsImpliedByWhateverBeginsTheBody(t *testing.T) {
	for name, write := range map[string]func(http.ResponseWriter){
		"Write":       func(w http.ResponseWriter) { w.Write([]byte("x")) },
		"WriteString": func(w http.ResponseWriter) { io.WriteString(w, "x") },
		"ReadFrom":    func(w http.ResponseWriter) { io.Copy(w, strings.NewReader("x")) },
		"Flush":       func(w http.ResponseWriter) { http.NewResponseController(w).Flush() },
		"nothing":     func(http.ResponseWriter) {},
	} {
		t.Run(name, func(t *testing.T) {
			plan{}.run(t, func(w http.ResponseWriter, _ *http.Request) { write(w) }, func(t *testing.T, s *site) {
				a := s.get()
				if sum := s.summary(t); a.status != 200 || sum.Status != 200 || sum.Bytes != int64(len(a.body)) {
					t.Errorf("the answer is %d %q and the summary %+v, want a 200 and its bytes", a.status, a.body, sum)
				}
			})
		})
	}
}

func TestFileIsCopiedToTheLastByte(t *testing.T) {
	const size = 3<<20 + 7
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	for form, copyTo := range map[string]func(http.ResponseWriter, *http.Request){
		"io.Copy": func(w http.ResponseWriter, _ *http.Request) {
			f, err := os.Open(name)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			io.Copy(w, f)
		},
		"ServeFile": func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) },
	} {
		t.Run(form, func(t *testing.T) {
			plan{}.run(t, copyTo, func(t *testing.T, s *site) {
				a := s.get()
				if sum := s.summary(t); len(a.body) != size || sum.Bytes != size {
					t.Errorf("%d bytes arrive and %d are counted, want %d (%v)", len(a.body), sum.Bytes, size, a.err)
				}
			})
		})
	}
}

// firstEvent reads the first event, closes the connection, and waits for the handler to end.
func firstEvent(t *testing.T, s *site) {
	resp, err := s.client.Get(s.url)
	if err != nil {
		t.Fatalf("the stream does not begin: %v", err)
	}
	// The handler waits until the client leaves. If the event waited for the handler, this
	// would time out.
	if line, err := bufio.NewReader(resp.Body).ReadString('\n'); line != "data: 1\n" {
		t.Errorf("the first event is %q (%v), want data: 1", line, err)
	}
	resp.Body.Close()
	s.client.CloseIdleConnections()
	s.summary(t)
}

func TestEventIsSentWhenItIsFlushed(t *testing.T) {
	plan{}.run(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: 1\n\n")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, firstEvent)
}

func TestGinStreamsInsideAndOutside(t *testing.T) {
	stream := func(c *gin.Context) {
		sent := false
		c.Stream(func(w io.Writer) bool {
			if sent {
				<-c.Request.Context().Done()
				return false
			}
			sent = true
			io.WriteString(w, "data: 1\n\n")
			return true
		})
	}
	plan{houses: []house{
		{"inside", func(app mw, _ http.Handler) http.Handler {
			e := gin.New()
			ginadapter.Install(e, app)
			e.GET("/case/1", stream)
			e.GET("/case/warm", func(*gin.Context) {})
			return e
		}},
		{"outside", func(app mw, _ http.Handler) http.Handler {
			e := gin.New()
			e.GET("/case/1", stream)
			e.GET("/case/warm", func(*gin.Context) {})
			return app(e)
		}},
	}}.run(t, nil, firstEvent)
}

func TestTrailersArriveIntact(t *testing.T) {
	plan{}.run(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Declared")
		io.WriteString(w, "body")
		w.Header().Set("X-Declared", "1")
		w.Header().Set(http.TrailerPrefix+"X-Prefixed", "2")
	}, func(t *testing.T, s *site) {
		if a := s.get(); a.trailer.Get("X-Declared") != "1" || a.trailer.Get("X-Prefixed") != "2" {
			t.Errorf("the trailers are %v (%v), want both", a.trailer, a.err)
		}
		s.summary(t)
	})
}

func TestGoroutinesMayOutliveTheExchange(t *testing.T) {
	ended := make(chan struct{})
	late := func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		for range 100 {
			w.Header().Set("X-Late", "1")
			io.WriteString(w, "late")
			http.NewResponseController(w).Flush()
			if requestid.FromContext(r.Context()) == "" {
				t.Error("the ID is gone")
			}
		}
		problem.Respond(w, r, problem.NotFound)
	}
	deadline := func(next http.Handler) http.Handler { return http.TimeoutHandler(next, 10*time.Millisecond, "") }
	ends := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				recover() // the late error aborts the late answer
				ended <- struct{}{}
			}()
			next.ServeHTTP(w, r)
		})
	}
	for name, p := range map[string]plan{
		"TimeoutHandler inside":  {inside: []mw{deadline, ends}},
		"TimeoutHandler outside": {outside: []mw{deadline, ends}},
	} {
		p.houses = []house{std, chiHouse}
		p.noisy = true // net/http logs that the handler answers after TimeoutHandler
		t.Run(name, func(t *testing.T) {
			p.run(t, late, func(t *testing.T, s *site) {
				if a := s.get(); a.status != 503 {
					t.Errorf("the answer is %d %q (%v), want a 503", a.status, a.body, a.err)
				}
				if s.protocol != single {
					<-ended // the request that warms the connection
				}
				<-ended
				s.summary(t)
			})
		})
	}
}

func TestStandardIsTheChainOfItsParts(t *testing.T) {
	cases := map[string]http.HandlerFunc{
		"answer":  func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "fine") },
		"panic":   func(http.ResponseWriter, *http.Request) { panic("boom") },
		"cut":     func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "0123456789"); panic("boom") },
		"plain":   func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusTeapot) },
		"no body": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"error": func(w http.ResponseWriter, r *http.Request) {
			problem.Respond(w, r, problem.RateLimited.New("").WithRetryAfter(time.Second))
		},
	}
	ids, err := requestid.New(requestid.Config{Generate: func() string { return "the-only-one" }})
	if err != nil {
		t.Fatal(err)
	}
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	parts := middleware.Chain(ids.Handler, errs.Handler, middleware.Recover(), middleware.Rewrite())
	for name, h := range cases {
		t.Run(name, func(t *testing.T) {
			got := map[string]string{}
			for form, standard := range map[string]mw{"Standard": middleware.Standard(errs, middleware.Config{IDs: ids}), "its parts": parts} {
				plan{standard: standard}.run(t, h, func(t *testing.T, s *site) {
					a := s.get()
					a.header.Del("Date")
					said := fmt.Sprint(a.status, a.header, a.body, a.err)
					key := s.house + s.protocol
					if before, ok := got[key]; ok && before != said {
						t.Errorf("%s answers %s, want %s", form, said, before)
					}
					got[key] = said
					s.summary(t)
				})
			}
		})
	}
}
