package problemtest

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"

	"github.com/backstop-go/backstop/problem"
)

// server is a real server, because a recorder shows neither HEAD nor a cut
// connection.
type server struct{ *httptest.Server }

func newServer(h http.Handler) server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	return server{s}
}

// fetch returns what was read, even if the answer is incomplete.
func (s server) fetch(method string) (answer, error) {
	r, err := http.NewRequest(method, s.URL+"/things/7", nil)
	if err != nil {
		return answer{}, err
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, body}, err
}

func headAsGet(t reporter, style problem.Style) {
	s := newServer(responder(style).Handler(returning(problem.NotFound.New("No such thing"))))
	defer s.Close()
	get, err := s.fetch(http.MethodGet)
	if err != nil {
		t.Errorf("GET: %v", err)
		return
	}
	head, err := s.fetch(http.MethodHead)
	if err != nil {
		t.Errorf("HEAD: %v", err)
		return
	}
	if len(head.body) > 0 || head.status != get.status {
		t.Errorf("HEAD is answered %d with %d bytes, want %d and none", head.status, len(head.body), get.status)
	}
	for _, h := range []http.Header{get.header, head.header} {
		h.Del("Date")
	}
	for name, want := range get.header {
		if got := head.header[name]; !slices.Equal(got, want) {
			t.Errorf("HEAD has %s %q, want %q as GET has", name, got, want)
		}
	}
}

func answeredOnce(t reporter, style problem.Style) {
	want := render(style, problem.NotFound)
	s := newServer(responder(style).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		problem.Respond(w, r, problem.NotFound)
		problem.Respond(w, r, problem.Internal)
		io.WriteString(w, "more")
	})))
	defer s.Close()
	got, err := s.fetch(http.MethodGet)
	if err != nil || got.status != want.status {
		t.Errorf("of two errors the client read %d, %v, want the first: %d", got.status, err, want.status)
	}
	if err := got.check(style); err != nil || bytes.Contains(got.body, []byte("more")) {
		t.Errorf("of two errors the client read a body that %v: %s", err, got.body)
	}
}

func startedIsCut(t reporter, style problem.Style) {
	cut(t, responder(style).Handler(problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		io.WriteString(w, "begun")
		return errTooLate
	})))
}

// cut checks that the client gets "begun" and no end of the answer.
func cut(t reporter, h http.Handler) {
	s := newServer(h)
	defer s.Close()
	got, err := s.fetch(http.MethodGet)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("after an answer was begun the client read %q and %v, want an unexpected EOF", got.body, err)
	}
	if string(got.body) != "begun" {
		t.Errorf("after an answer was begun the client read %q, want that nothing is appended", got.body)
	}
}
