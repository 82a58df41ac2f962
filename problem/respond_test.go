package problem_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

func TestAnswerOnTheWire(t *testing.T) {
	p := problem.New(problem.Config{Logger: silent})
	for _, http2 := range []bool{false, true} {
		s := server(t, p.Handler(returning(problem.NotFound.New("No such thing"))), http2)
		resp, got, err := fetch(t, s, http.MethodGet)
		if err != nil {
			t.Fatal(err)
		}
		want := `{"type":"about:blank","title":"Not Found","status":404,"detail":"No such thing","code":"not_found"}`
		if resp.StatusCode != 404 || string(got) != want {
			t.Errorf("%s GET = %d %s, want 404 %s", resp.Proto, resp.StatusCode, got, want)
		}
		head, none, err := fetch(t, s, http.MethodHead)
		if err != nil {
			t.Fatal(err)
		}
		if len(none) != 0 || head.StatusCode != 404 || head.ContentLength != int64(len(want)) {
			t.Errorf("%s HEAD = %d, Content-Length %d and %d bytes, want 404, %d and none",
				head.Proto, head.StatusCode, head.ContentLength, len(none), len(want))
		}
		if got, want := headerNames(head.Header), headerNames(resp.Header); got != want {
			t.Errorf("%s HEAD has the headers %s, want those of GET: %s", head.Proto, got, want)
		}
		for name, want := range map[string]string{
			"Content-Type":           "application/problem+json",
			"Cache-Control":          "no-store",
			"X-Content-Type-Options": "nosniff",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s %s = %q, want %q", resp.Proto, name, got, want)
			}
		}
	}
}

func TestAnsweredOnce(t *testing.T) {
	for name, second := range map[string]func(http.ResponseWriter, *http.Request){
		"Respond":     func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, problem.Internal) },
		"a write":     func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "more") },
		"Respond, h2": func(w http.ResponseWriter, r *http.Request) { problem.Respond(w, r, problem.Gone) },
	} {
		var book logbook
		events := 0
		p := problem.New(problem.Config{Logger: book.logger(), OnError: func(context.Context, *problem.Event) { events++ }})
		s := server(t, p.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			problem.Respond(w, r, problem.NotFound)
			second(w, r)
		})), strings.HasSuffix(name, "h2"))
		resp, got, err := fetch(t, s, http.MethodGet)
		if err != nil || resp.StatusCode != 404 || strings.Count(string(got), "{") != 1 {
			t.Errorf("%s after an answer: the client read %v %q, %v, want only the first answer", name, resp, got, err)
		}
		s.Close()
		if events != 1 {
			t.Errorf("%s after an answer: %d events, want 1", name, events)
		}
		records := book.all()
		if name == "a write" {
			continue
		}
		if len(records) != 2 || records[1]["level"] != "DEBUG" || records[1]["msg"] != "request failed after it was answered" {
			t.Errorf("%s after an answer: logged %v, want a Debug line for the second", name, records)
		}
	}
}

func TestAnAnswerIsComplete(t *testing.T) {
	w := serve(problem.Config{}, httptest.NewRequest(http.MethodGet, "/", nil), http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			problem.Respond(w, r, problem.NotFound)
			if _, err := io.WriteString(w, "more"); !errors.Is(err, http.ErrContentLength) {
				t.Errorf("writing after the answer = %v, want http.ErrContentLength", err)
			}
		}))
	decode(t, w)
}

func TestA5xxIsFlushedBeforeTheHook(t *testing.T) {
	release := make(chan struct{})
	p := problem.New(problem.Config{Logger: silent, OnError: func(context.Context, *problem.Event) { <-release }})
	s := server(t, p.Handler(returning(problem.Unavailable)), false)
	conn := dial(t, s)
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil) // while the hook blocks
	if err != nil || resp.StatusCode != 503 {
		t.Errorf("while the hook blocks the client read %v, %v, want 503", resp, err)
	}
	close(release)
}

// The memory of a failure is used again for the next one. Nothing of the first failure must be
// left in it.
func TestFailureLeavesNothingToTheNext(t *testing.T) {
	rich := map[string]error{
		"a hidden failure":                     problem.Forbidden,
		"a remote failure":                     received(401, nil, problem.View{Code: "unauthorized", RequestID: "req_up", RetryAfter: 7}),
		"a failure with fields and a detail":   problem.Gone.New(strings.Repeat("x", 5<<10)).WithDetail("status", 1).WithFields(problem.FieldError{Rule: "required"}).WithRetryAfter(time.Second),
		"a failure that a handler has written": &exchange.Stated{Status: 404, How: "in plain text", Text: "no"},
	}
	for name, err := range rich {
		var book logbook
		p := problem.New(problem.Config{HideForbidden: true, Logger: book.logger()})
		for range 10 { // a pool does not always return the same memory
			for _, err := range []error{err, problem.NotFound} {
				p.Handler(returning(err)).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
			}
		}
		var first logbook
		problem.New(problem.Config{Logger: first.logger()}).Handler(returning(problem.NotFound)).ServeHTTP(
			httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		want := first.one(t)
		for i, record := range book.all() {
			if i%2 == 1 && !maps.Equal(record, want) {
				t.Errorf("after %s a NotFound is logged as %v, want %v", name, record, want)
				break
			}
		}
	}
}

func TestInnermostResponderAnswers(t *testing.T) {
	inner := problem.RFC9457
	inner.Name, inner.ContentType = "inner", "application/vnd.inner+json"
	in := problem.New(problem.Config{Style: inner, Logger: silent})
	w := serve(problem.Config{}, httptest.NewRequest(http.MethodGet, "/", nil), http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			in.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
			problem.Respond(w, r, problem.NotFound) // after the inner handler, like Recover
		}))
	if got := w.Header().Get("Content-Type"); got != inner.ContentType {
		t.Errorf("after an inner responder was reached, Content-Type = %s, want %s", got, inner.ContentType)
	}
}

// Outer middlewares read the pattern, and net/http removes the files of an upload, from their
// own copy of the request.
func TestWhatIsLearnedOnTheCopyIsCopiedBack(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(_ http.ResponseWriter, r *http.Request) {
		r.MultipartForm = new(multipart.Form)
	})
	for name, h := range map[string]http.Handler{
		"Handler": problem.New(problem.Config{}).Handler(mux),
		"HandlerFunc": problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			mux.ServeHTTP(w, r)
			return nil
		}),
	} {
		r := httptest.NewRequest(http.MethodGet, "/things/7", nil)
		h.ServeHTTP(httptest.NewRecorder(), r)
		if r.Pattern != "GET /things/{id}" || r.MultipartForm == nil {
			t.Errorf("after %s the request has the pattern %q and the form %v, want both", name, r.Pattern, r.MultipartForm)
		}
	}
}
