package routers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	chimw "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// each runs a handler over all protocols, with only Standard around it.
func each(t *testing.T, h http.Handler, check func(*testing.T, *site)) {
	t.Helper()
	plan{houses: []house{std}, noisy: true}.run(t, h.ServeHTTP, check)
}

// loud returns the records above the level Debug.
func (s *site) loud() (all []record) {
	for _, r := range s.records.all() {
		if r.level > slog.LevelDebug {
			all = append(all, r)
		}
	}
	return all
}

// A handler that begins a success and then writes an error has failed. The answer is cut.
func TestErrorThatIsSaidAfterASuccessCutsTheAnswer(t *testing.T) {
	begin := func(w http.ResponseWriter) { io.WriteString(w, `{"items":[1,2,`) }
	boom := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { begin(w); panic("boom") })
	var unencodable any = func() {}
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
			if err := json.NewEncoder(w).Encode(unencodable); err != nil {
				http.Error(w, err.Error(), 500)
			}
		}), "500"},
		"http.NotFound": {http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { begin(w); http.NotFound(w, r) }), "404"},
		"a bare status": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { begin(w); w.WriteHeader(503) }), "503"},
		"after a flush": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			begin(w)
			http.NewResponseController(w).Flush()
			http.Error(w, "secret", http.StatusBadGateway)
		}), "502"},
		"after a status": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(201)
			http.Error(w, "secret", http.StatusConflict)
		}), "409"},
		"a JSON error": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			begin(w)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(422)
			io.WriteString(w, `{"error":"secret"}`)
		}), "422"},
		"through a writer without optional interfaces": {hiding(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { begin(w); http.Error(w, "secret", 500) })), "500"},
		"before a flush and more": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
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
					t.Errorf("the body is %q, want only what was written before the error", a.body)
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

// unheard is a log entry for chi's recoverer that drops everything.
type unheard struct{}

func (unheard) Write(int, int, http.Header, time.Duration, any) {}
func (unheard) Panic(any, []byte)                               {}

// A handler that has sent its own error in JSON cannot change it by another status.
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

// After an envelope nothing more is sent, whatever the handler does next.
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
		for between, wrap := range map[string]mw{"nothing": middleware.Chain(), "a writer without optional interfaces": hiding, "TimeoutHandler": buffering} {
			t.Run(name+" through "+between, func(t *testing.T) {
				each(t, wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					problem.Respond(w, r, problem.NotFound)
					then(w, r)
				})), func(t *testing.T, s *site) {
					a := s.get()
					wantEnvelope(t, a, 404)
					s.summary(t)
					if recs := s.loud(); len(recs) != 1 || recs[0].attrs["status"] != fmt.Sprint(a.status) {
						t.Errorf("the log says %v, want only the %d", recs, a.status)
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
		"a handler that writes after the timeout": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			if _, err := io.WriteString(w, "late"); err != nil {
				problem.Respond(w, r, err)
			}
		}),
		"a handler that fails after the timeout": problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
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
					t.Errorf("the log says %v, want only the 503", recs)
				}
			})
		})
	}
}
