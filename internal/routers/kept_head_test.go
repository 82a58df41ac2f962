package routers_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// raw sends one request and returns all bytes that the server sends.
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
					t.Errorf("the server sends %q, and without Standard %q", heads["with"], heads["without"])
				}
			})
		}
	}
}

// withoutID removes the fields that differ in every answer.
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
				t.Errorf("the server sends %q, want only the end of the connection", got)
			}
			if sum := s.summary(t); !sum.Hijacked {
				t.Errorf("the summary is %+v, want it hijacked", sum)
			}
			if len(s.loud()) != 1 && name != "an abort" {
				t.Errorf("the log says %v, want one record", s.records.all())
			}
		})
	}
}
