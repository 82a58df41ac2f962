package routers_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	chimw "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// each plays a handler over all protocols, beneath Standard alone.
func each(t *testing.T, h http.Handler, check func(*testing.T, *site)) {
	t.Helper()
	plan{houses: []house{std}, noisy: true}.run(t, h.ServeHTTP, check)
}

// loud is the records that are more than Debug.
func (s *site) loud() (all []record) {
	for _, r := range s.records.all() {
		if r.level > slog.LevelDebug {
			all = append(all, r)
		}
	}
	return all
}

func TestErrorThatIsSaidAfterASuccessCutsTheAnswer(t *testing.T) {
	begin := func(w http.ResponseWriter) { io.WriteString(w, `{"items":[1,2,`) }
	boom := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { begin(w); panic("boom") })
	silenced := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, chimw.WithLogEntry(r, unheard{}))
		})
	}
	for name, tt := range map[string]struct {
		h      http.Handler
		status string
	}{
		"chi's recoverer":     {silenced(chimw.Recoverer(boom)), "500"},
		"gorilla's recoverer": {handlers.RecoveryHandler(handlers.RecoveryLogger(silent{}))(boom), "500"},
		"an encoder that fails": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			begin(w)
			if err := json.NewEncoder(w).Encode(func() {}); err != nil {
				http.Error(w, err.Error(), 500)
			}
		}), "500"},
		"http.NotFound": {http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { begin(w); http.NotFound(w, r) }), "404"},
		"a bare status": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { begin(w); w.WriteHeader(503) }), "503"},
		"after a flush": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			begin(w)
			http.NewResponseController(w).Flush()
			http.Error(w, "secret", 502)
		}), "502"},
		"after a status": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(201)
			http.Error(w, "secret", 409)
		}), "409"},
		"a JSON error": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			begin(w)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(422)
			io.WriteString(w, `{"error":"secret"}`)
		}), "422"},
		"through a writer that hides all": {hiding(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { begin(w); http.Error(w, "secret", 500) })), "500"},
		"and a flush behind it": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			begin(w)
			http.Error(w, "secret", 500)
			http.NewResponseController(w).Flush()
			io.WriteString(w, "more")
		}), "500"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, tt.h, func(t *testing.T, s *site) {
				a := s.get()
				s.wantCut(t, a)
				if strings.Contains(a.body, "secret") || strings.Contains(a.body, "more") {
					t.Errorf("the body is %q, want nothing behind what was begun", a.body)
				}
				if sum := s.summary(t); !sum.Aborted || !sum.Failed {
					t.Errorf("the summary is %+v, want it failed and aborted", sum)
				}
				recs := s.loud()
				if len(recs) != 1 || recs[0].attrs["status"] != tt.status || recs[0].attrs["aborted"] != "true" {
					t.Errorf("the log says %v, want one aborted %s", recs, tt.status)
				}
			})
		})
	}
}

// unheard is a log entry of chi's.
type unheard struct{}

func (unheard) Write(int, int, http.Header, time.Duration, any) {}
func (unheard) Panic(any, []byte)                               {}

func TestErrorThatIsSaidAfterAnErrorChangesNothing(t *testing.T) {
	const body = `{"error":"nope"}`
	for name, second := range map[string]func(http.ResponseWriter, *http.Request){
		"an error":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"a success": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) },
		"a hint":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103) },
	} {
		for _, kind := range []string{"application/json", "application/vnd.api+json", ""} {
			t.Run(name+" after "+kind, func(t *testing.T) {
				each(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if kind != "" {
						w.Header().Set("Content-Type", kind)
					}
					w.WriteHeader(400)
					io.WriteString(w, body)
					second(w, r)
				}), func(t *testing.T, s *site) {
					if a := s.get(); a.err != nil || a.status != 400 || a.body != body {
						t.Errorf("the answer is %d %q (%v), want the handler's own 400", a.status, a.body, a.err)
					}
					s.summary(t)
					s.wantRecords(t, 0)
				})
			})
		}
	}
}

func TestFirstEnvelopeStandsWhateverFollows(t *testing.T) {
	for name, then := range map[string]func(http.ResponseWriter, *http.Request){
		"an error":   func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, errors.New("boom")) },
		"the same":   func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, problem.NotFound) },
		"a write":    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "more") },
		"http.Error": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "more", 500) },
		"a panic":    func(http.ResponseWriter, *http.Request) { panic("boom") },
		"an abort":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"an upgraded error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			io.Copy(w, strings.NewReader("more"))
		},
	} {
		for between, wrap := range map[string]mw{"nothing": middleware.Chain(), "a writer that hides all": hiding, "TimeoutHandler": buffering} {
			t.Run(name+" through "+between, func(t *testing.T) {
				each(t, wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					problem.Respond(w, r, problem.NotFound)
					then(w, r)
				})), func(t *testing.T, s *site) {
					a := s.get()
					wantEnvelope(t, a, 404)
					s.summary(t)
					if recs := s.loud(); len(recs) != 1 || recs[0].attrs["status"] != fmt.Sprint(a.status) {
						t.Errorf("the log says %v, want the %d alone", recs, a.status)
					}
				})
			})
		}
	}
}

func TestTimeoutHandlerAroundASlowHandlerFailsOnce(t *testing.T) {
	for name, slow := range map[string]http.Handler{
		"a HandlerFunc": problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
			<-r.Context().Done()
			return r.Context().Err()
		}),
		"one that writes on": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			if _, err := io.WriteString(w, "late"); err != nil {
				problem.Respond(w, r, err)
			}
		}),
		"one that fails of itself": problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
			<-r.Context().Done()
			return problem.Conflict
		}),
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan struct{}, 1)
			h := http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() {
					recover()
					ended <- struct{}{}
				}()
				slow.ServeHTTP(w, r)
			}), 20*time.Millisecond, "")
			each(t, h, func(t *testing.T, s *site) {
				wantEnvelope(t, s.get(), 503)
				s.summary(t)
				<-ended
				if recs := s.loud(); len(recs) != 1 || recs[0].attrs["status"] != "503" {
					t.Errorf("the log says %v, want the 503 alone", recs)
				}
			})
		})
	}
}

// raw sends one request and returns all that the connection brings.
func (s *site) raw(t *testing.T, method string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "%s /case/1 HTTP/1.1\r\nHost: x\r\n\r\n", method)
	b, err := io.ReadAll(conn)
	if err != nil {
		t.Errorf("the connection ends with %v after %q, want it closed", err, b)
	}
	return string(b)
}

func TestHijackSendsTheHeadThatIsKept(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"an undecided error":         func(w http.ResponseWriter) { w.WriteHeader(404) },
		"a status without a body":    func(w http.ResponseWriter) { w.WriteHeader(204) },
		"not modified":               func(w http.ResponseWriter) { w.WriteHeader(304) },
		"a declared length of 0":     func(w http.ResponseWriter) { w.Header().Set("Content-Length", "0"); w.WriteHeader(200) },
		"an undecided server error":  func(w http.ResponseWriter) { w.WriteHeader(503) },
		"a status that passes":       func(w http.ResponseWriter) { w.WriteHeader(201) },
		"nothing":                    func(http.ResponseWriter) {},
		"a field that came too late": func(w http.ResponseWriter) { w.WriteHeader(404); w.Header().Set("X-Late", "1") },
	} {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(name+", "+method, func(t *testing.T) {
				h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					begin(w)
					conn, _, err := http.NewResponseController(w).Hijack()
					if err != nil {
						t.Errorf("Hijack = %v", err)
						return
					}
					io.WriteString(conn, "mine")
					conn.Close()
				})
				heads := map[string]string{}
				for form, standard := range map[string]mw{"with": nil, "without": middleware.Chain()} {
					s := plan{cold: true, standard: standard}.open(std, single, h)
					heads[form] = withoutID(s.raw(t, method))
					s.summary(t)
					s.close()
				}
				if heads["with"] != heads["without"] {
					t.Errorf("the connection brings %q, and beneath net/http %q", heads["with"], heads["without"])
				}
			})
		}
	}
}

// withoutID drops what is never the same.
func withoutID(raw string) string {
	var kept []string
	for line := range strings.SplitSeq(raw, "\r\n") {
		if !strings.HasPrefix(line, "X-Request-Id:") && !strings.HasPrefix(line, "Date:") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\r\n")
}

func TestFailureBehindAHijackClosesTheConnection(t *testing.T) {
	for name, leave := range map[string]func(w http.ResponseWriter, r *http.Request) error{
		"a returned error": func(http.ResponseWriter, *http.Request) error { return errors.New("boom") },
		"a refusal":        func(http.ResponseWriter, *http.Request) error { return problem.Conflict },
		"a panic":          func(http.ResponseWriter, *http.Request) error { panic("boom") },
		"an abort":         func(http.ResponseWriter, *http.Request) error { return http.ErrAbortHandler },
		"an exit":          func(http.ResponseWriter, *http.Request) error { runtime.Goexit(); return nil },
		"Respond":          func(w http.ResponseWriter, r *http.Request) error { problem.Respond(w, r, problem.Gone); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := plan{cold: true}.open(std, single, problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
				if _, _, err := http.NewResponseController(w).Hijack(); err != nil {
					t.Errorf("Hijack = %v", err)
				}
				return leave(w, r)
			}).ServeHTTP)
			defer s.close()
			if got := s.raw(t, "GET"); got != "" {
				t.Errorf("the connection brings %q, want its end", got)
			}
			if sum := s.summary(t); !sum.Hijacked {
				t.Errorf("the summary is %+v, want it hijacked", sum)
			}
			if want := map[string]int{"an abort": 0}; len(s.loud()) != 1 && name != "an abort" {
				t.Errorf("the log says %v, want one record (%v)", s.records.all(), want)
			}
		})
	}
}

func TestFlushOfATextErrorSendsTheEnvelopeAtOnce(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"http.Error":       func(w http.ResponseWriter) { http.Error(w, "secret", 409) },
		"a bare status":    func(w http.ResponseWriter) { w.WriteHeader(409) },
		"half of JSON":     func(w http.ResponseWriter) { w.WriteHeader(409); io.WriteString(w, `{"error":`) },
		"space":            func(w http.ResponseWriter) { w.WriteHeader(409); io.WriteString(w, " \n") },
		"text in pieces":   func(w http.ResponseWriter) { w.WriteHeader(409); io.WriteString(w, "sec"); io.WriteString(w, "ret") },
		"a copied message": func(w http.ResponseWriter) { w.WriteHeader(409); io.Copy(w, strings.NewReader("secret")) },
	} {
		t.Run(name, func(t *testing.T) {
			read := make(chan struct{})
			each(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				begin(w)
				http.NewResponseController(w).Flush()
				select {
				case <-read: // the client has it while we still run
				case <-time.After(10 * time.Second):
					t.Error("the client waits for the handler")
				}
				io.WriteString(w, `"more"}`)
			}), func(t *testing.T, s *site) {
				resp, err := s.client.Get(s.url)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				first, err := bufio.NewReader(resp.Body).ReadString('}')
				read <- struct{}{}
				rest, _ := io.ReadAll(resp.Body)
				if err != nil || resp.StatusCode != 409 || !strings.HasPrefix(first, `{"type":`) || strings.Contains(string(rest), "more") {
					t.Errorf("the answer is %d %q %q (%v), want the envelope alone", resp.StatusCode, first, rest, err)
				}
				s.summary(t)
				if len(s.loud()) != 1 {
					t.Errorf("the log says %v, want one record", s.records.all())
				}
			})
		})
	}
}

func TestTrailerOfAReplacedAnswerIsNotSent(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"announced, and set before": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum, X-Size")
			w.Header().Set("X-Sum", "secret")
			http.Error(w, "no", 404)
		},
		"announced, and set after": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("Trailer", "x-sum")
			http.Error(w, "no", 404)
			w.Header().Set("X-Sum", "secret")
		},
		"with the prefix": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no", 404)
			w.Header().Set(http.TrailerPrefix+"X-Sum", "secret")
		},
		"and a panic": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			w.Header().Set("X-Sum", "secret")
			panic("boom")
		},
		"and an error": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			w.Header().Set("X-Sum", "secret")
			problem.Respond(w, r, problem.Gone)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, h, func(t *testing.T, s *site) {
				a := s.get()
				wantEnvelope(t, a, a.status)
				if a.status < 400 || strings.Contains(fmt.Sprint(a.header, a.trailer), "secret") || a.header["Trailer"] != nil || len(a.trailer) > 0 {
					t.Errorf("the answer is %d %v, with the trailer %v, want nothing of the other's", a.status, a.header, a.trailer)
				}
				s.summary(t)
			})
		})
	}
}

func TestTextIsLeftWhereTheProgramSaysSo(t *testing.T) {
	errs := problem.New(problem.Config{})
	skip := func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/case/") }
	for form, standard := range map[string]mw{
		"Standard": middleware.Standard(errs, middleware.Config{Skip: skip}),
		"Rewrite":  middleware.Chain(errs.Handler, middleware.Recover(), middleware.Rewrite(func(*http.Request) bool { return false }, skip)),
	} {
		t.Run(form, func(t *testing.T) {
			for name, h := range map[string]http.HandlerFunc{
				"http.Error":    func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "mine", 404) },
				"a bare status": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); io.WriteString(w, "mine\n") },
			} {
				s := plan{cold: true, standard: standard}.open(std, single, h)
				if a := s.get(); a.status != 404 || a.body != "mine\n" {
					t.Errorf("%s: the answer is %d %q (%v), want the handler's text", name, a.status, a.body, a.err)
				}
				if a := s.ask("GET", s.server.URL+"/elsewhere", nil); a.header.Get("Content-Type") != "application/problem+json" {
					t.Errorf("%s: elsewhere the answer is %d %q, want the envelope", name, a.status, a.body)
				}
				s.close()
			}
		})
	}
}

func TestLogSaysWhatWasReplaced(t *testing.T) {
	for name, tt := range map[string]struct {
		h    http.HandlerFunc
		want string
	}{
		"a bare status": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, "handler answered 403 without a body"},
		"a bare status and a type": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(502)
		}, "handler answered 502 without a body"},
		"an empty write": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403); io.WriteString(w, "") }, "handler answered 403 without a body"},
		"http.Error":     {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "x", 403) }, "handler answered 403 in plain text"},
		"a flushed status": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(403)
			http.NewResponseController(w).Flush()
		}, "handler answered 403 without a body"},
	} {
		t.Run(name, func(t *testing.T) {
			s := plan{cold: true}.open(std, single, tt.h)
			defer s.close()
			s.get()
			s.summary(t)
			if cause := s.wantRecords(t, 1)[0].attrs["cause"]; !strings.HasSuffix(cause, tt.want) {
				t.Errorf("the cause is %q, want %q", cause, tt.want)
			}
		})
	}
}

func TestChisOwnErrorsBecomeEnvelopesBeneathItsOwnMiddlewares(t *testing.T) {
	r := chi.NewRouter()
	r.Use(chimw.GetHead, chimw.Compress(5), chimw.StripSlashes)
	r.Get("/case/1", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "secret", 418) })
	s := plan{cold: true}.open(house{"chi", func(app mw, _ http.Handler) http.Handler { return app(r) }}, single, nil)
	defer s.close()
	for path, status := range map[string]int{"/case/1": 418, "/case/1/": 418, "/none": 404} {
		wantEnvelope(t, s.ask("GET", s.server.URL+path, nil), status)
		s.summary(t)
	}
}
