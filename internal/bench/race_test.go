package bench_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/binding"
	"github.com/go-playground/validator/v10"
	"github.com/redis/go-redis/v9"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	binding.Validator.Engine().(*validator.Validate).RegisterTagNameFunc(jsonName) // gin has one engine
	redis.SetLogger(quiet{})
	// A service has a heap. Without one the collector would run for every four
	// mebibytes, and the figures would be about little else.
	heap := make([]byte, 64<<20)
	code := m.Run()
	runtime.KeepAlive(heap)
	os.Exit(code)
}

// quiet is go-redis's logger: that nobody listens is a part of the work.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// A race is one piece of work that several contenders do.
type race struct {
	name       string
	request    request
	before     int // requests that a handler gets before it is looked at
	want       answer
	callers    int // per CPU; 0 is one caller alone
	contenders []contender
}

// A contender does the work. Its wants come on top of those of the race.
type contender struct {
	by      string
	handler http.Handler
	want    answer
}

// request is what is sent, over and over.
type request struct {
	method, target, body string
	header               http.Header
	addr                 func(i uint64) string // of the client in round i; nil means httptest's
}

// answer is what has to come back.
type answer struct {
	status int
	header []string // names of fields that are there
	body   []string // parts of the body
}

func (rq *request) new(i uint64) *http.Request {
	var body io.Reader
	if rq.body != "" {
		body = strings.NewReader(rq.body)
	}
	r := httptest.NewRequest(cmp.Or(rq.method, "GET"), cmp.Or(rq.target, "/"), body)
	maps.Copy(r.Header, rq.header)
	if rq.addr != nil {
		r.RemoteAddr = rq.addr(i)
	}
	return r
}

// verify sends what has to go before, and then one request whose answer it
// looks at. It returns the number of requests.
func (rc *race) verify(tb testing.TB, c *contender, before int) uint64 {
	tb.Helper()
	client := rc.newClient()
	for i := range uint64(before) {
		client.send(c.handler, i)
	}
	rec := httptest.NewRecorder()
	c.handler.ServeHTTP(rec, rc.request.new(uint64(before)))
	if status := cmp.Or(c.want.status, rc.want.status); rec.Code != status {
		tb.Fatalf("%s by %s = %d, want %d; body %q", rc.name, c.by, rec.Code, status, rec.Body)
	}
	for _, name := range append(rc.want.header[:len(rc.want.header):len(rc.want.header)], c.want.header...) {
		if rec.Header().Get(name) == "" {
			tb.Fatalf("%s by %s has no header field %s in %v", rc.name, c.by, name, rec.Header())
		}
	}
	for _, part := range append(rc.want.body[:len(rc.want.body):len(rc.want.body)], c.want.body...) {
		if !strings.Contains(rec.Body.String(), part) {
			tb.Fatalf("%s by %s has no %q in its body %q", rc.name, c.by, part, rec.Body)
		}
	}
	return uint64(before) + 1
}

// run times each contender, after it has shown that it does the work.
func (rc race) run(b *testing.B) {
	for i := range rc.contenders {
		c := rc.contenders[i]
		rc.contenders[i].handler = nil // so that its memory goes when its turn is over
		var sent atomic.Uint64
		b.Run("by="+c.by, func(b *testing.B) {
			if sent.Load() == 0 {
				sent.Store(rc.verify(b, &c, rc.before))
			}
			b.ReportAllocs()
			b.ResetTimer()
			begin := cpuTime()
			if rc.callers == 0 {
				client := rc.newClient()
				for n := sent.Load(); b.Loop(); n++ {
					client.send(c.handler, n)
				}
				sent.Add(uint64(b.N))
				rc.expect(b, &c, client)
			} else {
				b.SetParallelism(rc.callers)
				b.RunParallel(func(pb *testing.PB) {
					client := rc.newClient()
					n := sent.Add(1 << 20) // far from the rounds of the others
					for ; pb.Next(); n++ {
						client.send(c.handler, n)
					}
					rc.expect(b, &c, client)
				})
			}
			b.ReportMetric(float64(cpuTime()-begin)/float64(b.N), "cpu-ns/op")
		})
	}
}

// expect fails if the last answer was another one, because then the figures are
// those of other work.
func (rc *race) expect(b *testing.B, c *contender, last *client) {
	if want := cmp.Or(c.want.status, rc.want.status); last.sent > 0 && cmp.Or(last.w.status, http.StatusOK) != want {
		b.Errorf("the last answer by %s = %d, want %d", c.by, last.w.status, want)
	}
}

// A client sends one request again and again and allocates nothing itself.
type client struct {
	request *request
	first   *http.Request
	header  http.Header // as it is sent; some contenders add to it
	r       http.Request
	body    body
	w       writer
	sent    int
}

func (rc *race) newClient() *client {
	r := rc.request.new(0)
	return &client{
		request: &rc.request,
		first:   r,
		header:  maps.Clone(r.Header),
		w:       writer{header: http.Header{}},
	}
}

func (c *client) send(h http.Handler, i uint64) {
	c.sent++
	clear(c.w.header)
	c.w.status = 0
	if len(c.first.Header) != len(c.header) {
		clear(c.first.Header)
		maps.Copy(c.first.Header, c.header)
	}
	c.r = *c.first
	if c.request.body != "" {
		c.body.Reset(c.request.body)
		c.r.Body = &c.body
	}
	if c.request.addr != nil {
		c.r.RemoteAddr = c.request.addr(i)
	}
	h.ServeHTTP(&c.w, &c.r)
}

type body struct{ strings.Reader }

func (*body) Close() error { return nil }

// writer is a response writer that keeps the status.
type writer struct {
	header http.Header
	status int
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(p), nil
}

func (w *writer) WriteString(s string) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(s), nil
}

func (w *writer) Flush() { w.WriteHeader(http.StatusOK) }

// ok is what stands behind all middleware.
var ok = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(okBody) })

var okBody = []byte("ok")

// must is for constructors, whose arguments are part of the text here.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// races are all of them, but those that need a server. Each is made anew.
func races() []race {
	return []race{
		allowedHotKey(), allowedHotKeyParallel(), allowedManyKeys(), refused(), newKeyAtCap(), storeHotKey(),
		encodeRateLimited(), encodeFields(), respondRateLimited(), respondFields(),
		identified(), standard(), recovered(), recoveredInside(), panicked(io.Discard),
		smallValid(), smallInvalid(), largeValid(), largeInvalid(), malformedAtBegin(), malformedAtEnd(), queryValid(), queryInvalid(),
		stackServed(), stackRefused(), stackCreated(), stackInvalid(),
	}
}

func TestContendersAnswerAsExpected(t *testing.T) {
	for _, rc := range races() {
		for _, c := range rc.contenders {
			t.Run(rc.name+"/by="+c.by, func(t *testing.T) {
				rc.verify(t, &c, min(rc.before, 100))
			})
		}
	}
}

// A panic is only handled as well as ours if the log says where it happened.
func TestContendersLogWhereItPanicked(t *testing.T) {
	var log bytes.Buffer
	rc := panicked(&log)
	for _, c := range rc.contenders {
		t.Run(c.by, func(t *testing.T) {
			log.Reset()
			rc.verify(t, &c, 0)
			if !strings.Contains(log.String(), "recover_test.go") {
				t.Errorf("the log of %s does not name recover_test.go, which panicked:\n%s", c.by, log.String())
			}
		})
	}
}
