package routers_test

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/ratelimit"
)

func TestUnknownPathIsAnEnvelope(t *testing.T) {
	plan{}.run(t, nil, func(t *testing.T, s *site) {
		wantEnvelope(t, s.ask("GET", s.server.URL+"/nowhere", nil), 404)
		s.summary(t)
	})
}

func TestWrongMethodIsAnEnvelopeWithAllow(t *testing.T) {
	plan{}.run(t, nil, func(t *testing.T, s *site) {
		a := s.ask("POST", s.server.URL+"/only/1", strings.NewReader("x"))
		wantEnvelope(t, a, 405)
		if allow := a.header.Get("Allow"); !strings.Contains(allow, "GET") {
			t.Errorf("Allow is %q, want GET in it", allow)
		}
		s.summary(t)
	})
}

func TestPatternIsKnownOutsideAfterwards(t *testing.T) {
	want := map[string]string{"net/http": "/case/{id}", "chi": "/case/{id}", "gin inside": "/case/:id", "gin outside": "", "echo": "/case/:id"}
	plan{}.run(t, func(http.ResponseWriter, *http.Request) {}, func(t *testing.T, s *site) {
		s.get()
		if sum := s.summary(t); sum.Pattern != want[s.house] {
			t.Errorf("the pattern is %q, want %q", sum.Pattern, want[s.house])
		}
	})
}

// If the middlewares are around chi, they do not learn the pattern, unless one of the handlers
// of this library is inside chi.
func TestPatternOfAHandlerOfOursIsKnownOutside(t *testing.T) {
	want := map[string]string{"net/http": "/case/{id}", "chi": "/case/{id}", "chi outside": "/case/{id}", "gin inside": "/case/:id", "gin outside": "", "echo": "/case/:id"}
	for name, h := range map[string]problem.HandlerFunc{
		"a success": func(http.ResponseWriter, *http.Request) error { return nil },
		"a failure": func(http.ResponseWriter, *http.Request) error { return problem.Conflict },
		"a panic":   func(http.ResponseWriter, *http.Request) error { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			plan{}.run(t, h.ServeHTTP, func(t *testing.T, s *site) {
				s.get()
				if sum := s.summary(t); sum.Pattern != want[s.house] {
					t.Errorf("the pattern is %q, want %q", sum.Pattern, want[s.house])
				}
			})
		})
	}
}

func TestOldHandlersSpeakTheEnvelope(t *testing.T) {
	nested := http.NewServeMux()
	nested.Handle("GET /case/only", http.NotFoundHandler())
	for _, tt := range []struct {
		name   string
		h      http.Handler
		status int
	}{
		{"http.Error", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "dsn=postgres://u:p@h", 500) }), 500},
		{"http.Error of a 418", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "dsn=postgres://u:p@h", http.StatusTeapot) }), 418},
		{"a bare status", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }), 403},
		{"a text without a type", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(409)
			io.WriteString(w, "dsn=postgres://u:p@h")
		}), 409},
		{"a text that is streamed", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(503)
			io.Copy(w, strings.NewReader("dsn=postgres://u:p@h"))
			http.NewResponseController(w).Flush()
		}), 503},
		{"a mux within", nested, 404},
		{"a prefix that is stripped", http.StripPrefix("/case", nested), 404},
		{"a missing file", http.FileServerFS(fstest.MapFS{}), 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan{}.run(t, tt.h.ServeHTTP, func(t *testing.T, s *site) {
				a := s.get()
				wantEnvelope(t, a, tt.status)
				if strings.Contains(a.body, "postgres:") {
					t.Errorf("the body %q has the text of the handler in it", a.body)
				}
				s.summary(t)
			})
		})
	}
}

func TestWhatAHandlerMeantIsUntouched(t *testing.T) {
	for _, tt := range []struct {
		name, contentType, body string
		status                  int
	}{
		{"JSON with its type", "application/json", `{"own":1}`, 404},
		{"JSON without a type", "", ` {"own":1}`, 404},
		{"HTML", "text/html", "<p>own</p>", 500},
		{"a text with a version in its type", "text/plain; version=0.0.4", "own 1", 400},
		{"a success in plain text", "", "own", 200},
		{"a redirect", "text/html; charset=utf-8", "", 307},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan{}.run(t, func(w http.ResponseWriter, _ *http.Request) {
				if tt.contentType != "" {
					w.Header().Set("Content-Type", tt.contentType)
				}
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.body)
			}, func(t *testing.T, s *site) {
				if a := s.get(); a.status != tt.status || a.body != tt.body {
					t.Errorf("the answer is %d %q (%v), want %d %q", a.status, a.body, a.err, tt.status, tt.body)
				}
				s.summary(t)
				s.wantRecords(t, 0)
			})
		})
	}
	t.Run("a path that the mux cleans", func(t *testing.T) {
		plan{houses: []house{std}}.run(t, nil, func(t *testing.T, s *site) {
			if a := s.ask("GET", s.server.URL+"//case/1", nil); a.status != 301 && a.status != 307 {
				t.Errorf("the answer is %d %q, want a redirect", a.status, a.body)
			}
			s.summary(t)
		})
	})
}

func TestSecondErrorIsNotAppended(t *testing.T) {
	plan{}.run(t, func(w http.ResponseWriter, r *http.Request) {
		problem.Respond(w, r, problem.NotFound)
		problem.Respond(w, r, problem.Conflict)
		io.WriteString(w, "and more")
	}, func(t *testing.T, s *site) {
		wantEnvelope(t, s.get(), 404)
		s.summary(t)
	})
}

func TestErrorAfterGinsCommittedStatusIsNoSuccess(t *testing.T) {
	handler := func(c *gin.Context) {
		c.AbortWithStatus(400)
		problem.Respond(c.Writer, c.Request, problem.Gone)
	}
	build := func(place string) house {
		return house{place, func(app mw, _ http.Handler) http.Handler {
			e := gin.New()
			if place == "gin inside" {
				ginadapter.Install(e, app)
			}
			e.GET("/case/warm", func(*gin.Context) {})
			e.GET("/case/1", handler)
			if place == "gin inside" {
				return e
			}
			return app(e)
		}}
	}
	// With Standard outside, gin's writer drops a second status. But the first one was not
	// sent yet, so the envelope can replace it.
	for _, place := range []string{"gin inside", "gin outside"} {
		plan{houses: []house{build(place)}}.run(t, nil, func(t *testing.T, s *site) {
			wantEnvelope(t, s.get(), 410)
			s.summary(t)
		})
	}
}

func TestErrorAfterASuccessCutsTheAnswer(t *testing.T) {
	plan{}.run(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "0123456789")
		problem.Respond(w, r, errors.New("too late"))
	}, func(t *testing.T, s *site) {
		s.wantCut(t, s.get())
		s.summary(t)
		s.wantRecords(t, 1)
	})
}

func TestStatePersistsWhereRoutersWrapPerRequest(t *testing.T) {
	limit, err := ratelimit.New(ratelimit.Config{Rate: ratelimit.PerHour(2), Key: func(*http.Request) (string, bool) { return "all", true }})
	if err != nil {
		t.Fatal(err)
	}
	perRequest := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { limit.Handler(next).ServeHTTP(w, r) })
	}
	plan{houses: []house{std}, protocols: []string{single}, inside: []mw{perRequest}}.run(t,
		func(http.ResponseWriter, *http.Request) {},
		func(t *testing.T, s *site) {
			for i, want := range []int{200, 200, 429} {
				if a := s.get(); a.status != want {
					t.Errorf("answer %d is %d, want %d", i+1, a.status, want)
				}
				s.summary(t)
			}
		})
}

func TestRefusalsCarryTheHeadersOfCORS(t *testing.T) {
	cors := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "https://app.example")
			if r.Method == http.MethodOptions {
				w.WriteHeader(204)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	for status, h := range map[int]http.HandlerFunc{
		429: func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, problem.RateLimited) },
		500: func(http.ResponseWriter, *http.Request) { panic("boom") },
		503: func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusServiceUnavailable) },
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			plan{inside: []mw{cors}}.run(t, h, func(t *testing.T, s *site) {
				a := s.get()
				wantEnvelope(t, a, status)
				if a.header.Get("Access-Control-Allow-Origin") == "" {
					t.Errorf("the header is %v, want CORS in it", a.header)
				}
				s.summary(t)
				if a := s.ask("OPTIONS", s.url, nil); a.status != 204 || s.calls.Load() != 1 {
					t.Errorf("the preflight is %d after %d calls, want a 204 without a call", a.status, s.calls.Load())
				}
				s.summary(t)
			})
		})
	}
}

func TestUploadLeavesNoTemporaryFile(t *testing.T) {
	var upload bytes.Buffer
	form := multipart.NewWriter(&upload)
	part, err := form.CreateFormFile("file", "name")
	if err != nil {
		t.Fatal(err)
	}
	part.Write(make([]byte, 200<<10))
	form.Close()
	for name, end := range map[string]func(http.ResponseWriter, *http.Request){
		"return": func(http.ResponseWriter, *http.Request) {},
		"panic":  func(http.ResponseWriter, *http.Request) { panic("boom") },
		"cut":    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "x"); panic("boom") },
		"abort":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("TMPDIR", dir)
			h := func(w http.ResponseWriter, r *http.Request) {
				if err := r.ParseMultipartForm(1 << 10); err != nil {
					t.Errorf("the form is refused: %v", err)
				}
				if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
					t.Errorf("there is no temporary file while the handler runs (%v), so this test proves nothing", err)
				}
				end(w, r)
			}
			check := func(t *testing.T, s *site) {
				s.ask("POST", s.url, bytes.NewReader(upload.Bytes()), "Content-Type: "+form.FormDataContentType())
				s.summary(t)
				settle(t, "temporary files", 0, func() int {
					entries, err := os.ReadDir(dir)
					if err != nil {
						t.Fatal(err)
					}
					return len(entries)
				})
			}
			plan{houses: fewer}.run(t, h, check)
			// With chi inside, the form is known outside only if a handler of this library
			// is inside chi.
			plan{houses: []house{chiOutside}}.run(t, problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
				h(w, r)
				return nil
			}).ServeHTTP, check)
		})
	}
}
