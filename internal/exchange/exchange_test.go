package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/backstop-go/backstop/internal/exchange"
)

type name struct{}

func TestEnterMakesOneExchangeAndOneCopy(t *testing.T) {
	r := httptest.NewRequest("GET", "/a%2Fb?q", nil)
	r = r.WithContext(context.WithValue(r.Context(), name{}, "kept"))
	x, _, r2 := exchange.Enter(httptest.NewRecorder(), r)
	again, _, r3 := exchange.Enter(httptest.NewRecorder(), r2)
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
	x, _, r2 := exchange.EnterWith(context.WithValue(r.Context(), name{}, "added"), httptest.NewRecorder(), r)
	if exchange.From(r2.Context()) != x || r2.Context().Value(name{}) != "added" {
		t.Error("the copy lacks the exchange or the context")
	}
	again, _, r3 := exchange.EnterWith(context.WithValue(r2.Context(), name{}, "replaced"), httptest.NewRecorder(), r2)
	if again != x || r3 == r2 || r3.Context().Value(name{}) != "replaced" {
		t.Error("within an exchange the copy lacks the context")
	}
}

func TestCopyBackGivesPatternAndForm(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	_, _, r2 := exchange.Enter(httptest.NewRecorder(), r)
	r2.Pattern, r2.MultipartForm = "/x", &multipart.Form{}
	exchange.CopyBack(r, r2)
	if r.Pattern != "/x" || r.MultipartForm != r2.MultipartForm {
		t.Errorf("the original has %q and %v, want both back", r.Pattern, r.MultipartForm)
	}
}

func TestExampleHasItsPathLiterallyAndItsID(t *testing.T) {
	r := exchange.Example(httptest.NewRequest("GET", "/a%20b", nil), "/users/{id}", "req_1")
	if x := exchange.From(r.Context()); x.Path() != "/users/{id}" || x.ID() != "req_1" || x.Responder() != nil {
		t.Errorf("the exchange has the path %q and the ID %q, want those of the example", x.Path(), x.ID())
	}
}

func TestNilExchangeIsHarmless(t *testing.T) {
	var x *exchange.Exchange
	x.Fail(exchange.Failure{Failed: true})
	if x.ID() != "" || x.IDHeader() != "" || x.Path() != "" || x.Responder() != nil || x.Extra().ClientID != "" {
		t.Error("a nil exchange knows something")
	}
}

func TestFirstIDAndFirstFailureStay(t *testing.T) {
	x, _, _ := exchange.Enter(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	xOne, xTwo := "X-One", "X-Two"
	one := x.Identify(&xOne, "1")
	two := append(x.Identify(&xTwo, "2"), "more")
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
	x, _, _ := exchange.Enter(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			name := "X"
			x.Identify(&name, fmt.Sprint(i))
			x.SetResponder(nil)
			x.Fail(exchange.Failure{Failed: true})
			x.EditExtra(func(e *exchange.Extra) { e.ClientID = "c" })
			rec, w := x.Record(httptest.NewRecorder())
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
	if n := unsafe.Sizeof(exchange.Exchange{}); n > 512 {
		t.Errorf("an exchange has %d bytes, want at most 512, the last size class without a header", n)
	}
}

// What a layer needs for each request is new each time, and the exchange the same.
func TestEnterBeside(t *testing.T) {
	x, one, w, r := exchange.EnterBeside[[3]int](httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	one[0] = 1
	again, two, w2, r2 := exchange.EnterBeside[[3]int](w, r)
	if again != x || exchange.From(r.Context()) != x || w2 != w || r2 != r {
		t.Error("the second layer has another exchange, writer or request than the first")
	}
	if *two != [3]int{} || *one != [3]int{1} {
		t.Errorf("the layers have %v and %v, want each one of its own", *one, *two)
	}
}

// between is a foreign writer that knows nothing but what is beneath.
type between struct{ http.ResponseWriter }

func (b between) Unwrap() http.ResponseWriter { return b.ResponseWriter }

func TestRecordReusesTheTopRecorderAlone(t *testing.T) {
	x, w, _ := exchange.Enter(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	one := exchange.Top(w)
	if again, w2 := x.Record(w); again != one || w2 != w {
		t.Error("the top recorder is not reused")
	}
	two, _ := x.Record(between{w})
	if two == one {
		t.Error("the recorder beneath a foreign writer is reused")
	}
}

// own is a foreign writer with a header of its own, as http.TimeoutHandler's.
type own struct {
	http.ResponseWriter
	header http.Header
}

func (o own) Header() http.Header { return o.header }

func TestExchangeKnowsTheStateWhoeverAsks(t *testing.T) {
	for name, tt := range map[string]struct {
		do    func(x *exchange.Exchange, w http.ResponseWriter)
		wants [3]exchange.State // beneath; above a writer that unwraps; above one that does not
	}{
		"nothing":          {func(*exchange.Exchange, http.ResponseWriter) {}, [3]exchange.State{}},
		"a status":         {func(_ *exchange.Exchange, w http.ResponseWriter) { w.WriteHeader(200) }, [3]exchange.State{1, 1, 1}},
		"an envelope":      {func(x *exchange.Exchange, w http.ResponseWriter) { x.Answer(w, &envelope{status: 500}) }, [3]exchange.State{2, 2, 2}},
		"a status to hold": {func(_ *exchange.Exchange, w http.ResponseWriter) { exchange.Top(w).Guard(); w.WriteHeader(204) }, [3]exchange.State{}},
		"a status above a writer that unwraps": {func(x *exchange.Exchange, w http.ResponseWriter) {
			_, above := x.Record(own{between{w}, http.Header{}})
			above.WriteHeader(200)
		}, [3]exchange.State{1, 1, 1}},
	} {
		x, w, _ := exchange.Enter(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		tt.do(x, w)
		for i, w := range []http.ResponseWriter{w, between{w}, struct{ http.ResponseWriter }{w}} {
			if got := x.StateOf(w); got != tt.wants[i] {
				t.Errorf("after %s, writer %d has the state %v, want %v", name, i, got, tt.wants[i])
			}
		}
	}
	var none *exchange.Exchange
	if got := none.StateOf(httptest.NewRecorder()); got != exchange.Fresh {
		t.Errorf("outside an exchange the state is %v, want fresh", got)
	}
}

// A foreign writer between a responder and the wire may do as it likes with an
// envelope: what is sent is the envelope, or another answer, whole.
func TestEnvelopeArrivesThroughAnyWriter(t *testing.T) {
	for _, tt := range []struct {
		name string
		// what the writer tells the outermost recorder, once it has the envelope
		after   func(w http.ResponseWriter)
		sent    string
		settled string
	}{
		{"as it came", func(w http.ResponseWriter) { w.WriteHeader(409); io.WriteString(w, "{}") }, "409 {}", "true <nil>"},
		{"behind bytes that it held", func(w http.ResponseWriter) { w.WriteHeader(201); io.WriteString(w, "half{}") }, "409 {}", "true <nil>"},
		{"behind a status that it held", func(w http.ResponseWriter) { w.WriteHeader(204); io.WriteString(w, "{}") }, "409 {}", "true <nil>"},
		{"before more bytes", func(w http.ResponseWriter) { w.WriteHeader(409); io.WriteString(w, "{}more") }, "409 {}", "true <nil>"},
		{"encoded", func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "x")
			w.WriteHeader(201)
			io.WriteString(w, "xx")
		}, "409 {}", "true <nil>"},
		{"by a flush", func(w http.ResponseWriter) { http.NewResponseController(w).Flush() }, "409 {} flush", "true <nil>"},
		{"never", func(http.ResponseWriter) {}, "409 {}", "true <nil>"},
		{"in the place of another answer", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(503)
			io.WriteString(w, "late")
		}, "503 late", "false <nil>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			beneath := &log{header: http.Header{}}
			x, w, _ := exchange.Enter(beneath, httptest.NewRequest("GET", "/", nil))
			exchange.Top(w).Guard()
			e := &envelope{status: 409}
			buffer := own{httptest.NewRecorder(), http.Header{}}
			if x.Answer(buffer, e) || x.StateOf(buffer) != exchange.Rendered {
				t.Errorf("the envelope is settled, or its state is %v, want that it waits, and is rendered", x.StateOf(buffer))
			}
			maps.Copy(w.Header(), buffer.Header())
			tt.after(w)
			end(x, w)
			if got := strings.Join(beneath.lines, " "); got != tt.sent {
				t.Errorf("sent is %q, want %q", got, tt.sent)
			}
			if got := strings.Join(e.settled, ","); got != tt.settled {
				t.Errorf("the envelope is told %q, want %q", got, tt.settled)
			}
		})
	}
}

// What may be an envelope by its header is passed on as soon as it is too long.
func TestLongAnswerThatMayBeAnEnvelope(t *testing.T) {
	for name, method := range map[string]string{"to a GET": "GET", "to a HEAD": "HEAD"} {
		beneath := httptest.NewRecorder()
		x, w, _ := exchange.Enter(beneath, httptest.NewRequest(method, "/", nil))
		exchange.Top(w).Guard()
		x.Answer(own{httptest.NewRecorder(), http.Header{}}, &envelope{status: 409})
		w.Header().Set("Content-Type", "envelope")
		w.Write(make([]byte, 64<<10))
		if got := beneath.Body.Len(); got != 0 {
			t.Errorf("%s: %d bytes are passed on, want none of 64 KiB", name, got)
		}
		w.Write([]byte("x"))
		if got := beneath.Body.Len() > 0; got != (method == "GET") {
			t.Errorf("%s: %d bytes are passed on after one byte more, want all only to a GET", name, beneath.Body.Len())
		}
	}
}

// An envelope is not waited for when another answer has begun.
func TestEnvelopeAfterTheBeginOfAnotherAnswer(t *testing.T) {
	beneath := &log{header: http.Header{}}
	x, w, _ := exchange.Enter(beneath, httptest.NewRequest("GET", "/", nil))
	e := &envelope{status: 409}
	x.Answer(own{httptest.NewRecorder(), http.Header{}}, e)
	io.WriteString(w, "[")
	e.Describe(w.Header())
	w.WriteHeader(409) // too late
	io.WriteString(w, "]")
	end(x, w)
	if got := strings.Join(beneath.lines, " "); got != "[ 409 ]" || len(e.settled) != 1 || e.settled[0] != "false <nil>" {
		t.Errorf("sent is %q, and the envelope is told %q, want the answer that has begun, and once that it is lost", got, e.settled)
	}
}

// What was kept is forgotten when an envelope takes its place.
func TestEnvelopeInThePlaceOfWhatIsHeld(t *testing.T) {
	beneath := &log{header: http.Header{}}
	x, w, _ := exchange.Enter(beneath, httptest.NewRequest("GET", "/", nil))
	exchange.Top(w).Guard()
	e := &envelope{status: 409}
	w.WriteHeader(204)
	x.Answer(own{httptest.NewRecorder(), http.Header{}}, e)
	e.Describe(w.Header())
	w.WriteHeader(409)
	end(x, w)
	if got := strings.Join(beneath.lines, " "); got != "409 {}" {
		t.Errorf("sent is %q, want the envelope", got)
	}
}

// A foreign writer may take away the header of the envelope that it passes on.
func TestEnvelopeWithoutItsHeader(t *testing.T) {
	beneath := httptest.NewRecorder()
	x, w, _ := exchange.Enter(beneath, httptest.NewRequest("GET", "/", nil))
	e := &envelope{status: 409}
	x.Answer(through{w, func() { clear(w.Header()) }}, e)
	if beneath.Code != 409 || beneath.Header().Get("Content-Type") != "envelope" || len(e.settled) != 1 || e.settled[0] != "true <nil>" {
		t.Errorf("sent is %d %v, and the envelope is told %q, want the envelope", beneath.Code, beneath.Header(), e.settled)
	}
}

// end is what the outermost layer does when the handler has returned.
func end(x *exchange.Exchange, w http.ResponseWriter) {
	exchange.Top(w).Release()
	exchange.Leave(httptest.NewRequest("GET", "/", nil), x.Request())
}

// loop unwraps to itself.
type loop struct{ http.ResponseWriter }

func (l loop) Unwrap() http.ResponseWriter { return l }

func TestWalksEnd(t *testing.T) {
	if x := exchange.Of(loop{}, httptest.NewRequest("GET", "/", nil)); x != nil {
		t.Error("a loop has an exchange")
	}
	if _, ok := exchange.Innermost(loop{}).(loop); !ok {
		t.Error("the innermost of a loop is something else")
	}
	bottom := httptest.NewRecorder()
	_, w, _ := exchange.Enter(between{bottom}, httptest.NewRequest("GET", "/", nil))
	if exchange.Of(between{w}, httptest.NewRequest("GET", "/", nil)) == nil {
		t.Error("the exchange of a writer is not found beneath another one")
	}
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
			beneath := httptest.NewRecorder()
			x, w, _ := exchange.Enter(beneath, httptest.NewRequest("GET", "/", nil))
			header := "X-Request-Id"
			x.Identify(&header, "ours")
			rec := exchange.Top(w)
			rec.Guard()
			w.Header()["X-Request-Id"] = lines
			begin(w)
			end(x, w)
			if got := beneath.Result().Header["X-Request-Id"]; len(got) != 1 || got[0] != "ours" {
				t.Errorf("after %s with %q the header has %q, want ours alone", name, lines, got)
			}
		}
	}
}

// stubborn cannot be flushed.
type stubborn struct{ *httptest.ResponseRecorder }

func (stubborn) Flush() { panic("no flush") }

// Whatever happens on the way, a cut ends in net/http's sentinel.
func TestCutPanicsWithTheSentinel(t *testing.T) {
	var none *exchange.Exchange
	x, w, _ := exchange.Enter(stubborn{httptest.NewRecorder()}, httptest.NewRequest("GET", "/", nil))
	for name, do := range map[string]func(){
		"without an exchange, fresh":   func() { none.Cut(httptest.NewRecorder(), exchange.Fresh) },
		"without an exchange, started": func() { none.Cut(httptest.NewRecorder(), exchange.Started) },
		"with a writer that panics":    func() { x.Cut(w, exchange.Started) },
	} {
		func() {
			defer func() {
				if value := recover(); value != http.ErrAbortHandler {
					t.Errorf("%s: the panic is %v, want the sentinel", name, value)
				}
			}()
			do()
		}()
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

// meanwhile does something when its status is written.
type meanwhile struct {
	own
	do func()
}

func (m meanwhile) WriteHeader(int) { m.do() }

// Several buffers may hold an envelope each. The one that arrives is sent, and each is
// told once.
func TestEnvelopesInSeveralBuffers(t *testing.T) {
	for sent := range 3 {
		beneath := httptest.NewRecorder()
		x, w, _ := exchange.Enter(beneath, httptest.NewRequest("GET", "/", nil))
		exchange.Top(w).Guard()
		buffer := func() own { return own{httptest.NewRecorder(), http.Header{}} }
		all := []*envelope{{status: 409}, {status: 410}, {status: 411}}
		x.Answer(meanwhile{buffer(), func() { x.Answer(buffer(), all[1]) }}, all[0])
		x.Answer(buffer(), all[2])
		all[sent].Describe(w.Header())
		w.WriteHeader(200)
		end(x, w)
		for i, e := range all {
			if want := fmt.Sprint(i == sent, nil); len(e.settled) != 1 || e.settled[0] != want {
				t.Errorf("when envelope %d arrives, envelope %d is told %q, want %q once", sent, i, e.settled, want)
			}
		}
		if beneath.Code != all[sent].status {
			t.Errorf("sent is %d, want %d", beneath.Code, all[sent].status)
		}
	}
}

// A handler may answer into any number of buffers.
func TestEnvelopesThatAreWaitedForAreFew(t *testing.T) {
	beneath := httptest.NewRecorder()
	x, w, _ := exchange.Enter(beneath, httptest.NewRequest("GET", "/", nil))
	exchange.Top(w).Guard()
	all := make([]envelope, 66)
	for i := range all {
		all[i].status = 410 + i
		x.Answer(own{httptest.NewRecorder(), http.Header{}}, &all[i])
	}
	for i := range all {
		if lost := i < 2; lost != (len(all[i].settled) == 1) {
			t.Errorf("envelope %d of 66 is told %q, want that only the first two are lost", i, all[i].settled)
		}
	}
	end(x, w)
	if beneath.Code != 475 || len(all[65].settled) != 1 {
		t.Errorf("sent is %d, want the last envelope", beneath.Code)
	}
}

// A buffer whose envelope nobody waits for has it all the same, header and body: its
// owner may send it in some other way. The envelope that is waited for belongs to
// another goroutine, and is nothing to the recorder of this buffer.
func TestBufferWhoseEnvelopeIsNotWaitedFor(t *testing.T) {
	x, w, _ := exchange.Enter(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	beneath := httptest.NewRecorder()
	rec, above := x.Record(own{beneath, beneath.Header()})
	x.Answer(through{w, func() { x.Answer(above, &envelope{status: 410}) }}, &envelope{status: 409})
	if beneath.Code != 410 || beneath.Body.String() != "{}" || rec.Status() != 410 {
		t.Errorf("the buffer has %d %q and its recorder %d, want the envelope and 410", beneath.Code, beneath.Body, rec.Status())
	}
}

// What a recorder on top of a foreign writer keeps is taken back with its header.
func TestEnvelopeIsWrittenOnTheHeaderOfTheStatusThatWasKept(t *testing.T) {
	for _, kept := range []string{"on top", "beneath"} {
		beneath := httptest.NewRecorder()
		x, w, _ := exchange.Enter(beneath, httptest.NewRequest("GET", "/", nil))
		rec, above := x.Record(between{w})
		if kept == "beneath" {
			rec = exchange.Top(w)
		}
		rewrite(rec, above)
		above.Header().Set("X-Early", "1")
		above.WriteHeader(404)
		io.WriteString(above, "{")
		above.Header().Set("X-Late", "1")
		x.Answer(above, &envelope{status: 409})
		for _, r := range []*exchange.Recorder{exchange.Top(above), exchange.Top(w)} {
			if r.Status() != 409 || r.Bytes() != 2 {
				t.Errorf("kept %s: a recorder has the status %d and %d bytes, want those of the envelope", kept, r.Status(), r.Bytes())
			}
		}
		if h := beneath.Result().Header; beneath.Code != 409 || h.Get("X-Early") == "" || h.Get("X-Late") != "" {
			t.Errorf("kept %s: sent is %d with %v, want the envelope without what was set after the status", kept, beneath.Code, h)
		}
	}
}

// through shares the header, and does something before the status goes on.
type through struct {
	http.ResponseWriter
	do func()
}

func (t through) WriteHeader(status int) {
	t.do()
	t.ResponseWriter.WriteHeader(status)
}

// ownAndUnwraps is a buffer that says what is beneath.
type ownAndUnwraps struct{ own }

func (o ownAndUnwraps) Unwrap() http.ResponseWriter { return o.ResponseWriter }
func (o ownAndUnwraps) WriteHeader(int)             {}
func (o ownAndUnwraps) Write(p []byte) (int, error) { return len(p), nil }

func TestEnvelopesThatComeLate(t *testing.T) {
	buffer := func() own { return own{httptest.NewRecorder(), http.Header{}} }
	for name, tt := range map[string]struct {
		do    func(x *exchange.Exchange, w http.ResponseWriter, early, late *envelope)
		early string
		late  string
	}{
		"while another is sent": {func(x *exchange.Exchange, w http.ResponseWriter, early, late *envelope) {
			x.Answer(through{w, func() {
				for range 70 {
					x.Answer(buffer(), &envelope{status: 410})
				}
				x.Answer(buffer(), late)
			}}, early)
		}, "true <nil>", "false <nil>"},
		"when the handler has left": {func(x *exchange.Exchange, w http.ResponseWriter, _, late *envelope) {
			exchange.Leave(httptest.NewRequest("GET", "/", nil), x.Request())
			x.Answer(buffer(), late)
		}, "", "false <nil>"},
		"after a flush that was not supported": {func(x *exchange.Exchange, w http.ResponseWriter, early, _ *envelope) {
			b := buffer()
			x.Answer(b, early)
			http.NewResponseController(w).Flush()
			maps.Copy(w.Header(), b.Header())
			w.WriteHeader(409)
		}, "true <nil>", ""},
		"into a buffer that could be flushed past": {func(x *exchange.Exchange, w http.ResponseWriter, early, _ *envelope) {
			early.status = 500
			x.Answer(ownAndUnwraps{own{w, http.Header{}}}, early)
			if !exchange.Top(w).Silent() || exchange.Top(w).State() != exchange.Fresh {
				t.Error("an envelope in a buffer is an answer on the wire")
			}
			end(x, w)
		}, "true <nil>", ""},
	} {
		x, w, _ := exchange.Enter(&plain{header: http.Header{}}, httptest.NewRequest("GET", "/", nil))
		early, late := &envelope{status: 409}, &envelope{status: 410}
		tt.do(x, w, early, late)
		if got := strings.Join(early.settled, ","); got != tt.early {
			t.Errorf("%s: the first envelope is told %q, want %q", name, got, tt.early)
		}
		if got := strings.Join(late.settled, ","); got != tt.late {
			t.Errorf("%s: the late envelope is told %q, want %q", name, got, tt.late)
		}
	}
}

func TestBytesThatAreUndecidedAreNotWithAForeignWriter(t *testing.T) {
	x, w, _ := exchange.Enter(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	rec, above := x.Record(struct{ http.ResponseWriter }{w})
	rewrite(rec, above)
	above.WriteHeader(404)
	io.WriteString(above, "{")
	if got := x.StateOf(above); got != exchange.Fresh {
		t.Errorf("the state is %v, want fresh: the foreign writer has seen nothing", got)
	}
}
