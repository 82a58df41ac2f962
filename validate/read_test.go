package validate_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

func TestContentType(t *testing.T) {
	const refused = "unsupported_media_type Content-Type must be application/json"
	vendor := validate.Config{MediaTypes: []string{"application/json", "application/*+json"}}
	for _, tt := range []struct {
		row   int
		cfg   validate.Config
		lines []string
		want  string
	}{
		{79, validate.Config{}, nil, refused},
		{79, validate.Config{AllowNoContentType: true}, nil, "ok"},
		{79, validate.Config{}, []string{"text/plain"}, refused},
		{79, validate.Config{}, []string{"application/x-www-form-urlencoded"}, refused},
		{79, validate.Config{}, []string{"multipart/form-data; boundary=x"}, refused},
		{80, validate.Config{}, []string{"Application/JSON"}, "ok"},
		{80, validate.Config{}, []string{"application/json; charset=UTF-8"}, "ok"},
		{80, validate.Config{}, []string{"application/json;"}, "ok"},
		{81, validate.Config{}, []string{"application/json; charset=iso-8859-1"}, "unsupported_media_type The charset iso-8859-1 is not supported: it must be utf-8"},
		{81, validate.Config{}, []string{`application/json; charset="<script>"`}, "unsupported_media_type The charset is not supported: it must be utf-8"},
		{81, validate.Config{}, []string{"application/json; charset=" + times(41, "x")}, "unsupported_media_type The charset is not supported: it must be utf-8"},
		{81, validate.Config{}, []string{"text/plain; charset=iso-8859-1"}, refused},
		{80, validate.Config{}, []string{"application/json; charset=utf8"}, "ok"},
		{80, validate.Config{}, []string{`application/json; charset="UTF8"`}, "ok"},
		{79, validate.Config{}, []string{"application/json" + times(110_000, "; a=b")}, refused},
		{81, validate.Config{}, []string{"application/json; charset=utf-8; charset=utf-8"}, refused},
		{81, validate.Config{}, []string{"application/json; charset=utf-8; charset=utf-16"}, refused},
		{81, validate.Config{}, []string{"application/json; ="}, refused},
		{81, validate.Config{}, []string{"application/json", "application/json"}, refused},
		{81, validate.Config{}, []string{""}, refused},
		{82, validate.Config{}, []string{"application/vnd.api+json"}, refused},
		{82, vendor, []string{"application/vnd.api+json"}, "ok"},
		{82, vendor, []string{"application/vnd.api+xml"}, refused + " or application/*+json"},
		{82, vendor, []string{"application/+json"}, refused + " or application/*+json"},
	} {
		v, err := validate.New(tt.cfg)
		if err != nil {
			t.Fatal(err)
		}
		r, w := post(request("{<OK>}")), httptest.NewRecorder()
		r.Header["Content-Type"] = tt.lines
		_, err = validate.Decode[user](v, w, r)
		if got := outcome(err); got != tt.want {
			t.Errorf("row %d: Content-Type %q = %s, want %s", tt.row, tt.lines, got, tt.want)
		}
		if accept := w.Header().Get("Accept"); (accept != "") != (err != nil) {
			t.Errorf("row %d: Content-Type %q is answered with Accept %q", tt.row, tt.lines, accept)
		}
	}
}

func TestContentEncoding(t *testing.T) {
	for coding, want := range map[string]string{
		"":          "ok",
		"identity":  "ok",
		"IDENTITY":  "ok",
		"gzip":      "unsupported_media_type Content-Encoding is not supported",
		"gzip, br":  "unsupported_media_type Content-Encoding is not supported",
		"identity,": "unsupported_media_type Content-Encoding is not supported",
	} {
		r, w := post(request("{<OK>}")), httptest.NewRecorder()
		r.Header.Set("Content-Encoding", coding)
		_, err := validate.Decode[user](nil, w, r)
		if got := outcome(err); got != want {
			t.Errorf("row 83: Content-Encoding %q = %s, want %s", coding, got, want)
		}
		if err != nil && w.Header().Get("Accept-Encoding") != "identity" {
			t.Errorf("row 83: Content-Encoding %q is answered without Accept-Encoding", coding)
		}
	}
}

// A body that must not be read.
type untouchable struct{ t *testing.T }

func (b untouchable) Read([]byte) (int, error) {
	b.t.Error("the body was read")
	return 0, io.EOF
}
func (untouchable) Close() error { return nil }

func TestTooLongABodyIsNotRead(t *testing.T) {
	for _, length := range []int64{1<<20 + 1, 1 << 40} {
		r := post("")
		r.Body, r.ContentLength = untouchable{t}, length
		allocs := testing.AllocsPerRun(1, func() {
			if _, err := validate.Decode[user](nil, httptest.NewRecorder(), r); !errors.Is(err, problem.PayloadTooLarge) {
				t.Errorf("row 74: Content-Length %d = %s, want a body too large", length, outcome(err))
			}
		})
		if allocs > 50 {
			t.Errorf("row 74: Content-Length %d costs %v allocations", length, allocs)
		}
	}
}

func TestEmptyBodies(t *testing.T) {
	chunked := post("")
	chunked.Body, chunked.ContentLength = io.NopCloser(strings.NewReader("")), -1
	none := post("")
	none.Body = nil
	for name, r := range map[string]*http.Request{
		"no body":       httptest.NewRequest(http.MethodPost, "/", nil),
		"a nil body":    none,
		"HEAD":          httptest.NewRequest(http.MethodHead, "/", nil),
		"empty chunked": chunked,
	} {
		if _, err := validate.Decode[user](nil, httptest.NewRecorder(), r); outcome(err) != "IR Request body is required" {
			t.Errorf("row 2: %s = %s, want that it is required", name, outcome(err))
		}
	}
}

func TestBodyThatWasReadBefore(t *testing.T) {
	r := post(request("{<OK>}"))
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		t.Fatal(err)
	}
	if _, err := validate.Decode[user](nil, nil, r); outcome(err) != "internal" || !strings.Contains(err.Error(), "read before") {
		t.Errorf("row 78: a consumed body = %v, want an internal error that says so", err)
	}
}

func TestBodyThatWasClosedBefore(t *testing.T) {
	done := make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		err := r.Body.Close()
		if err == nil {
			_, err = validate.Decode[user](nil, nil, r)
		}
		done <- err
	}))
	defer s.Close()
	resp, err := http.Post(s.URL, "application/json", strings.NewReader(request("{<OK>}")))
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; outcome(err) != "internal" || !strings.Contains(err.Error(), "read before") {
		t.Errorf("row 78: a closed body = %v, want an internal error that says so", err)
	}
}

// A Content-Length may be wrong where something between the server and us has
// replaced the body.
func TestBodyLongerThanItsLength(t *testing.T) {
	v, err := validate.New(validate.Config{MaxBody: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	r := post(request("{<OK>}"))
	r.ContentLength = 5
	if in, err := validate.Decode[user](v, nil, r); err != nil || in.Email == "" {
		t.Errorf("Decode of a body of more than its length = %+v, %s, want it read to its end", in, outcome(err))
	}
	rest := strings.NewReader(request("{<OK>}") + times(1<<20, " "))
	r = post("")
	r.Body, r.ContentLength = io.NopCloser(rest), 5
	if _, err := validate.Decode[user](v, nil, r); !errors.Is(err, problem.PayloadTooLarge) {
		t.Errorf("Decode of a body of more than its length and the limit = %s, want too large", outcome(err))
	}
	if read := rest.Size() - int64(rest.Len()); read > 1<<10+1 {
		t.Errorf("Decode reads %d bytes of a body of too many, want at most one more than the limit", read)
	}
}

func TestTighterOuterLimit(t *testing.T) {
	r := post(request("{<OK>}"))
	r.Body = http.MaxBytesReader(nil, r.Body, 10)
	if _, err := validate.Decode[user](nil, nil, r); !errors.Is(err, problem.PayloadTooLarge) {
		t.Errorf("row 75: a body above an outer limit = %s, want too large", outcome(err))
	}
}

func TestContextThatIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r := post(request("{<OK>}")).WithContext(ctx)
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), readFunc(func([]byte) (int, error) {
		cancel()
		return 0, io.ErrUnexpectedEOF
	})))
	if _, err := validate.Decode[user](nil, nil, r); !errors.Is(err, context.Canceled) {
		t.Errorf("row 77: a client that went away = %v, want the error of the context", err)
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// server serves users behind layers that wrap the writer, and with a limit
// that fits the good body exactly.
func server(t *testing.T, cfg validate.Config) string {
	t.Helper()
	v, err := validate.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	h := errs.Handler(validate.HandlerFunc(v, handle[user]))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(wrapped{w}, r)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// A wrapped writer is one of another library, which only Unwrap sees through.
type wrapped struct{ w http.ResponseWriter }

func (w wrapped) Header() http.Header         { return w.w.Header() }
func (w wrapped) Write(p []byte) (int, error) { return w.w.Write(p) }
func (w wrapped) WriteHeader(status int)      { w.w.WriteHeader(status) }
func (w wrapped) Unwrap() http.ResponseWriter { return w.w }

// exchange sends bytes and returns the answers that come before the
// connection is closed, or until the first final one.
func exchange(t *testing.T, addr string, send string) (status []int, last *http.Response) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, send); err != nil {
		t.Fatal(err)
	}
	from := bufio.NewReader(conn)
	for {
		last, err = http.ReadResponse(from, nil)
		if err != nil {
			t.Fatalf("reading the answer to %.60q: %v", send, err)
		}
		status = append(status, last.StatusCode)
		if last.StatusCode != http.StatusContinue {
			return status, last
		}
	}
}

func TestBodiesOnTheWire(t *testing.T) {
	body := request("{<OK>}")
	exact := validate.Config{MaxBody: int64(len(body))}
	const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	chunked := func(body string) string {
		return head + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	}
	length := func(body string) string { return head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body) }
	for _, tt := range []struct {
		row    int
		name   string
		cfg    validate.Config
		send   string
		status string
		closed bool
	}{
		{73, "as long as allowed", exact, length(body), "[200]", false},
		{73, "as long as allowed, chunked", exact, chunked(body), "[200]", false},
		{73, "one byte more", exact, length(body + " "), "[413]", false},
		{73, "one byte more, chunked", exact, chunked(body + " "), "[413]", true},
		{76, "continue", exact, head + fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n%s", len(body), body), "[100 200]", false},
		{76, "continue of a wrong type", exact, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n", "[415]", true},
		{76, "continue of too much", exact, head + "Expect: 100-continue\r\nContent-Length: 99999\r\n\r\n", "[413]", true},
		{77, "bad chunk", exact, head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "[400]", true},
		{77, "slow", validate.Config{ReadTimeout: 50 * time.Millisecond}, head + "Content-Length: 99\r\n\r\n{", "[408]", true},
		{4, "malformed, chunked", exact, chunked("{"), "[400]", false},
		{2, "empty chunked", exact, head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "[400]", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, last := exchange(t, server(t, tt.cfg), tt.send)
			if fmt.Sprint(status) != tt.status {
				t.Errorf("row %d: the answers = %v, want %s", tt.row, status, tt.status)
			}
			if tt.closed != last.Close {
				t.Errorf("row %d: Connection: close is %v, want %v", tt.row, last.Close, tt.closed)
			}
		})
	}
}

func TestReadTimeoutEndsWithTheBody(t *testing.T) {
	v, err := validate.New(validate.Config{ReadTimeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	s := httptest.NewServer(validate.HandlerFunc(v, func(w http.ResponseWriter, r *http.Request, _ user) error {
		// A deadline that was left behind would cancel the request.
		select {
		case <-r.Context().Done():
			done <- r.Context().Err()
		case <-time.After(60 * time.Millisecond):
			done <- nil
		}
		return nil
	}))
	defer s.Close()
	resp, err := http.Post(s.URL, "application/json", bytes.NewReader([]byte(request("{<OK>}"))))
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("the request after the body was read = %v, want it to go on", err)
	}
}
