package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// quiet returns a responder that logs nothing and hands failures to f.
func quiet(f func(*problem.Event)) *problem.Responder {
	return problem.New(problem.Config{
		Logger:  slog.New(slog.DiscardHandler),
		OnError: func(_ context.Context, e *problem.Event) { f(e) },
	})
}

// heard returns a responder whose hook stores the PanicError of its event.
func heard(e **middleware.PanicError) *problem.Responder {
	return quiet(func(ev *problem.Event) { errors.As(ev.Cause, e) })
}

// panicOf returns the PanicError for a handler that panics.
func panicOf(t *testing.T, h http.HandlerFunc) *middleware.PanicError {
	t.Helper()
	var got *middleware.PanicError
	serve(middleware.Standard(heard(&got))(h), "GET")
	if got == nil {
		t.Fatal("the event has no PanicError")
	}
	return got
}

func serve(h http.Handler, method string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
	return w
}

// A compressor must be outside of Recover. If it is inside, its deferred Close begins the
// answer during the panic, and Recover can only cut the answer.
func ExampleRecover_incorrect() {
	compressor := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer io.WriteString(w, "(end of the compressed data)") // like a deferred Close
			next.ServeHTTP(w, r)
		})
	}
	faulty := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})

	srv := httptest.NewServer(middleware.Chain(middleware.Standard(errs), compressor)(faulty))
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, err)

	right := httptest.NewServer(middleware.Chain(compressor, middleware.Standard(errs))(faulty))
	defer right.Close()
	resp, err = http.Get(right.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode, nil)
	// Output:
	// 200 unexpected EOF
	// 500 <nil>
}

func TestPanicErrorTellsWhatAndWhere(t *testing.T) {
	_, _, line, _ := runtime.Caller(0)
	e := panicOf(t, func(http.ResponseWriter, *http.Request) { panic("boom") })
	if e.Value != "boom" || e.Error() != "panic: boom" || e.Phase != "fresh" {
		t.Errorf("the PanicError is %v %q in phase %q, want boom in phase fresh", e.Value, e.Error(), e.Phase)
	}
	want := fmt.Sprintf(`^middleware_test\.TestPanicErrorTellsWhatAndWhere\.func1@recover_test\.go:%d;http\.HandlerFunc\.ServeHTTP@server\.go:\d+;$`, line+1)
	if !regexp.MustCompile(want).MatchString(e.PanicStack()) {
		t.Errorf("the stack is %s, want the handler, without paths, down to Recover", e.PanicStack())
	}
	if f, _ := runtime.CallersFrames(e.Callers).Next(); f.Function == "" {
		t.Error("runtime.CallersFrames finds no function in Callers")
	}
}

func TestPanicErrorOfARuntimeErrorAndAnExit(t *testing.T) {
	var none []int
	e := panicOf(t, func(http.ResponseWriter, *http.Request) { _ = none[len(none)] })
	first, _, _ := strings.Cut(e.PanicStack(), ";")
	if !strings.Contains(e.Error(), "index out of range") || !strings.Contains(first, "TestPanicErrorOfARuntimeErrorAndAnExit") {
		t.Errorf("the PanicError is %q at %q, want an index out of range in this test", e.Error(), first)
	}
	done := make(chan *middleware.PanicError)
	go func() {
		var got *middleware.PanicError
		defer func() { done <- got }()
		serve(middleware.Standard(heard(&got))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() })), "GET")
	}()
	if e := <-done; e == nil || e.Value != nil || !strings.Contains(e.Error(), "Goexit") || !strings.Contains(e.PanicStack(), "AnExit") {
		t.Errorf("the PanicError of an exit is %v, want a Goexit in this test", e)
	}
}

func TestStackOfAPanicWithinAPanicAndOfADeepOne(t *testing.T) {
	e := panicOf(t, func(http.ResponseWriter, *http.Request) {
		defer func() { panic("again") }()
		panic("boom")
	})
	if !regexp.MustCompile(`^middleware_test\.\S+;runtime\.gopanic@panic\.go:\d+;middleware_test\.`).MatchString(e.PanicStack()) {
		t.Errorf("the stack is %s, want the second panic in a deferred call of the first", e.PanicStack())
	}
	var fall func(n int)
	fall = func(n int) {
		if n == 0 {
			panic("boom")
		}
		fall(n - 1)
	}
	e = panicOf(t, func(http.ResponseWriter, *http.Request) { fall(100) })
	if n := strings.Count(e.PanicStack(), ";"); n < 60 || n > 64 {
		t.Errorf("the stack has %d calls, want about 64, where Callers ends", n)
	}
}

type talkative struct{}

func (talkative) Error() string { return strings.Repeat("é", 10<<20) }

type hostile struct{ error }

func (hostile) Is(error) bool { panic("again") }

func TestTextOfAPanicIsBounded(t *testing.T) {
	for name, value := range map[string]any{
		"an error": talkative{}, "a string": strings.Repeat("\xff", 10<<20), "a comparison that panics": hostile{io.EOF},
		"a nil error within": hostile{},
	} {
		e := panicOf(t, func(http.ResponseWriter, *http.Request) { panic(value) })
		if n := len(e.Error()); n == 0 || n > 3*4<<10+20 {
			t.Errorf("the text of %s has %d bytes, want some, and about 4 KiB at most", name, n)
		}
	}
	full := strings.Repeat("x", 4<<10)
	for value, want := range map[any]string{
		full:       "panic: " + full,
		full + "y": "panic: " + full + "…",
		hostile{}:  "panic: middleware_test.hostile, which cannot be formatted",
	} {
		if got := panicOf(t, func(http.ResponseWriter, *http.Request) { panic(value) }).Error(); got != want {
			t.Errorf("the text is %q, want %q", got, want)
		}
	}
}

func TestStacksAreSampled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stacks, note := 0, ""
		errs := quiet(func(e *problem.Event) {
			var p *middleware.PanicError
			if errors.As(e.Cause, &p) && p.PanicStack() != "" {
				stacks++
				note, _, _ = strings.Cut(p.PanicStack(), ";")
			}
		})
		h := middleware.Standard(errs)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }))
		for _, panics := range []int{100, 11} {
			stacks = 0
			for range panics {
				serve(h, "GET")
			}
			if stacks != 10 {
				t.Errorf("%d panics at once have %d stacks, want 10", panics, stacks)
			}
			time.Sleep(time.Second)
			serve(h, "GET")
			if want := fmt.Sprintf("%d-stacks-left-out-before", panics-10); stacks != 11 || note != want {
				t.Errorf("a second later there are %d stacks and the last begins with %q, want 11 and %q", stacks, note, want)
			}
			time.Sleep(time.Second)
		}
	})
}

func TestCookiesOfLayersAroundSurviveAPanic(t *testing.T) {
	outer := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "outer", Value: "1"})
			next.ServeHTTP(w, r)
		})
	}
	w := serve(middleware.Chain(outer, middleware.Standard(quiet(func(*problem.Event) {})))(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "inner", Value: "1"})
			panic("boom")
		})), "GET")
	if got := w.Header()["Set-Cookie"]; len(got) != 1 || got[0] != "outer=1" {
		t.Errorf("the cookies are %q, want the outer one", got)
	}
}

func TestPanicAfterTheAnswerLeavesIt(t *testing.T) {
	var out strings.Builder
	errs := problem.New(problem.Config{Logger: slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	w := serve(middleware.Standard(errs)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		problem.Respond(w, r, problem.NotFound)
		panic("boom")
	})), "GET")
	if w.Code != 404 || strings.Count(w.Body.String(), `"status":`) != 1 {
		t.Errorf("the answer is %d %q, want the one 404", w.Code, w.Body)
	}
	if lines := strings.Split(out.String(), "\n"); len(lines) != 3 || !strings.Contains(lines[1], `"DEBUG"`) || !strings.Contains(lines[1], "boom") {
		t.Errorf("the log is %s, want a line for the failure, and then the panic at Debug", &out)
	}
}

// panicking is a reader that panics.
type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("boom") }

func TestPanicOfASourceThatIsCopiedIsAnEnvelope(t *testing.T) {
	srv := httptest.NewServer(middleware.Standard(quiet(func(*problem.Event) {}))(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.Copy(w, panicking{})
	})))
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); resp.StatusCode != 500 || err != nil {
		t.Errorf("the answer is %d %q (%v), want the envelope of a 500, because nothing was sent before", resp.StatusCode, b, err)
	}
}

func TestExitAfterTheAnswerIsLoggedOnce(t *testing.T) {
	var out strings.Builder
	errs := problem.New(problem.Config{Logger: slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	h := middleware.Chain(middleware.Standard(errs), middleware.Recover())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		problem.Respond(w, r, problem.NotFound)
		runtime.Goexit()
	}))
	w, done := httptest.NewRecorder(), make(chan struct{})
	go func() {
		defer close(done)
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	}()
	<-done
	if w.Code != 404 || strings.Count(w.Body.String(), `"status":`) != 1 {
		t.Errorf("the answer is %d %q, want the one 404", w.Code, w.Body)
	}
	if n := strings.Count(out.String(), "runtime.Goexit was called"); n != 1 {
		t.Errorf("the log is %s with the exit %d times, want once", &out, n)
	}
}

func TestRecoverWorksWithoutTheRest(t *testing.T) {
	old := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(old)
	w := serve(middleware.Recover()(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })), "GET")
	if w.Code != 500 || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("the answer is %d %v, want the default envelope of a 500", w.Code, w.Header())
	}
}

func TestPanicWithNilIsNoExit(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	for name, h := range map[string]http.HandlerFunc{
		"at once": func(http.ResponseWriter, *http.Request) { panic(nil) },
		"beneath another call": func(http.ResponseWriter, *http.Request) {
			func() { panic(nil) }()
		},
		"from a deferred function": func(http.ResponseWriter, *http.Request) {
			defer func() { panic(nil) }()
		},
	} {
		if e := panicOf(t, h); e.Value != nil || e.Error() != "panic: <nil>" {
			t.Errorf("%s: the PanicError is %q, want a panic with nil", name, e.Error())
		}
	}
}

// [problem.Config.Map] converts errors that handlers return. A panic with such an error is
// still a bug, so it stays Internal.
func TestPanicWithAnErrorThatIsMappedStaysInternal(t *testing.T) {
	errs := problem.New(problem.Config{
		Logger: slog.New(slog.DiscardHandler),
		Map: func(_ context.Context, err error) error {
			if errors.Is(err, io.EOF) {
				return problem.NotFound
			}
			return nil
		},
	})
	for name, c := range map[string]struct {
		h    problem.HandlerFunc
		want int
	}{
		"returned": {func(http.ResponseWriter, *http.Request) error { return io.EOF }, 404},
		"panicked": {func(http.ResponseWriter, *http.Request) error { panic(io.EOF) }, 500},
	} {
		if got := serve(middleware.Standard(errs)(c.h), "GET").Code; got != c.want {
			t.Errorf("%s, the error is answered %d, want %d", name, got, c.want)
		}
	}
}
