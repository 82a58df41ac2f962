package exchange_test

import (
	"errors"
	"io"
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

func flush(_ *exchange.Recorder, w http.ResponseWriter)      { http.NewResponseController(w).Flush() }
func hold(r *exchange.Recorder, _ http.ResponseWriter)       { r.Hold(false) }
func hold4Head(r *exchange.Recorder, _ http.ResponseWriter)  { r.Hold(true) }
func release(r *exchange.Recorder, _ http.ResponseWriter)    { r.Release() }
func rewrite(r *exchange.Recorder, _ http.ResponseWriter)    { r.Rewrite() }
func finish(r *exchange.Recorder, _ http.ResponseWriter)     { r.Finish() }
func revoke(r *exchange.Recorder, _ http.ResponseWriter)     { r.Revoke() }
func seal(r *exchange.Recorder, _ http.ResponseWriter)       { r.Seal(500, true) }
func sealBeyond(r *exchange.Recorder, _ http.ResponseWriter) { r.Seal(500, false) }

// invalid passes a status that net/http refuses with a panic.
func invalid(_ *exchange.Recorder, w http.ResponseWriter) {
	defer func() { recover() }()
	w.WriteHeader(0)
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
		{"an invalid status is not held for a HEAD", []step{hold4Head, invalid, status(201), release}, "0 201", started, 201, 0},

		{"204 is held", []step{hold, status(204)}, "", fresh, 204, 0},
		{"304 is held", []step{hold, status(304)}, "", fresh, 304, 0},
		{"200 is not held", []step{hold, status(200)}, "200", started, 200, 0},
		{"200 on HEAD is held", []step{hold4Head, status(200)}, "", fresh, 200, 0},
		{"held and released", []step{hold, status(204), release}, "204", started, 204, 0},
		{"held and written to", []step{hold, status(204), write("x")}, "204 x", started, 204, 1},
		{"held and flushed", []step{hold, status(204), flush}, "204 flush", started, 204, 0},
		{"held and read into", []step{hold, status(204), readFrom}, "204 from(text)", started, 204, 4},
		{"held and spoken over", []step{hold, status(204), status(500)}, "204 500", started, 204, 0},
		{"held after a 103", []step{hold, status(103), status(204), status(103), release}, "103 103 204", started, 204, 0},
		{"held and revoked", []step{hold, status(204), revoke, status(500)}, "500", started, 500, 0},
		{"released before a status", []step{hold, release, status(204)}, "204", started, 204, 0},

		{"a bare error is kept", []step{rewrite, status(404)}, "", fresh, 404, 0},
		{"and replaced at the end", []step{rewrite, status(404), finish, revoke, status(404), write("{}")}, "404 {}", started, 404, 2},
		{"a revoked error is still implied", []step{rewrite, status(404), revoke, write("{}")}, "404 {}", started, 404, 2},
		{"also by a flush", []step{rewrite, status(404), revoke, flush}, "404 flush", started, 404, 0},
		{"also by a source without a byte", []step{rewrite, status(404), revoke, readNothing}, "404 from()", started, 404, 0},
		{"a revoked 204 is not", []step{hold, status(204), revoke, write("{}")}, "{}", started, 200, 2},
		{"its text is dropped", []step{rewrite, status(404), write("no"), writeString, readFrom, flush}, "", fresh, 404, 0},
		{"a second status is dropped", []step{rewrite, status(404), status(200), write("no")}, "", fresh, 404, 0},
		{"an object is let through", []step{rewrite, status(404), write(`{}`), write("x")}, "404 {} x", started, 404, 3},
		{"a text that is copied", []step{rewrite, status(404), readFrom, write("x")}, "", fresh, 404, 0},
		{"an empty write decides nothing", []step{rewrite, status(404), write(""), write("{}")}, "404 {}", started, 404, 2},
		{"JSON is let through", []step{rewrite, header("Content-Type", "application/json"), status(404)}, "404", started, 404, 0},
		{"a success is let through", []step{rewrite, status(200), write("no")}, "200 no", started, 200, 2},
		{"gin's type without a body is let through at the end", []step{rewrite, header("Content-Type", "text/plain"), status(404), finish}, "404", started, 404, 0},
		{"an error of no standard is an error", []step{rewrite, status(999), write("no")}, "", fresh, 999, 0},
		{"an error after the end of rewriting", []step{rewrite, finish, status(404)}, "404", started, 404, 0},
		{"an error on HEAD is replaced first, held later", []step{hold4Head, rewrite, status(404), release}, "", fresh, 404, 0},

		{"rendered", []step{status(500), write("{}"), seal}, "500 {}", rendered, 500, 2},
		{"rendered and written to", []step{status(500), write("{}"), seal, write("x"), writeString, readFrom}, "500 {}", rendered, 500, 2},
		{"rendered by a writer further out, which holds bytes", []step{header("Content-Length", "2"), status(500), sealBeyond, write("{}")}, "500 {}", rendered, 500, 2},
		{"rendered by a writer further out, which holds none", []step{header("Content-Length", "2"), status(500), write("{}"), sealBeyond, write("x")}, "500 {}", rendered, 500, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			beneath := &log{header: http.Header{}}
			rec, w := exchange.Record(beneath, nil)
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
	if status < 100 {
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

func TestSilentIsOnlyWhoHasSaidNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		steps []step
		want  bool
	}{
		"nothing": {nil, true}, "a held status": {[]step{hold, status(204)}, false},
		"a kept error": {[]step{rewrite, status(404)}, false}, "a status": {[]step{status(200)}, false},
		"a revoked status": {[]step{hold, status(204), revoke}, true}, "an early hint": {[]step{status(103)}, true},
	} {
		rec, w := exchange.Record(httptest.NewRecorder(), nil)
		for _, s := range tt.steps {
			s(rec, w)
		}
		if got := rec.Silent(); got != tt.want {
			t.Errorf("after %s Silent = %t, want %t", name, got, tt.want)
		}
	}
}

func TestFinishReturnsTheBeginOfTheText(t *testing.T) {
	rec, w := exchange.Record(httptest.NewRecorder(), nil)
	rec.Rewrite()
	w.WriteHeader(400)
	for range 100 {
		io.WriteString(w, strings.Repeat("x", 100))
	}
	status, text, ok := rec.Finish()
	if status != 400 || len(text) != 1<<10 || !ok {
		t.Errorf("Finish = %d, %d bytes, %t, want 400, the first KiB, true", status, len(text), ok)
	}
}

func TestFinishReturnsNoCompressedText(t *testing.T) {
	rec, w := exchange.Record(httptest.NewRecorder(), nil)
	rec.Rewrite()
	w.Header().Set("Content-Encoding", "gzip")
	http.Error(w, "\x1f\x8b", 500)
	if status, text, ok := rec.Finish(); status != 500 || len(text) > 0 || !ok {
		t.Errorf("Finish = %d, %q, %t, want 500, no text, true", status, text, ok)
	}
}

func TestModesAreArmedOnce(t *testing.T) {
	rec, _ := exchange.Record(httptest.NewRecorder(), nil)
	if !rec.Hold(false) || rec.Hold(false) || !rec.Rewrite() || rec.Rewrite() {
		t.Error("Hold and Rewrite arm twice, want the first caller alone")
	}
}

func TestRefusedWritesSayWhy(t *testing.T) {
	rec, w := exchange.Record(httptest.NewRecorder(), nil)
	rec.Seal(500, true)
	if _, err := w.Write([]byte("x")); !errors.Is(err, http.ErrContentLength) {
		t.Errorf("Write after the answer = %v, want ErrContentLength", err)
	}
	if _, err := io.WriteString(w, "x"); !errors.Is(err, http.ErrContentLength) {
		t.Errorf("WriteString after the answer = %v, want ErrContentLength", err)
	}
}

func TestFlushThatIsNotSupportedSendsNothing(t *testing.T) {
	rec, w := exchange.Record(&plain{header: http.Header{}}, nil)
	err := http.NewResponseController(w).Flush()
	if !errors.Is(err, http.ErrNotSupported) || rec.State() != exchange.Fresh {
		t.Errorf("Flush = %v, after which the response is %v, want ErrNotSupported and fresh", err, rec.State())
	}
}

func TestEncodedBefore(t *testing.T) {
	w := httptest.NewRecorder()
	if rec, _ := exchange.Record(w, nil); rec.EncodedBefore() {
		t.Error("EncodedBefore = true, want false without an encoding")
	}
	w.Header().Set("Content-Encoding", "gzip")
	if rec, _ := exchange.Record(w, nil); !rec.EncodedBefore() {
		t.Error("EncodedBefore = false, want true")
	}
}
