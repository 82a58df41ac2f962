package middleware_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

func TestRewriteAloneDoesNotRecover(t *testing.T) {
	boom := errors.New("boom")
	defer func() {
		if value := recover(); value != boom {
			t.Errorf("the panic that passes is %v, want that of the handler", value)
		}
	}()
	serve(middleware.Rewrite()(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(boom) })), "GET")
}

func TestRewriteAloneLeavesAnErrorAfterASuccessToTheServer(t *testing.T) {
	w := serve(middleware.Chain(silent().Handler, middleware.Rewrite())(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "fine")
		http.Error(w, " so far", http.StatusInternalServerError)
	})), "GET")
	if w.Code != 200 || w.Body.String() != "fine so far\n" {
		t.Errorf("the answer is %d %q, want what the handler has written", w.Code, w.Body)
	}
}

func TestErrorAfterASuccessCutsTheAnswer(t *testing.T) {
	defer func() {
		if value := recover(); value != http.ErrAbortHandler {
			t.Errorf("the panic that cuts the answer is %v, want that of net/http", value)
		}
	}()
	serve(middleware.Standard(silent())(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "fine")
		http.Error(w, " so far", http.StatusInternalServerError)
	})), "GET")
}

func TestFilesOfAnUploadAreRemoved(t *testing.T) {
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	part, err := parts.CreateFormFile("f", "f.txt")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(part, "0123456789")
	parts.Close()
	var name string
	upload := problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
		if err := r.ParseMultipartForm(1); err != nil {
			t.Fatal(err)
		}
		f, err := r.MultipartForm.File["f"][0].Open()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if file, ok := f.(*os.File); ok {
			name = file.Name()
		}
		if r.Method == "PUT" {
			panic("boom")
		}
		return nil
	})
	for router, h := range map[string]http.Handler{"no router": upload, "a router that copies the request": copying("/x", upload)} {
		for _, method := range []string{"POST", "PUT"} { // one of them panics
			name = ""
			r := httptest.NewRequest(method, "/", bytes.NewReader(form.Bytes()))
			r.Header.Set("Content-Type", parts.FormDataContentType())
			middleware.Chain(silent().Handler, middleware.Recover())(h).ServeHTTP(httptest.NewRecorder(), r)
			if _, err := os.Stat(name); name == "" || !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s with %s: the file %q of the upload is still there (%v), want it removed", method, router, name, err)
			}
		}
	}
}

// A middleware between two of this package may still write or panic after the inner one has
// returned.
func TestInnerLayerLeavesTheDecisionToTheOuterOne(t *testing.T) {
	after := func(do func(http.ResponseWriter)) mw {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r); do(w) })
		}
	}
	inners := map[string]mw{"Recover": middleware.Recover(), "Rewrite": middleware.Rewrite()}
	for name, inner := range inners {
		w := serve(middleware.Chain(silent().Handler, middleware.Rewrite(), after(func(w http.ResponseWriter) { io.WriteString(w, "1}") }), inner)(
			http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(400)
				io.WriteString(w, `{"x":`)
			})), "GET")
		if w.Code != 400 || w.Body.String() != `{"x":1}` {
			t.Errorf("%s within Rewrite: the answer is %d %q, want the object whose end the middleware has written", name, w.Code, w.Body)
		}
		w = serve(middleware.Chain(silent().Handler, middleware.Recover(), after(func(http.ResponseWriter) { panic("boom") }), inner)(
			http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })), "GET")
		if w.Code != 500 {
			t.Errorf("%s within Recover: the answer is %d, want the 500 of the middleware that panics after a 204", name, w.Code)
		}
	}
}

func TestCookiesOfAHandlerThatFailsAreNotSent(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"no answer":             func(http.ResponseWriter) {},
		"a status that is kept": func(w http.ResponseWriter) { w.WriteHeader(204) },
	} {
		for leaving, leave := range map[string]func(){"a panic": func() { panic("boom") }, "an exit": runtime.Goexit} {
			w, done := httptest.NewRecorder(), make(chan struct{})
			go func() {
				defer close(done)
				middleware.Standard(silent())(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					http.SetCookie(w, &http.Cookie{Name: "inner", Value: "1"})
					begin(w)
					leave()
				})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			}()
			<-done
			if got := w.Header()["Set-Cookie"]; w.Code != 500 || len(got) > 0 {
				t.Errorf("%s, then %s: the answer is %d with the cookies %q, want a 500 without any", name, leaving, w.Code, got)
			}
		}
	}
}

// runtime.Goexit in a handler must not become a panic. For example, t.FailNow calls Goexit,
// and a panic would end the whole test program.
func TestExitStaysAnExit(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"before an answer": func(http.ResponseWriter) {},
		"during an answer": func(w http.ResponseWriter) { io.WriteString(w, "0123456789") },
	} {
		ended := make(chan any)
		go func() {
			defer func() { ended <- recover() }()
			serve(middleware.Standard(silent())(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				begin(w)
				runtime.Goexit()
			})), "GET")
			ended <- "a return"
		}()
		if got := <-ended; got != nil {
			t.Errorf("%s: the exit has become %v, want an exit", name, got)
		}
	}
}

// If the goroutine of a handler has exited, net/http closes the connection. In HTTP/1 the
// answer says so.
func TestExitSaysThatTheConnectionCloses(t *testing.T) {
	for proto, want := range map[int]string{1: "close", 2: ""} {
		r, w, done := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder(), make(chan struct{})
		r.ProtoMajor = proto
		go func() {
			defer close(done)
			middleware.Standard(silent())(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() })).ServeHTTP(w, r)
		}()
		<-done
		if got := w.Header().Get("Connection"); w.Code != 500 || got != want {
			t.Errorf("HTTP/%d: the answer to an exit is %d with Connection %q, want a 500 with %q", proto, w.Code, got, want)
		}
	}
}

func TestExitWhilePanickingIsAnExit(t *testing.T) {
	ended := make(chan *middleware.PanicError, 1)
	go func() {
		defer close(ended)
		var got *middleware.PanicError
		defer func() { ended <- got }()
		serve(middleware.Standard(heard(&got))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			defer runtime.Goexit()
			panic("boom")
		})), "GET")
	}()
	if e := <-ended; e == nil || !strings.Contains(e.Error(), "Goexit") {
		t.Errorf("the PanicError is %v, want that of an exit", e)
	}
}
