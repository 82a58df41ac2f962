package routers_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/handlers"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// The matrix combines every way to fail with every way to begin an answer and with every kind
// of writer between Standard and the handler. The client must read an envelope, or the whole
// answer of the handler, or an answer that is visibly cut. The log, the hook and the observer
// must each say once which of them it was.

// begun says how much of the handler's own answer was sent when the handler fails.
type begun uint8

const (
	fresh begun = iota // nothing was sent
	lazy               // only a status was sent, but gin's writers keep it back
	sent               // a part was sent
	whole              // all of it was sent
)

type opening struct {
	name  string
	begin func(http.ResponseWriter)
	get   begun
	head  begun
	flush bool // after begin the writer is flushed
}

const tenBytes = "0123456789"

var openings = []opening{
	{"nothing", func(http.ResponseWriter) {}, fresh, fresh, false},
	{"an early hint", func(w http.ResponseWriter) { w.WriteHeader(103) }, fresh, fresh, false},
	{"a header", func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "image/png")
		w.Header().Set("Cache-Control", "public")
	}, fresh, fresh, false},
	{"a status", func(w http.ResponseWriter) { w.WriteHeader(201) }, lazy, fresh, false},
	{"a status of a JSON error", func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(418)
	}, lazy, fresh, false},
	{"a status without a body", func(w http.ResponseWriter) { w.WriteHeader(204) }, fresh, fresh, false},
	{"a status of an error", func(w http.ResponseWriter) { w.WriteHeader(404) }, fresh, fresh, false},
	{"a text of an error", func(w http.ResponseWriter) { http.Error(w, "secret", 404) }, fresh, fresh, false},
	{"half of a JSON error", func(w http.ResponseWriter) { w.WriteHeader(400); io.WriteString(w, `{"error":"sec`) }, fresh, fresh, false},
	{"bytes", func(w http.ResponseWriter) { io.WriteString(w, tenBytes) }, sent, fresh, false},
	{"bytes of a source", func(w http.ResponseWriter) { io.Copy(w, strings.NewReader(tenBytes)) }, sent, fresh, false},
	{"many bytes", func(w http.ResponseWriter) { io.WriteString(w, strings.Repeat(tenBytes, 10_000)) }, sent, fresh, false},
	{"bytes after a status", func(w http.ResponseWriter) { w.WriteHeader(201); io.WriteString(w, tenBytes) }, sent, fresh, false},
	{"flushed bytes", func(w http.ResponseWriter) { io.WriteString(w, tenBytes) }, sent, fresh, true},
	{"a flushed status", func(w http.ResponseWriter) { w.WriteHeader(201) }, lazy, fresh, true},
	{"a part of a declared length", func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, tenBytes)
	}, sent, fresh, false},
	{"all of a declared length", func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, tenBytes)
	}, whole, fresh, false},
	{"a declared length of nothing", func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(201)
	}, fresh, fresh, false},
	{"a declared length without bytes", func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(201)
	}, lazy, fresh, false},
}

// ending is a way to leave a handler.
type ending struct {
	name    string
	leave   func() error
	status  int  // of the envelope
	silent  bool // neither the log nor the hook gets it
	returns bool
}

var endings = []ending{
	{"a returned error", func() error { return problem.Conflict }, 409, false, true},
	{"a panic", func() error { panic("secret") }, 500, false, false},
	{"an abort", func() error { panic(http.ErrAbortHandler) }, 0, true, false},
	{"an abort that is returned", func() error { return fmt.Errorf("proxy: %w", http.ErrAbortHandler) }, 0, true, false},
	{"an exit", func() error { runtime.Goexit(); return nil }, 500, false, false},
}

// hiding is a middleware whose writer has no optional interface.
func hiding(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
	})
}

// buffering is http.TimeoutHandler. It does not notice that its goroutine has exited, so that
// ending gets a short timeout.
func buffering(next http.Handler) http.Handler {
	long, short := http.TimeoutHandler(next, time.Minute, ""), http.TimeoutHandler(next, 5*time.Millisecond, "")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("ending") == "an exit" {
			short.ServeHTTP(w, r)
			return
		}
		long.ServeHTTP(w, r)
	})
}

// between has the middlewares between Standard and the handler.
var between = []struct {
	name    string
	wrap    mw
	buffers bool // it may keep a part of the answer and send it later
	hides   bool // it does not flush
}{
	{"nothing", middleware.Chain(), false, false},
	{"a writer without optional interfaces", hiding, false, true},
	{"TimeoutHandler", buffering, true, true},
	{"gorilla's compressor", handlers.CompressHandler, true, false},
	{"a compressor that decides late", holding, true, false},
	{"a compressor that decides up front", upfront, true, false},
}

var forms = []struct {
	name string
	make func(problem.HandlerFunc) http.Handler
}{
	{"a HandlerFunc", func(f problem.HandlerFunc) http.Handler { return f }},
	{"a plain handler", func(f problem.HandlerFunc) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			problem.Respond(w, r, f(w, r))
		})
	}},
}

// play is the handler of the matrix. The query of the request says what it does.
func play(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	form := forms[0]
	if q.Get("form") == forms[1].name {
		form = forms[1]
	}
	form.make(func(w http.ResponseWriter, _ *http.Request) error {
		for _, o := range openings {
			if o.name == q.Get("opening") {
				o.begin(w)
				if o.flush {
					http.NewResponseController(w).Flush()
				}
			}
		}
		for _, e := range endings {
			if e.name == q.Get("ending") {
				return e.leave()
			}
		}
		return nil
	}).ServeHTTP(w, r)
}

// h10 is the protocol of an old client, for which an answer ends when the connection ends.
const h10 = "HTTP/1.0"

func TestFailureIsAnEnvelopeOrACutWhateverLiesBetween(t *testing.T) {
	for _, house := range []house{std, ginInside, ginOutside} {
		for _, b := range between {
			t.Run(house.name+"/"+b.name, func(t *testing.T) {
				t.Parallel()
				m := newMatrix(t, house, b.wrap)
				for _, protocol := range []string{h10, warm, h2} {
					for _, method := range []string{"GET", "HEAD"} {
						for i, o := range openings {
							for j, e := range endings {
								for n, form := range forms {
									// A panic is the same in both forms, so each cell tries it in one of them.
									if e.returns || (i+j+n)%2 == 0 {
										m.play(t, cell{protocol, method, form.name, o, e, b.buffers, b.hides, house.name != std.name})
									}
								}
							}
						}
					}
				}
			})
		}
	}
}

// cell is one exchange of the matrix.
type cell struct {
	protocol, method, form string
	opening                opening
	ending                 ending
	buffers                bool // as in between
	hides                  bool // as in between
	lazy                   bool // the router is gin, which keeps a status back
}

func (c cell) String() string {
	return strings.Join([]string{c.protocol, c.method, c.form, c.ending.name, "after " + c.opening.name}, ", ")
}

// matrix is a server for the cells of one router and one middleware, and its clients.
type matrix struct {
	*site
	newer  *http.Client // HTTP/2
	events atomic.Int64
}

func newMatrix(t *testing.T, house house, wrap mw) *matrix {
	m := &matrix{}
	p := plan{config: problem.Config{OnError: func(context.Context, *problem.Event) { m.events.Add(1) }}, cold: true}
	m.site = p.open(house, warm, wrap(http.HandlerFunc(play)).ServeHTTP)
	tr := &http.Transport{DisableCompression: true, Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	m.newer = &http.Client{Transport: tr, Timeout: 20 * time.Second}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		m.close()
	})
	return m
}

// ask sends the request of a cell.
func (m *matrix) ask(t *testing.T, c cell) answer {
	q := url.Values{"form": {c.form}, "opening": {c.opening.name}, "ending": {c.ending.name}}
	r, err := http.NewRequest(c.method, m.url+"?"+q.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	switch c.protocol {
	case h10:
		return m.askOld(r)
	case h2:
		return read(m.newer.Do(r))
	}
	return read(m.client.Do(r))
}

// askOld sends a request by HTTP/1.0.
func (m *matrix) askOld(r *http.Request) answer {
	conn, err := net.Dial("tcp", m.server.Listener.Addr().String())
	if err != nil {
		return answer{err: err}
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s %s HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n", r.Method, r.URL.RequestURI())
	buf := bufio.NewReader(conn)
	resp, err := http.ReadResponse(buf, r)
	for err == nil && resp.StatusCode < 200 {
		resp, err = http.ReadResponse(buf, r)
	}
	return read(resp, err)
}

func read(resp *http.Response, err error) answer {
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	a := answer{resp.StatusCode, resp.Header, resp.Trailer, string(b), err}
	if resp.Request.Method == http.MethodHead {
		return a
	}
	return decoded(a)
}

// play runs a cell and checks its answer.
func (m *matrix) play(t *testing.T, c cell) {
	m.events.Store(0)
	m.calls.Store(0)
	m.records.forget()
	a := m.ask(t, c)
	sum := m.summary(t)
	for range m.calls.Load() - 1 {
		sum = m.summary(t)
		if !c.ending.silent {
			t.Errorf("%v: the client has repeated the request", c)
		}
	}
	got := c.outcome(a)
	if !c.allows(got) {
		t.Errorf("%v: the client reads %s: %d %v %.80q (%v)", c, got, a.status, a.header, a.body, a.err)
	}
	m.check(t, c, got, a, sum)
}

// outcome returns in words how a client sees an answer.
func (c cell) outcome(a answer) string {
	json := a.header.Get("Content-Type") == "application/problem+json"
	switch {
	case a.err != nil:
		return "a cut"
	case !json:
		return "the handler's answer"
	case a.header.Get("Cache-Control") != "no-store":
		return "an envelope with the header of another answer"
	case c.method == "HEAD" && a.body == "":
		return "an envelope"
	case !strings.HasPrefix(a.body, `{"type":`), !strings.HasSuffix(a.body, "}"), strings.Count(a.body, `"status":`) != 1,
		!strings.Contains(a.body, fmt.Sprintf(`"status":%d`, a.status)):
		return "half an envelope"
	}
	return "an envelope"
}

// allows reports whether an outcome is right for the cell.
func (c cell) allows(got string) bool {
	come := c.opening.get
	switch flushed := c.opening.flush && !c.hides; {
	case c.method == "HEAD" && flushed:
		come = whole
	case c.method == "HEAD":
		come = c.opening.head
	case flushed:
		come = sent
	}
	switch {
	case c.ending.silent:
		// An answer that the client has read cannot be taken back.
		return got == "a cut" || come == whole && got == "the handler's answer"
	case c.ending.name == "an exit" && c.protocol == h2 && got == "a cut":
		return true // net/http resets the stream
	case c.buffers, come == lazy && c.lazy:
		return got == "an envelope" || got == "a cut" || come == whole && got == "the handler's answer"
	case come == fresh:
		return got == "an envelope"
	case come == whole:
		return got == "the handler's answer" || got == "a cut"
	}
	return got == "a cut"
}

// check fails unless the log, the hook and the observer agree with the client.
func (m *matrix) check(t *testing.T, c cell, got string, a answer, sum *middleware.Summary) {
	failures := slices.DeleteFunc(m.records.all(), func(r record) bool { return r.level < slog.LevelInfo })
	if c.ending.silent {
		if len(failures) > 0 || m.events.Load() > 0 || !sum.Aborted {
			t.Errorf("%v: the log says %v, %d events, summary %+v, want an abort that is not reported", c, failures, m.events.Load(), sum)
		}
		return
	}
	if len(failures) != 1 || m.events.Load() != 1 {
		t.Errorf("%v: the log says %v, and there are %d events, want one each", c, m.records.all(), m.events.Load())
		return
	}
	said := failures[0].attrs
	switch aborted := said["aborted"] == "true"; {
	case aborted != sum.Aborted && c.ending.name != "an exit":
		t.Errorf("%v: the log says aborted=%t, and the observer %t", c, aborted, sum.Aborted)
	case got == "an envelope" && (aborted || said["status"] != fmt.Sprint(a.status) || sum.Status != a.status):
		t.Errorf("%v: the client reads %d, the log says %v, and the observer %d", c, a.status, said, sum.Status)
	case got != "an envelope" && !aborted && c.ending.name != "an exit":
		t.Errorf("%v: the client reads %s, the log says %v", c, got, said)
	}
	if want := c.ending.status; got == "an envelope" && a.status != want && !(c.buffers && c.ending.name == "an exit" && a.status == 503) {
		t.Errorf("%v: the client reads %d, want %d", c, a.status, want)
	}
	if strings.Contains(a.body, "secret") {
		t.Errorf("%v: the client reads %q", c, a.body)
	}
}
