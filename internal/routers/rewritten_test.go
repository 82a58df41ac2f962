package routers_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	chimw "github.com/go-chi/chi/v5/middleware"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

func TestFlushOfATextErrorSendsTheEnvelopeAtOnce(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"http.Error":       func(w http.ResponseWriter) { http.Error(w, "secret", http.StatusConflict) },
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
				case <-read: // the client has read the envelope while the handler runs
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
					t.Errorf("the answer is %d %q %q (%v), want only the envelope", resp.StatusCode, first, rest, err)
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
		"announced, and set before the error": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum, X-Size")
			w.Header().Set("X-Sum", "secret")
			http.Error(w, "no", 404)
		},
		"announced, and set after the error": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("Trailer", "x-sum")
			http.Error(w, "no", 404)
			w.Header().Set("X-Sum", "secret")
		},
		"with the prefix Trailer:": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no", 404)
			w.Header().Set(http.TrailerPrefix+"X-Sum", "secret")
		},
		"announced, before a panic": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			w.Header().Set("X-Sum", "secret")
			panic("boom")
		},
		"announced, before an error of package problem": func(w http.ResponseWriter, r *http.Request) {
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
					t.Errorf("the answer is %d %v, with the trailer %v, want no trailer", a.status, a.header, a.trailer)
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
		"http.Error":     {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "x", http.StatusForbidden) }, "handler answered 403 in plain text"},
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
	r.Get("/case/1", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "secret", http.StatusTeapot) })
	s := plan{cold: true}.open(house{"chi", func(app mw, _ http.Handler) http.Handler { return app(r) }}, single, nil)
	defer s.close()
	for path, status := range map[string]int{"/case/1": 418, "/case/1/": 418, "/none": 404} {
		wantEnvelope(t, s.ask("GET", s.server.URL+path, nil), status)
		s.summary(t)
	}
}
