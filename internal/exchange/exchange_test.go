package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"unsafe"

	"github.com/backstop-go/backstop/internal/exchange"
)

type name struct{}

func TestEnterMakesOneExchangeAndOneCopy(t *testing.T) {
	r := httptest.NewRequest("GET", "/a%2Fb?q", nil)
	r = r.WithContext(context.WithValue(r.Context(), name{}, "kept"))
	x, r2 := exchange.Enter(r)
	again, r3 := exchange.Enter(r2)
	if again != x || r2 == r || r3 != r2 {
		t.Error("the second Enter does not find what the first has made")
	}
	if exchange.From(r2.Context()) != x || exchange.From(r.Context()) != nil {
		t.Error("the exchange is not in the copy's context alone")
	}
	derived := context.WithValue(r2.Context(), name{}, "replaced")
	if exchange.From(derived) != x || r2.Context().Value(name{}) != "kept" {
		t.Error("the exchange is lost in, or hides, what other contexts carry")
	}
	if x.Path() != "/a%2Fb" {
		t.Errorf("Path = %q, want it as it came in", x.Path())
	}
}

func TestEnterWithCarriesTheContextInOneCopy(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	x, r2 := exchange.EnterWith(context.WithValue(r.Context(), name{}, "added"), r)
	if exchange.From(r2.Context()) != x || r2.Context().Value(name{}) != "added" {
		t.Error("the copy lacks the exchange or the context")
	}
	again, r3 := exchange.EnterWith(context.WithValue(r2.Context(), name{}, "replaced"), r2)
	if again != x || r3 == r2 || r3.Context().Value(name{}) != "replaced" {
		t.Error("within an exchange the copy lacks the context")
	}
}

func TestCopyBackGivesPatternAndForm(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	_, r2 := exchange.Enter(r)
	r2.Pattern, r2.MultipartForm = "/x", &multipart.Form{}
	exchange.CopyBack(r, r2)
	if r.Pattern != "/x" || r.MultipartForm != r2.MultipartForm {
		t.Errorf("the original has %q and %v, want both back", r.Pattern, r.MultipartForm)
	}
}

func TestNilExchangeIsHarmless(t *testing.T) {
	var x *exchange.Exchange
	x.Fail(exchange.Failure{Failed: true})
	if x.ID() != "" || x.IDHeader() != "" || x.Path() != "" || x.Responder() != nil || x.Extra() != (exchange.Extra{}) {
		t.Error("a nil exchange knows something")
	}
}

func TestFirstIDAndFirstFailureStay(t *testing.T) {
	x, _ := exchange.Enter(httptest.NewRequest("GET", "/", nil))
	one := x.Identify("X-One", "1")
	two := append(x.Identify("X-Two", "2"), "more")
	if x.ID() != "1" || x.IDHeader() != "X-One" || one[0] != "1" || two[0] != "1" || cap(one) != 1 {
		t.Errorf("the ID is %q in %s, as values %q and %q, want the first", x.ID(), x.IDHeader(), one, two)
	}
	first := errors.New("first")
	x.Fail(exchange.Failure{Failed: true, Code: "first", Err: first})
	x.Fail(exchange.Failure{Failed: true, Code: "second", Aborted: true})
	if f := x.Failure(); f.Code != "first" || !f.Aborted || f.Err != first {
		t.Errorf("Failure = %+v, want the first one, aborted", f)
	}
}

func TestExchangeMayBeUsedByManyGoroutines(t *testing.T) {
	x, _ := exchange.Enter(httptest.NewRequest("GET", "/", nil))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			x.Identify("X", fmt.Sprint(i))
			x.SetResponder(nil)
			x.Fail(exchange.Failure{Failed: true})
			x.EditExtra(func(e *exchange.Extra) { e.ClientID = "c" })
			rec, w := exchange.Record(httptest.NewRecorder(), x)
			w.WriteHeader(200)
			if x.ID() == "" || x.Responder() != nil || !x.Failure().Failed || x.Extra().ClientID == "" || rec.Status() != 200 {
				t.Error("the exchange has lost something")
			}
		})
	}
	wg.Wait()
}

// One request pays for the exchange and for a copy of itself.
func TestExchangeIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(exchange.Exchange{}); n > 224 {
		t.Errorf("an exchange has %d bytes, want at most 224, a size class of the allocator", n)
	}
}

// between is a foreign writer that knows nothing but what is beneath.
type between struct{ http.ResponseWriter }

func (b between) Unwrap() http.ResponseWriter { return b.ResponseWriter }

func TestRecordReusesTheTopRecorderAlone(t *testing.T) {
	x, _ := exchange.Enter(httptest.NewRequest("GET", "/", nil))
	one, w := exchange.Record(httptest.NewRecorder(), x)
	if again, w2 := exchange.Record(w, x); again != one || w2 != w {
		t.Error("the top recorder is not reused")
	}
	two, _ := exchange.Record(between{w}, x)
	if two == one {
		t.Error("the recorder beneath a foreign writer is reused")
	}
}

func TestStateOfTheOutermostRecorderKnowsThoseBeneath(t *testing.T) {
	for name, tt := range map[string]struct {
		do   func(inner *exchange.Recorder, w http.ResponseWriter)
		want exchange.State
	}{
		"nothing":    {func(*exchange.Recorder, http.ResponseWriter) {}, exchange.Fresh},
		"a status":   {func(_ *exchange.Recorder, w http.ResponseWriter) { w.WriteHeader(200) }, exchange.Started},
		"an answer":  {func(r *exchange.Recorder, _ http.ResponseWriter) { r.Seal(500, true) }, exchange.Rendered},
		"held as it": {func(r *exchange.Recorder, w http.ResponseWriter) { r.Hold(false); w.WriteHeader(204) }, exchange.Fresh},
	} {
		inner, w := exchange.Record(httptest.NewRecorder(), nil)
		outer, _ := exchange.Record(between{between{w}}, nil)
		tt.do(inner, w)
		if got := outer.State(); got != tt.want {
			t.Errorf("after %s beneath, the state is %v, want %v", name, got, tt.want)
		}
		n := 0
		for range exchange.Recorders(outer) {
			n++
		}
		if n != 2 {
			t.Errorf("Recorders yields %d, want both", n)
		}
	}
}

// loop unwraps to itself.
type loop struct{ http.ResponseWriter }

func (l loop) Unwrap() http.ResponseWriter { return l }

func TestWalksEnd(t *testing.T) {
	for range exchange.Recorders(loop{}) {
		t.Error("a loop has a recorder")
	}
	if _, ok := exchange.Innermost(loop{}).(loop); !ok {
		t.Error("the innermost of a loop is something else")
	}
	bottom := httptest.NewRecorder()
	_, w := exchange.Record(between{bottom}, nil)
	if exchange.Innermost(w) != http.ResponseWriter(bottom) {
		t.Error("Innermost does not reach the bottom")
	}
}

func TestIDIsAloneInItsHeaderHoweverTheAnswerBegins(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"a status":         func(w http.ResponseWriter) { w.WriteHeader(201) },
		"a write":          func(w http.ResponseWriter) { w.Write(nil) },
		"a string":         func(w http.ResponseWriter) { io.WriteString(w, "x") },
		"a flush":          func(w http.ResponseWriter) { http.NewResponseController(w).Flush() },
		"a status to hold": func(w http.ResponseWriter) { w.WriteHeader(204) },
		"nothing":          func(http.ResponseWriter) {},
	} {
		for _, lines := range [][]string{{"ours", "theirs"}, {"theirs"}, nil} {
			x, _ := exchange.Enter(httptest.NewRequest("GET", "/", nil))
			x.Identify("X-Request-Id", "ours")
			beneath := httptest.NewRecorder()
			rec, w := exchange.Record(beneath, x)
			rec.Hold(false)
			w.Header()["X-Request-Id"] = lines
			begin(w)
			rec.Release()
			if got := beneath.Result().Header["X-Request-Id"]; len(got) != 1 || got[0] != "ours" {
				t.Errorf("after %s with %q the header has %q, want ours alone", name, lines, got)
			}
		}
	}
}

type comparing struct{ error }

func (comparing) Is(error) bool { panic("lost") }

func TestIsAbort(t *testing.T) {
	for name, tt := range map[string]struct {
		value any
		want  bool
	}{
		"the sentinel": {http.ErrAbortHandler, true}, "wrapped": {fmt.Errorf("x: %w", http.ErrAbortHandler), true},
		"joined": {errors.Join(errors.New("x"), http.ErrAbortHandler), true}, "another error": {errors.New("x"), false},
		"its text": {http.ErrAbortHandler.Error(), false}, "nil": {nil, false}, "one that panics": {comparing{}, false},
	} {
		if got := exchange.IsAbort(tt.value); got != tt.want {
			t.Errorf("IsAbort of %s = %t, want %t", name, got, tt.want)
		}
	}
}
