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
		cfg   validate.Config
		lines []string
		want  string
	}{
		{validate.Config{}, nil, refused},
		{validate.Config{AllowNoContentType: true}, nil, "ok"},
		{validate.Config{}, []string{"text/plain"}, refused},
		{validate.Config{}, []string{"application/x-www-form-urlencoded"}, refused},
		{validate.Config{}, []string{"multipart/form-data; boundary=x"}, refused},
		{validate.Config{}, []string{"Application/JSON"}, "ok"},
		{validate.Config{}, []string{"application/json; charset=UTF-8"}, "ok"},
		{validate.Config{}, []string{"application/json;"}, "ok"},
		{validate.Config{}, []string{"application/json; charset=iso-8859-1"}, "unsupported_media_type The charset iso-8859-1 is not supported: it must be utf-8"},
		{validate.Config{}, []string{`application/json; charset="<script>"`}, "unsupported_media_type The charset is not supported: it must be utf-8"},
		{validate.Config{}, []string{"application/json; charset=" + times(41, "x")}, "unsupported_media_type The charset is not supported: it must be utf-8"},
		{validate.Config{}, []string{"text/plain; charset=iso-8859-1"}, refused},
		{validate.Config{}, []string{"application/json; charset=utf8"}, "ok"},
		{validate.Config{}, []string{`application/json; charset="UTF8"`}, "ok"},
		{validate.Config{}, []string{"application/json" + times(110_000, "; a=b")}, refused},
		{validate.Config{}, []string{"application/json; charset=utf-8; charset=utf-8"}, refused},
		{validate.Config{}, []string{"application/json; charset=utf-8; charset=utf-16"}, refused},
		{validate.Config{}, []string{"application/json; ="}, refused},
		{validate.Config{}, []string{"application/json", "application/json"}, refused},
		{validate.Config{}, []string{""}, refused},
		{validate.Config{}, []string{"application/vnd.api+json"}, refused},
		{vendor, []string{"application/vnd.api+json"}, "ok"},
		{vendor, []string{"application/vnd.api+xml"}, refused + " or application/*+json"},
		{vendor, []string{"application/+json"}, refused + " or application/*+json"},
	} {
		v, err := validate.New(tt.cfg)
		if err != nil {
			t.Fatal(err)
		}
		r, w := post(request("{<OK>}")), httptest.NewRecorder()
		r.Header["Content-Type"] = tt.lines
		_, err = validate.Decode[user](v, w, r)
		if got := outcome(err); got != tt.want {
			t.Errorf("Content-Type %q = %s, want %s", tt.lines, got, tt.want)
		}
		if accept := w.Header().Get("Accept"); (accept != "") != (err != nil) {
			t.Errorf("Content-Type %q is answered with Accept %q", tt.lines, accept)
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
			t.Errorf("Content-Encoding %q = %s, want %s", coding, got, want)
		}
		if err != nil && w.Header().Get("Accept-Encoding") != "identity" {
			t.Errorf("Content-Encoding %q is answered without Accept-Encoding", coding)
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
				t.Errorf("Content-Length %d = %s, want a body too large", length, outcome(err))
			}
		})
		if allocs > 50 {
			t.Errorf("Content-Length %d costs %v allocations", length, allocs)
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
			t.Errorf("an empty body (%s) = %s, want an error that a body is required", name, outcome(err))
		}
	}
}

func TestBodyThatWasReadBefore(t *testing.T) {
	r := post(request("{<OK>}"))
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		t.Fatal(err)
	}
	if _, err := validate.Decode[user](nil, nil, r); outcome(err) != "internal" || !strings.Contains(err.Error(), "read before") {
		t.Errorf("a consumed body = %v, want an internal error that says so", err)
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
		t.Errorf("a closed body = %v, want an internal error that says so", err)
	}
}

// Content-Length may be wrong if a middleware has replaced the body.
func TestBodyLongerThanItsLength(t *testing.T) {
	v, err := validate.New(validate.Config{MaxBody: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	r := post(request("{<OK>}"))
	r.ContentLength = 5
	if in, err := validate.Decode[user](v, nil, r); err != nil || in.Email == "" {
		t.Errorf("Decode of a body that is longer than its Content-Length = %+v, %s, want it read to its end", in, outcome(err))
	}
	rest := strings.NewReader(request("{<OK>}") + times(1<<20, " "))
	r = post("")
	r.Body, r.ContentLength = io.NopCloser(rest), 5
	if _, err := validate.Decode[user](v, nil, r); !errors.Is(err, problem.PayloadTooLarge) {
		t.Errorf("Decode of a body that is also longer than the limit = %s, want too large", outcome(err))
	}
	if read := rest.Size() - int64(rest.Len()); read > 1<<10+1 {
		t.Errorf("Decode reads %d bytes of a body that is too long, want at most one more than the limit", read)
	}
}

func TestTighterOuterLimit(t *testing.T) {
	r := post(request("{<OK>}"))
	r.Body = http.MaxBytesReader(nil, r.Body, 10)
	if _, err := validate.Decode[user](nil, nil, r); !errors.Is(err, problem.PayloadTooLarge) {
		t.Errorf("a body above an outer limit = %s, want too large", outcome(err))
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
		t.Errorf("a client that went away = %v, want the error of the context", err)
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// server starts a server that decodes users, behind a foreign writer.
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

// wrapped is a foreign writer whose only optional method is Unwrap.
type wrapped struct{ w http.ResponseWriter }

func (w wrapped) Header() http.Header         { return w.w.Header() }
func (w wrapped) Write(p []byte) (int, error) { return w.w.Write(p) }
func (w wrapped) WriteHeader(status int)      { w.w.WriteHeader(status) }
func (w wrapped) Unwrap() http.ResponseWriter { return w.w }

// exchange sends bytes, and returns the statuses up to the first that is not informational, and
// the last answer.
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
		name   string
		cfg    validate.Config
		send   string
		status string
		closed bool
	}{
		{"as long as allowed", exact, length(body), "[200]", false},
		{"as long as allowed, chunked", exact, chunked(body), "[200]", false},
		{"one byte more", exact, length(body + " "), "[413]", false},
		{"one byte more, chunked", exact, chunked(body + " "), "[413]", true},
		{"continue", exact, head + fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n%s", len(body), body), "[100 200]", false},
		{"continue of a wrong type", exact, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n", "[415]", true},
		{"continue of too much", exact, head + "Expect: 100-continue\r\nContent-Length: 99999\r\n\r\n", "[413]", true},
		{"bad chunk", exact, head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "[400]", true},
		{"slow", validate.Config{ReadTimeout: 50 * time.Millisecond}, head + "Content-Length: 99\r\n\r\n{", "[408]", true},
		{"malformed, chunked", exact, chunked("{"), "[400]", false},
		{"empty chunked", exact, head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "[400]", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, last := exchange(t, server(t, tt.cfg), tt.send)
			if fmt.Sprint(status) != tt.status {
				t.Errorf("the answers = %v, want %s", status, tt.status)
			}
			if tt.closed != last.Close {
				t.Errorf("Connection: close is %v, want %v", last.Close, tt.closed)
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
		// If the read deadline were still set, it would cancel the request.
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
		t.Errorf("after the body was read the context has the error %v, want none", err)
	}
}
