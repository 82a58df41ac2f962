package routers_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/handlers"

	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/problem"
)

// silent is a logger of gorilla's recoverer.
type silent struct{}

func (silent) Println(...any) {}

func TestForeignRecovererOutsideCannotFinishACutAnswer(t *testing.T) {
	recovering := house{"gin with its recovery inside", func(app mw, h http.Handler) http.Handler {
		e := gin.New()
		e.Use(gin.RecoveryWithWriter(io.Discard)) // gin.Default has the same recoverer
		ginadapter.Install(e, app)
		e.Any("/case/:id", gin.WrapH(h))
		return e
	}}
	for name, write := range map[string]func(http.ResponseWriter){
		"10 bytes":           func(w http.ResponseWriter) { io.WriteString(w, "0123456789") },
		"a megabyte":         func(w http.ResponseWriter) { w.Write(make([]byte, 1<<20)) },
		"10 of 100 declared": func(w http.ResponseWriter) { w.Header().Set("Content-Length", "100"); io.WriteString(w, "0123456789") },
	} {
		for _, value := range []any{"boom", http.ErrAbortHandler, fmt.Errorf("proxy: %w", http.ErrAbortHandler)} {
			h := func(w http.ResponseWriter, _ *http.Request) { write(w); panic(value) }
			check := func(t *testing.T, s *site) {
				if a := s.get(); a.err == nil {
					t.Errorf("the answer is a complete-looking %d of %d bytes, want it cut off", a.status, len(a.body))
				}
				s.summary(t)
				s.wantCalls(t, 1)
			}
			t.Run(fmt.Sprint("gin, ", name, ", ", value), func(t *testing.T) {
				plan{houses: []house{recovering}, noisy: true}.run(t, h, check)
			})
			t.Run(fmt.Sprint("gorilla, ", name, ", ", value), func(t *testing.T) {
				recovery := handlers.RecoveryHandler(handlers.RecoveryLogger(silent{}))
				plan{outside: []mw{recovery}, noisy: true}.run(t, h, check)
			})
		}
	}
}

func TestRequestIDIsSentOnceOnEveryAnswer(t *testing.T) {
	for _, status := range []int{200, 204, 304, 307, 404, 405, 413, 429, 500, 503, 504} {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(fmt.Sprint(method, status), func(t *testing.T) {
				plan{protocols: []string{single, h2}}.run(t, func(w http.ResponseWriter, r *http.Request) {
					switch {
					case status >= 500:
						problem.Respond(w, r, problem.Code{Status: status}.New(""))
					case status >= 400:
						http.Error(w, "no", status)
					default:
						w.WriteHeader(status)
						http.NewResponseController(w).Flush()
					}
				}, func(t *testing.T, s *site) {
					a := s.ask(method, s.url, nil)
					if ids := a.header["X-Request-Id"]; a.status != status || len(ids) != 1 {
						t.Errorf("the answer is %d (%v) with the IDs %q, want %d and one", a.status, a.err, ids, status)
					}
					s.summary(t)
				})
			})
		}
	}
}
