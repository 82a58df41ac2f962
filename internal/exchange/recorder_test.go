package exchange_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/backstop-go/backstop/internal/exchange"
)

// step is one thing that a handler or a middleware does to a recorder.
type step func(*exchange.Recorder, http.ResponseWriter)

func status(code int) step {
	return func(_ *exchange.Recorder, w http.ResponseWriter) { w.WriteHeader(code) }
}

func write(text string) step {
	return func(_ *exchange.Recorder, w http.ResponseWriter) { w.Write([]byte(text)) }
}

func header(name, value string) step {
	return func(_ *exchange.Recorder, w http.ResponseWriter) { w.Header().Set(name, value) }
}

func writeString(_ *exchange.Recorder, w http.ResponseWriter) { io.WriteString(w, "text") }
func readFrom(_ *exchange.Recorder, w http.ResponseWriter) {
	io.Copy(w, struct{ io.Reader }{strings.NewReader("text")})
}

func readNothing(_ *exchange.Recorder, w http.ResponseWriter) {
	io.Copy(w, struct{ io.Reader }{strings.NewReader("")})
}

func readLong(_ *exchange.Recorder, w http.ResponseWriter) {
	io.Copy(w, struct{ io.Reader }{strings.NewReader(strings.Repeat("x", 600))})
}

func readFailing(_ *exchange.Recorder, w http.ResponseWriter) {
	io.Copy(w, iotest.ErrReader(errors.New("lost")))
}

// panicking is a source that panics when it is read.
type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("lost") }

func readPanicking(_ *exchange.Recorder, w http.ResponseWriter) {
	defer func() { recover() }()
	io.Copy(w, panicking{})
}

func readPanickingLater(_ *exchange.Recorder, w http.ResponseWriter) {
	defer func() { recover() }()
	io.Copy(w, io.MultiReader(strings.NewReader("text"), panicking{}))
}

func flush(_ *exchange.Recorder, w http.ResponseWriter)   { http.NewResponseController(w).Flush() }
func guard(r *exchange.Recorder, _ http.ResponseWriter)   { r.Guard() }
func release(r *exchange.Recorder, _ http.ResponseWriter) { r.Release() }
func finish(r *exchange.Recorder, _ http.ResponseWriter)  { r.Finish() }
func rewrite(r *exchange.Recorder, _ http.ResponseWriter) {
	r.Rewrite(&exchange.Rewriter{Judge: judge, Answer: func(w http.ResponseWriter, r *http.Request, status int, _ []byte) {
		exchange.From(r.Context()).Answer(w, &envelope{status: status})
	}})
}

// judge takes for text what begins with an n, and wants two bytes to see that
// something else was meant.
func judge(h http.Header, _ bool, body []byte, whole bool) exchange.Verdict {
	switch {
	case h.Get("Content-Type") != "", len(body) > 1 && body[0] != 'n':
		return exchange.Meant
	case whole, len(body) > 1:
		return exchange.Text
	}
	return exchange.Undecided
}

// respond answers with an envelope, as problem.Respond does.
func respond(status int) step {
	return func(_ *exchange.Recorder, w http.ResponseWriter) {
		exchange.Of(w, httptest.NewRequest("GET", "/", nil)).Answer(w, &envelope{status: status})
	}
}

// envelope is an answer that is known by its type.
type envelope struct {
	status  int
	settled []string
}

func (e *envelope) Status() int                 { return e.status }
func (e *envelope) Body() []byte                { return []byte("{}") }
func (e *envelope) Settle(sent bool, err error) { e.settled = append(e.settled, fmt.Sprint(sent, err)) }

func (e *envelope) Describe(h http.Header) {
	h.Set("Content-Type", "envelope")
	h.Set("Envelope", strconv.Itoa(e.status))
}

func (e *envelope) Describes(h http.Header, _ int) (is, may bool) {
	may = h.Get("Content-Type") == "envelope"
	return may && h.Get("Envelope") == strconv.Itoa(e.status), may
}

// invalid passes a status that net/http refuses with a panic.
func invalid(_ *exchange.Recorder, w http.ResponseWriter) {
	defer func() { recover() }()
	w.WriteHeader(0)
}

func tooLarge(_ *exchange.Recorder, w http.ResponseWriter) {
	defer func() { recover() }()
	w.WriteHeader(1000)
}

// cut ends what has begun, as Recover does.
func cut(_ *exchange.Recorder, w http.ResponseWriter) {
	defer func() { recover() }()
	exchange.Of(w, httptest.NewRequest("GET", "/", nil)).Cut(w, exchange.Started)
}

func TestRecorder(t *testing.T) {
	const fresh, started, rendered = exchange.Fresh, exchange.Started, exchange.Rendered
	for _, tt := range []struct {
		name   string
		steps  []step
		sent   string // what reaches the writer beneath
		state  exchange.State
		status int
		bytes  int64
	}{
		{"nothing", nil, "", fresh, 200, 0},
		{"a status", []step{status(201)}, "201", started, 201, 0},
		{"the first status counts", []step{status(201), status(404)}, "201 404", started, 201, 0},
		{"a write implies 200", []step{write("abc")}, "abc", started, 200, 3},
		{"an empty write implies 200", []step{write("")}, "''", started, 200, 0},
		{"WriteString implies 200", []step{writeString}, "text", started, 200, 4},
		{"ReadFrom implies 200 and counts once", []step{readFrom}, "text from()", started, 200, 4},
		{"and reads on beneath", []step{readLong}, strings.Repeat("x", 512) + " from(" + strings.Repeat("x", 88) + ")", started, 200, 600},
		{"a source without a byte sends nothing", []step{readNothing}, "", fresh, 200, 0},
		{"nor does one that fails", []step{readFailing}, "", fresh, 200, 0},
		{"nor does one that panics", []step{readPanicking}, "", fresh, 200, 0},
		{"one that panics later has begun", []step{readPanickingLater}, "text", started, 200, 4},
		{"a flush implies 200", []step{flush}, "flush", started, 200, 0},
		{"103 is not the last word", []step{status(103), status(201)}, "103 201", started, 201, 0},
		{"101 is", []step{status(101)}, "101", started, 101, 0},
		{"an invalid status changes nothing", []step{invalid, status(201)}, "0 201", started, 201, 0},
		{"nor does one that is too large", []step{tooLarge, status(201)}, "1000 201", started, 201, 0},
		{"after a cut nothing is said", []step{write("[1,"), cut, status(500), write("no"), writeString}, "[1, flush flush", started, 200, 3},

		{"204 is held", []step{guard, status(204)}, "", fresh, 204, 0},
		{"304 is held", []step{guard, status(304)}, "", fresh, 304, 0},
		{"a length of 0 is held", []step{guard, header("Content-Length", "0"), status(201)}, "", fresh, 201, 0},
		{"however it is written", []step{guard, header("Content-Length", "00"), write("")}, "", fresh, 200, 0},
		{"another length is not held", []step{guard, header("Content-Length", "1"), status(201)}, "201", started, 201, 0},
		{"200 is not held", []step{guard, status(200)}, "200", started, 200, 0},
		{"204 is not held without a guard", []step{status(204)}, "204", started, 204, 0},
		{"held and released", []step{guard, status(204), release}, "204", started, 204, 0},
		{"held and written to", []step{guard, status(204), write("x")}, "", fresh, 204, 0},
		{"held and flushed", []step{guard, status(204), flush}, "204 flush", started, 204, 0},
		{"held and read into", []step{guard, status(204), readFrom}, "", fresh, 204, 0},
		{"held and spoken over", []step{guard, status(204), status(201), release}, "204 201", started, 204, 0},
		{"held and spoken over, and still held", []step{guard, status(204), status(201)}, "", fresh, 204, 0},
		{"held, and an error came too late", []step{guard, status(204), status(500), write("no"), release}, "", fresh, 204, 0},
		{"held after a 103", []step{guard, status(103), status(204), status(103), release}, "103 204 103", started, 204, 0},
		{"held, and an envelope takes its place", []step{guard, status(204), respond(500), release}, "500 {} flush", rendered, 500, 2},
		{"released before a status", []step{guard, release, status(204)}, "204", started, 204, 0},

		{"an error after a success is dropped", []step{guard, write("[1,"), status(500), write("no"), writeString, readFrom, flush}, "[1,", started, 200, 3},
		{"also the least of errors", []step{guard, write("[1,"), status(400), write("no")}, "[1,", started, 200, 3},
		{"without a guard it is net/http's", []step{write("[1,"), status(500), write("no")}, "[1, 500 no", started, 200, 5},
		{"an error after an error is too", []step{guard, status(404), write("no"), status(500), write("no")}, "404 no 500 no", started, 404, 4},
		{"also after the least of them", []step{guard, status(400), write("no"), status(500), write("no")}, "400 no 500 no", started, 400, 4},
		{"a success after a success is too", []step{guard, write("[1,"), status(204), write("2]")}, "[1, 204 2]", started, 200, 5},

		{"a bare error is kept", []step{rewrite, status(404)}, "", fresh, 404, 0},
		{"and replaced at the end", []step{rewrite, status(404), finish}, "404 {}", rendered, 404, 2},
		{"or by another envelope", []step{rewrite, status(404), respond(409), finish}, "409 {}", rendered, 409, 2},
		{"its text is dropped", []step{rewrite, status(404), write("no"), writeString, readFrom}, "", fresh, 404, 0},
		{"and replaced by a flush, for good", []step{rewrite, status(404), write("no"), flush, write("more"), finish}, "404 {} flush", rendered, 404, 2},
		{"a second status is net/http's, after the envelope", []step{rewrite, status(404), status(200), write("no"), finish}, "404 {} 200", rendered, 404, 2},
		{"once", []step{guard, rewrite, status(404), status(200), write("no"), finish, release}, "404 {} 200", rendered, 404, 2},
		{"and after what was meant", []step{guard, rewrite, status(404), status(201), write("{"), write("}"), finish, release}, "404 {} 201", started, 404, 2},
		{"one that was meant is let through", []step{rewrite, status(404), write("{"), write("}"), finish}, "404 {}", started, 404, 2},
		{"one that could be either is not", []step{rewrite, status(404), write("{"), finish}, "404 {}", rendered, 404, 2},
		{"an empty write decides nothing", []step{rewrite, status(404), write(""), write("[7]"), finish}, "404 [7]", started, 404, 3},
		{"one that is meant by its header is let through at once", []step{rewrite, header("Content-Type", "application/json"), status(404)}, "404", started, 404, 0},
		{"a success is let through", []step{rewrite, status(200), write("no")}, "200 no", started, 200, 2},
		{"an error of no standard is an error", []step{rewrite, status(999), write("no")}, "", fresh, 999, 0},
		{"an error after the end of rewriting", []step{rewrite, finish, status(404)}, "404", started, 404, 0},

		{"rendered", []step{respond(500)}, "500 {} flush", rendered, 500, 2},
		{"rendered and written to", []step{respond(404), write("x"), writeString, readFrom}, "404 {}", rendered, 404, 2},
		{"rendered and spoken over", []step{respond(404), status(200)}, "404 {} 200", rendered, 404, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			beneath := &log{header: http.Header{}}
			rec, w := record(beneath, "GET")
			for _, s := range tt.steps {
				s(rec, w)
			}
			if got := strings.Join(beneath.lines, " "); got != tt.sent {
				t.Errorf("sent is %q, want %q", got, tt.sent)
			}
			if rec.State() != tt.state || rec.Status() != tt.status || rec.Bytes() != tt.bytes {
				t.Errorf("the recorder says %v, %d, %d bytes, want %v, %d, %d", rec.State(), rec.Status(), rec.Bytes(), tt.state, tt.status, tt.bytes)
			}
		})
	}
}

// log is a writer that writes down what it is told.
type log struct {
	header http.Header
	lines  []string
}

func (l *log) Header() http.Header { return l.header }

func (l *log) WriteHeader(status int) {
	l.lines = append(l.lines, strconv.Itoa(status))
	if status < 100 || status > 999 {
		panic("invalid status")
	}
}

func (l *log) Write(p []byte) (int, error) {
	text := string(p)
	if text == "" {
		text = "''"
	}
	l.lines = append(l.lines, text)
	return len(p), nil
}

func (l *log) Flush() { l.lines = append(l.lines, "flush") }

func (l *log) ReadFrom(src io.Reader) (int64, error) {
	b, err := io.ReadAll(src)
	l.lines = append(l.lines, "from("+string(b)+")")
	return int64(len(b)), err
}

// record makes the exchange of a request, and returns its recorder.
func record(beneath http.ResponseWriter, method string) (*exchange.Recorder, http.ResponseWriter) {
	_, w, _ := exchange.Enter(beneath, httptest.NewRequest(method, "/", nil))
	return exchange.Top(w), w
}

// On a HEAD everything is held, and the body is passed on as far as net/http
// looks at it to describe the answer.
func TestRecorderOnAHead(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for _, tt := range []struct {
		name  string
		steps []step
		sent  string
		state exchange.State
		bytes int64
	}{
		{"a status is held", []step{guard, status(200)}, "", exchange.Fresh, 0},
		{"a body commits nothing", []step{guard, write("abc"), writeString, readFrom}, "", exchange.Fresh, 11},
		{"both are released", []step{guard, status(201), write("abc"), release}, "201 abc", exchange.Started, 3},
		{"a long body is cut", []step{guard, write(long), write(long), release}, "200 " + (long + long)[:4097], exchange.Started, 6000},
		{"a flush commits", []step{guard, write("abc"), flush}, "200 abc flush", exchange.Started, 3},
		{"an envelope takes their place", []step{guard, write("abc"), respond(404), release}, "404 ''", exchange.Rendered, 0},
		{"an error that is kept is held", []step{guard, rewrite, status(404), write("[" + strings.Repeat(" ", 65<<10)), finish}, "", exchange.Fresh, 66561},
		{"an error that is text is not", []step{guard, rewrite, status(404), write("no"), finish, release}, "404 ''", exchange.Rendered, 0},
		{"an invalid status is not held", []step{guard, invalid, status(201), release}, "0 201", exchange.Started, 0},
	} {
		beneath := &log{header: http.Header{}}
		rec, w := record(beneath, "HEAD")
		for _, s := range tt.steps {
			s(rec, w)
		}
		if got := strings.Join(beneath.lines, " "); got != tt.sent || rec.State() != tt.state || rec.Bytes() != tt.bytes {
			t.Errorf("%s: sent is %q, %v, %d bytes, want %q, %v, %d", tt.name, got, rec.State(), rec.Bytes(), tt.sent, tt.state, tt.bytes)
		}
	}
}

func TestSilentIsOnlyWhoHasSaidNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		steps []step
		want  bool
	}{
		"nothing": {nil, true}, "a held status": {[]step{guard, status(204)}, false},
		"a kept error": {[]step{rewrite, status(404)}, false}, "a status": {[]step{status(200)}, false},
		"an envelope": {[]step{respond(404)}, false}, "an early hint": {[]step{status(103)}, true},
	} {
		rec, w := record(httptest.NewRecorder(), "GET")
		for _, s := range tt.steps {
			s(rec, w)
		}
		if got := rec.Silent(); got != tt.want {
			t.Errorf("after %s Silent = %t, want %t", name, got, tt.want)
		}
	}
}

func TestRewriterGetsTheBeginOfTheText(t *testing.T) {
	for encoding, want := range map[string]int{"": 1 << 10, "gzip": len("(encoded)")} {
		rec, w := record(httptest.NewRecorder(), "GET")
		calls := 0
		rec.Rewrite(&exchange.Rewriter{Judge: judge, Answer: func(_ http.ResponseWriter, _ *http.Request, status int, text []byte) {
			if calls++; status != 400 || len(text) != want {
				t.Errorf("encoded with %q, a text of 10,000 bytes arrives as %d, %d bytes, want 400, %d", encoding, status, len(text), want)
			}
		}})
		if encoding != "" {
			w.Header().Set("Content-Encoding", encoding)
		}
		w.WriteHeader(400)
		for range 100 {
			io.WriteString(w, strings.Repeat("n", 100))
		}
		rec.Finish()
		if calls != 1 {
			t.Errorf("encoded with %q, the rewriter is called %d times, want once", encoding, calls)
		}
	}
}

func TestModesAreArmedOnce(t *testing.T) {
	rec, _ := record(httptest.NewRecorder(), "GET")
	f := new(exchange.Rewriter)
	if !rec.Guard() || rec.Guard() || !rec.Rewrite(f) || rec.Rewrite(f) {
		t.Error("Guard and Rewrite arm twice, want the first caller alone")
	}
}

// As net/http has it, because what is held never reaches that.
func TestBytesWithoutAPlaceAreRefused(t *testing.T) {
	for _, tt := range []struct {
		method string
		status int
		length string
		want   error
	}{
		{"GET", 204, "", http.ErrBodyNotAllowed},
		{"GET", 304, "", http.ErrBodyNotAllowed},
		{"GET", 200, "0", http.ErrContentLength},
		{"HEAD", 200, "2", http.ErrContentLength},
		{"HEAD", 204, "", http.ErrBodyNotAllowed},
		{"HEAD", 200, "3", nil},
		{"HEAD", 200, "", nil},
	} {
		rec, w := record(httptest.NewRecorder(), tt.method)
		rec.Guard()
		if tt.length != "" {
			w.Header().Set("Content-Length", tt.length)
		}
		w.WriteHeader(tt.status)
		if _, err := io.WriteString(w, "abc"); err != tt.want {
			t.Errorf("%s %d of length %q: three bytes = %v, want %v", tt.method, tt.status, tt.length, err, tt.want)
		}
		if _, err := w.Write(nil); err != nil {
			t.Errorf("%s %d of length %q: no bytes = %v, want no error", tt.method, tt.status, tt.length, err)
		}
	}
}

func TestFirstErrorAfterASuccessIsTheOneThatCounts(t *testing.T) {
	rec, w := record(httptest.NewRecorder(), "GET")
	rec.Guard()
	io.WriteString(w, "[1,")
	w.WriteHeader(503)
	io.WriteString(w, "busy")
	w.WriteHeader(404)
	if late, text := rec.Release(); late != 503 || string(text) != "busy" {
		t.Errorf("Release = %d, %q, want 503 and its text", late, text)
	}
}

// A writer that still passes something on, when the envelope was sent in its place,
// has done nothing wrong.
func TestBytesInThePlaceOfWhichAnEnvelopeWasSent(t *testing.T) {
	x, w, _ := exchange.Enter(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	exchange.Top(w).Guard()
	buffer := own{httptest.NewRecorder(), http.Header{}}
	x.Answer(buffer, &envelope{status: 409})
	maps.Copy(w.Header(), buffer.Header())
	for range 2 {
		if n, err := io.WriteString(w, "{}"); n != 2 || err != nil {
			t.Errorf("WriteString = %d, %v, want 2 and no error", n, err)
		}
	}
}

func TestFlushThatIsNotSupportedSendsNothing(t *testing.T) {
	rec, w := record(&plain{header: http.Header{}}, "GET")
	err := http.NewResponseController(w).Flush()
	if !errors.Is(err, http.ErrNotSupported) || rec.State() != exchange.Fresh {
		t.Errorf("Flush = %v, after which the response is %v, want ErrNotSupported and fresh", err, rec.State())
	}
}

// What a handler sets after the status is not sent, as in net/http, but a trailer
// is.
func TestLateHeadersAreNotSent(t *testing.T) {
	for name, steps := range map[string][]step{
		"a held status":                   {guard, status(204), header("Late", "x"), release},
		"a kept error":                    {rewrite, header("Early", "x"), status(404), header("Late", "x"), header("Early", "y"), write("{}"), finish},
		"a replaced one":                  {rewrite, status(404), header("Late", "x"), finish},
		"an envelope in the place of one": {guard, status(204), header("Late", "x"), respond(500)},
	} {
		w := httptest.NewRecorder()
		rec, over := record(w, "GET")
		for _, s := range steps {
			s(rec, over)
		}
		if h := w.Result().Header; h["Late"] != nil || h.Get("Early") == "y" {
			t.Errorf("%s is sent with %v, want the header as it was with the status", name, h)
		}
		if name == "a held status" && w.Header().Get("Late") != "x" {
			t.Error("the late header is forgotten, and may be a trailer")
		}
	}
}

// However much a handler writes behind an error that came too late, only the begin
// of it is kept for the log.
func TestTextOfALateErrorIsBounded(t *testing.T) {
	rec, w := record(httptest.NewRecorder(), "GET")
	rec.Guard()
	io.WriteString(w, "[1,")
	w.WriteHeader(500)
	for range 100 {
		io.WriteString(w, strings.Repeat("n", 100))
	}
	if late, text := rec.Release(); late != 500 || len(text) != 1<<10 {
		t.Errorf("the late error is %d with %d bytes, want 500 with 1,024", late, len(text))
	}
}

// failing writes n bytes, and then no more.
type failing struct {
	log
	n int
}

func (f *failing) Write(p []byte) (int, error) {
	if f.n -= len(p); f.n < 0 {
		return 0, errors.New("full")
	}
	return len(p), nil
}

func TestReadFromSaysHowMuchItHasTaken(t *testing.T) {
	source := func() io.Reader { return struct{ io.Reader }{strings.NewReader(strings.Repeat("n", 600))} }
	for name, c := range map[string]struct {
		beneath http.ResponseWriter
		steps   []step
		n       int64
		fails   bool
	}{
		"an answer that streams": {&log{header: http.Header{}}, []step{status(200)}, 600, false},
		"one that has not begun": {&log{header: http.Header{}}, nil, 600, false},
		"a text that is dropped": {&log{header: http.Header{}}, []step{rewrite, status(404)}, 600, false},
		"a writer that is full":  {&failing{log: log{header: http.Header{}}}, nil, 0, true},
	} {
		rec, w := record(c.beneath, "GET")
		for _, s := range c.steps {
			s(rec, w)
		}
		n, err := w.(io.ReaderFrom).ReadFrom(source())
		if n != c.n || (err != nil) != c.fails {
			t.Errorf("%s: ReadFrom = %d, %v, want %d and an error: %t", name, n, err, c.n, c.fails)
		}
	}
}
