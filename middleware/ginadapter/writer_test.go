package ginadapter_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/middleware/ginadapter"
)

// through is a middleware that does nothing.
func through(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r) })
}

// The writer that handlers get answers like gin's own, at every step.
func TestWriterIsAsLazyAsGins(t *testing.T) {
	type step struct {
		name string
		do   func(gin.ResponseWriter)
	}
	header := func(n int) func(gin.ResponseWriter) { return func(w gin.ResponseWriter) { w.WriteHeader(n) } }
	steps := []step{
		{"500", header(500)},
		{"418", header(418)},
		{"-1", header(-1)},
		{"0", header(0)},
		{"now", func(w gin.ResponseWriter) { w.WriteHeaderNow() }},
		{"write", func(w gin.ResponseWriter) { w.Write([]byte("ab")) }},
		{"write nothing", func(w gin.ResponseWriter) { w.Write(nil) }},
		{"write string", func(w gin.ResponseWriter) { w.WriteString("cde") }},
		{"flush", func(w gin.ResponseWriter) { w.Flush() }},
	}
	play := func(wrapped bool, script []step) (states []any, w *httptest.ResponseRecorder) {
		e := gin.New()
		if wrapped {
			e.Use(ginadapter.Wrap(through), ginadapter.Wrap(through))
		}
		e.GET("/x/:id", func(c *gin.Context) {
			for _, s := range script {
				s.do(c.Writer)
				states = append(states, s.name, c.Writer.Status(), c.Writer.Size(), c.Writer.Written())
			}
		})
		return states, get(t, e, "GET", "/x/1")
	}
	for i := range steps {
		for j := range steps {
			for k := range steps {
				script := []step{steps[i], steps[j], steps[k]}
				want, wantW := play(false, script)
				got, gotW := play(true, script)
				for n := range want {
					if got[n] != want[n] {
						t.Errorf("after %v the writer says %v, want %v", script, got, want)
						break
					}
				}
				if gotW.Code != wantW.Code || gotW.Body.String() != wantW.Body.String() {
					t.Errorf("after %v the answer is %d %q, want %d %q", script, gotW.Code, gotW.Body, wantW.Code, wantW.Body)
				}
			}
		}
	}
}

func TestWriterStartsFromGinsStatus(t *testing.T) {
	e := gin.New()
	e.Use(ginadapter.Wrap(through))
	e.NoRoute(func(c *gin.Context) {
		if got := c.Writer.Status(); got != 404 {
			t.Errorf("the status is %d, want 404", got)
		}
	})
	if w := get(t, e, "GET", "/nowhere"); w.Code != 404 || w.Body.String() != "404 page not found" {
		t.Errorf("the answer is %d %q, want gin's own", w.Code, w.Body)
	}
}

func TestHijackOfWhatCannotIsNotSupported(t *testing.T) {
	e := gin.New()
	e.Use(ginadapter.Wrap(through))
	e.GET("/x/:id", func(c *gin.Context) {
		if _, _, err := c.Writer.Hijack(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("Hijack = %v, want ErrNotSupported", err)
		}
		if c.Writer.Pusher() != nil {
			t.Error("Pusher is there, want none")
		}
		io.WriteString(c.Writer, "fine")
	})
	if w := get(t, e, "GET", "/x/1"); w.Body.String() != "fine" {
		t.Errorf("the answer is %q, want fine", w.Body)
	}
}

func TestMiddlewareSeesTheStatusOfAnAnswerWithoutABody(t *testing.T) {
	var seen int
	spy := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := &statusSpy{ResponseWriter: w}
			next.ServeHTTP(s, r)
			seen = s.status
		})
	}
	e := gin.New()
	e.Use(ginadapter.Wrap(spy))
	e.GET("/x/:id", func(c *gin.Context) { c.Status(204) })
	if w := get(t, e, "GET", "/x/1"); w.Code != 204 || seen != 204 {
		t.Errorf("the client gets %d and the middleware sees %d, want 204 twice", w.Code, seen)
	}
}

type statusSpy struct {
	http.ResponseWriter
	status int
}

func (s *statusSpy) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}
