package client_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/client"
	"github.com/backstop-go/backstop/problem/scaivault"
)

// respond returns what a service of a style answers when its handler returns an
// error.
func respond(s problem.Style, err error) *http.Response {
	w := httptest.NewRecorder()
	w.Header().Set("X-Request-Id", "req_there")
	problem.New(problem.Config{Style: s, OnError: nil, Logger: silent}).Respond(w, httptest.NewRequest("GET", "/x", nil), err)
	return w.Result()
}

// decoded returns the typed error of an answer.
func decoded(t testing.TB, resp *http.Response, styles ...problem.Style) *problem.Error {
	t.Helper()
	err := client.Decode(resp, styles...)
	e, ok := err.(*problem.Error)
	if !ok || !e.Remote() {
		t.Fatalf("Decode of a %d = %T %v, want a remote *problem.Error", resp.StatusCode, err, err)
	}
	return e
}

func TestSuccessIsNoError(t *testing.T) {
	for _, status := range []int{101, 200, 201, 204, 301, 304, 399} {
		resp := answer(status, "")
		resp.Body = unreadable{t}
		if err := client.Decode(resp); err != nil {
			t.Errorf("Decode of a %d = %v, want nil", status, err)
		}
	}
}

type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body of a success was read")
	return 0, io.EOF
}
func (u unreadable) Close() error { u.t.Error("a body was closed"); return nil }

// endless is a body without an end.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}
func (e *endless) Close() error { return nil }

func TestAnEndlessBodyEnds(t *testing.T) {
	body := &endless{}
	resp := answer(500, "")
	resp.Body = body
	if e := decoded(t, resp); !errors.Is(e, problem.Internal) || e.Message() != "" {
		t.Errorf("an endless body is read as %v", e)
	}
	if body.read > 1<<20+1 {
		t.Errorf("%d bytes were read, want at most 1 MiB", body.read)
	}
	if n, err := io.CopyN(io.Discard, resp.Body, 3<<20); n != 3<<20 || err != nil {
		t.Errorf("after Decode %d bytes can be read, %v, want 3 MiB", n, err)
	}
}

// After Decode the whole body can be read, and ends with the same error.
func TestDecodePutsBack(t *testing.T) {
	envelope := `{"type":"about:blank","title":"Not Found","status":404,"detail":"No such thing","code":"not_found"}`
	page := func(n int) string { return strings.Repeat("<p>", n/3+1)[:n] }
	for name, body := range map[string]string{
		"empty": "", "an envelope": envelope, "HTML": "<html>502</html>", "NUL": "\x00", "1 MiB - 1": page(1<<20 - 1),
		"1 MiB": page(1 << 20), "1 MiB + 1": page(1<<20 + 1), "3 MiB": page(3 << 20),
	} {
		for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, errPlanted} {
			resp := answer(404, "", "Content-Type", "application/problem+json")
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(body), failing{end}))
			first, second := client.Decode(resp), client.Decode(resp)
			if fmt.Sprint(first) != fmt.Sprint(second) {
				t.Errorf("body %s that ends with %v: Decode = %v, and the second time %v", name, end, first, second)
			}
			data, err := io.ReadAll(resp.Body)
			if end == io.EOF {
				end = nil
			}
			if string(data) != body || !errors.Is(err, end) {
				t.Errorf("body %s: after Decode it has %d bytes and ends with %v, want %d and %v", name, len(data), err, len(body), end)
			}
			if _, again := resp.Body.Read(make([]byte, 1)); end != nil && !errors.Is(again, end) {
				t.Errorf("body %s: at its end a second Read returns %v, want %v again", name, again, end)
			}
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// closeCounter counts how often a body is closed.
type closeCounter struct {
	io.Reader
	closed int
}

func (c *closeCounter) Close() error { c.closed++; return nil }

func TestDecodeLeavesClosingToTheCaller(t *testing.T) {
	body := &closeCounter{Reader: strings.NewReader("x")}
	resp := answer(500, "")
	resp.Body = body
	client.Decode(resp)
	if body.closed != 0 {
		t.Error("Decode closed the body")
	}
	if resp.Body.Close(); body.closed != 1 {
		t.Error("Close does not reach the body")
	}
}

// If the body is not an envelope of the style, the error has the kind of the status, and
// the ID and the delay of the header. It repeats nothing from the body.
func TestHostileAnswers(t *testing.T) {
	const envelope = `{"type":"about:blank","title":"Bad Gateway","status":502,"detail":"planted","code":"planted"}`
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	io.WriteString(z, envelope)
	z.Close()
	for name, body := range map[string]string{
		"empty":            "",
		"HTML":             "<html>planted</html>",
		"text":             "planted",
		"gzip":             zipped.String(),
		"truncated JSON":   envelope[:len(envelope)-1],
		"cut":              envelope,
		"another vendor's": `{"error":"planted","error_description":"planted"}`,
		"two values":       envelope + envelope,
		"NUL":              strings.Replace(envelope, "planted", "planted\x00", 1),
		"NULs":             strings.Repeat("\x00", 1<<16),
		"broken UTF-8":     strings.Replace(envelope, "planted", "planted\xff", 1),
		"UTF-16":           "\xff\xfe{\x00}\x00",
		"a list":           "[" + envelope + "]",
		"deep":             strings.Repeat("[", 1<<19),
		"deep objects":     strings.Repeat(`{"a":`, 1<<17),
		"null":             "null",
	} {
		for status, want := range map[int]problem.Kind{
			400: problem.InvalidRequest, 401: problem.Unauthenticated, 404: problem.NotFound, 418: problem.InvalidRequest,
			429: problem.RateLimited, 499: problem.InvalidRequest, 500: problem.Internal, 502: problem.UpstreamFailed,
			503: problem.Unavailable, 504: problem.Timeout, 599: problem.Internal, 999: problem.Internal,
		} {
			resp := answer(status, body, "X-Request-Id", "req_h", "Retry-After", "7", "Content-Type", "text/html")
			if name == "cut" {
				resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(body), failing{io.ErrUnexpectedEOF}))
			}
			e := decoded(t, resp, problem.RFC9457)
			if name == "another vendor's" {
				e = decoded(t, resp, problem.RFC9457, scaivault.Style)
			}
			if e.Kind() != want || e.RequestID() != "req_h" || e.RetryAfter() != 7*time.Second {
				t.Errorf("%s with %d = %v, ID %q, delay %v; want %v, req_h, 7s", name, status, e.Kind(), e.RequestID(), e.RetryAfter(), want)
			}
			if code, _ := e.Code(); code.Status != status {
				t.Errorf("%s with %d has the status %d", name, status, code.Status)
			}
			if strings.Contains(e.Error(), "planted") || e.Message() != "" {
				t.Errorf("%s with %d repeats the body: %v", name, status, e)
			}
		}
	}
}

// Among all styles, in any order, a body is decoded by the style that has written it.
func TestStylesTellEachOtherApart(t *testing.T) {
	for _, from := range allStyles {
		for shift := range allStyles {
			styles := append(append([]problem.Style{}, allStyles[shift:]...), allStyles[:shift]...)
			// Each style in the list has an outcome that no other has.
			for i := range styles {
				styles[i].Outcomes[problem.Conflict].Retry = problem.Retry(i % 4)
				styles[i].Outcomes[problem.Conflict].Status = 410 + i
				styles[i].Outcomes[problem.Gone].Status = 404
			}
			for i, s := range styles {
				if s.Name != from.Name {
					continue
				}
				e := decoded(t, respond(s, problem.Conflict.New("Told")), styles...)
				code, _ := e.Code()
				if e.Kind() != problem.Conflict || code.Status != 410+i || e.Message() != "Told" {
					t.Errorf("a body of %s, with the list of %d styles rotated by %d, is decoded as %v %+v", s.Name, len(styles), shift, e, code)
				}
			}
		}
	}
}

// If no style can decode the body, the kind is that of the status in the first style.
func TestTheFirstStyleSpeaksForTheStatus(t *testing.T) {
	s := scaivault.Style
	s.Outcomes[problem.Conflict] = problem.Outcome{Status: 418}
	if e := decoded(t, answer(418, "<html>"), s, problem.RFC9457); e.Kind() != problem.Conflict {
		t.Errorf("a 418 in HTML is %v, want conflict as in the first style", e.Kind())
	}
	if e := decoded(t, answer(418, "<html>"), problem.RFC9457, s); e.Kind() != problem.InvalidRequest {
		t.Errorf("a 418 in HTML is %v, want invalid_request as in the first style", e.Kind())
	}
}

func TestNoStyleMeansRFC9457(t *testing.T) {
	e := decoded(t, respond(problem.RFC9457, problem.Gone.New("It was here")))
	if !errors.Is(e, problem.Gone) || e.Message() != "It was here" {
		t.Errorf("Decode(resp) = %v, want gone: It was here", e)
	}
}

// A body of a derived style is decoded by the table of that style.
func TestDerivedStyle(t *testing.T) {
	s := scaivault.Style
	s.Outcomes[problem.Conflict] = problem.Outcome{Status: 412, Code: "stale", Message: "Stale", Retry: problem.Once}
	e := decoded(t, respond(s, problem.Conflict), s)
	if code, _ := e.Code(); e.Kind() != problem.Conflict || code.Name != "stale" || code.Retry != problem.Once {
		t.Errorf("the outcome of a derived style is decoded as %v %+v", e.Kind(), code)
	}
}

// With a style that has no Decode, or one that is wrong, the kind is that of the status.
func TestStyleWithoutDecode(t *testing.T) {
	s := problem.RFC9457
	s.Decode = nil
	if e := decoded(t, respond(problem.RFC9457, problem.NotFound.New("planted")), s); e.Kind() != problem.NotFound || e.Message() != "" || e.RequestID() != "req_there" {
		t.Errorf("a 404 in a style without Decode = %v, ID %q", e, e.RequestID())
	}
	s.Decode = func(*problem.Style, int, http.Header, []byte) (*problem.Error, error) {
		return problem.NotFound.New("local"), nil
	}
	if e := decoded(t, answer(500, "{}"), s); e.Kind() != problem.Internal {
		t.Errorf("a style decodes to an error that is not remote: %v, want it dropped, because our client would be told its text", e)
	}
}

func TestNilResponsePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Decode(nil) returned")
		}
	}()
	client.Decode(nil)
}

// The decoded error has the kind, code, class, fields, details, delay and request ID of the
// error that was sent.
func TestDecodedErrorSaysAll(t *testing.T) {
	failure := authrim.UserLocked.New("Locked").WithDetail("until", 3).WithRetryAfter(9 * time.Second)
	e := decoded(t, respond(authrim.Style, failure), authrim.Style)
	code, ok := e.Code()
	if !ok || !errors.Is(e, authrim.UserLocked) || !errors.Is(e, problem.Forbidden) || code.Status != 403 || code.Retry != authrim.UserLocked.Retry {
		t.Errorf("Code() = %+v, %t, want user_locked", code, ok)
	}
	if e.Message() != "Locked" || e.RequestID() != "req_there" || e.RetryAfter() != 9*time.Second || len(e.Details()) != 1 {
		t.Errorf("decoded %v, ID %q, delay %v, details %v", e, e.RequestID(), e.RetryAfter(), e.Details())
	}
}

func TestHugeHeader(t *testing.T) {
	long := strings.Repeat("x", 10<<20)
	e := decoded(t, answer(500, "", "X-Request-Id", long, "Retry-After", strings.Repeat("9", 10<<20)))
	if len(e.RequestID()) > 128 || e.RetryAfter() != 0 {
		t.Errorf("a header of 20 MB is read as an ID of %d bytes and %v", len(e.RequestID()), e.RetryAfter())
	}
}

// Decode makes of any answer a remote error with a valid kind and a text of at most 4 KiB,
// and leaves the body as it was.
func FuzzDecode(f *testing.F) {
	for _, s := range allStyles {
		resp := respond(s, problem.Validation.New("No").WithFields(problem.FieldError{Path: problem.Path{"a", 1}, Message: "is bad"}))
		body, _ := io.ReadAll(resp.Body)
		f.Add(resp.StatusCode, resp.Header.Get("Content-Type"), "5", "Sat, 01 Jan 2000 00:00:00 GMT", body)
	}
	f.Add(429, "", "Sat, 01 Jan 2000 00:00:00 GMT", "x", []byte(`{"error":{"code":"rate_limited","details":{"fields":{"a":"b"}}}}`))
	f.Add(499, "application/problem+json", "-1", "", []byte(`{"code":"client_closed"}`))
	f.Add(200, "", "", "", []byte("\x00\xff"))
	f.Fuzz(func(t *testing.T, status int, contentType, retryAfter, date string, body []byte) {
		for _, styles := range [][]problem.Style{nil, allStyles, allStyles[:1], allStyles[3:4], allStyles[4:5]} {
			resp := answer(status, string(body), "Content-Type", contentType, "Retry-After", retryAfter, "Date", date)
			err := client.Decode(resp, styles...)
			if status < 400 {
				if err != nil {
					t.Fatalf("Decode of a %d = %v", status, err)
				}
				continue
			}
			e := err.(*problem.Error)
			if !e.Remote() || e.Kind() >= problem.ClientClosed || len(e.Message()) > 4<<10 || e.RetryAfter() < 0 || len(e.RequestID()) > 128 {
				t.Errorf("Decode(%d, %q) = %v (kind %d, text of %d bytes, delay %v)", status, body, e, e.Kind(), len(e.Message()), e.RetryAfter())
			}
			if data, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(data, body) {
				t.Errorf("after Decode the body is %q, %v, want %q", data, err, body)
			}
		}
	})
}
