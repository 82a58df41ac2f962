package middleware_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

const timeoutPage = "<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>"

func TestRewriteReplacesErrorsThatAreNotInAFormat(t *testing.T) {
	text := func(contentType, nosniff, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if contentType != "" {
				w.Header().Set("Content-Type", contentType)
			}
			if nosniff != "" {
				w.Header().Set("X-Content-Type-Options", nosniff)
			}
			w.WriteHeader(400)
			io.WriteString(w, body)
		}
	}
	pieces := func(contentType string, body ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if contentType != "" {
				w.Header().Set("Content-Type", contentType)
			}
			w.WriteHeader(400)
			for _, piece := range body {
				io.WriteString(w, piece)
			}
		}
	}
	flushed := func(contentType, before, after string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if contentType != "" {
				w.Header().Set("Content-Type", contentType)
			}
			w.WriteHeader(400)
			io.WriteString(w, before)
			w.(http.Flusher).Flush()
			io.WriteString(w, after)
		}
	}
	late := func(contentType string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			w.Header().Set("Content-Type", contentType)
			io.WriteString(w, "no")
		}
	}
	const plain = "text/plain; charset=utf-8"
	for _, tt := range []struct {
		name     string
		h        http.HandlerFunc
		replaced bool
	}{
		{"http.Error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadRequest) }, true},
		{"plain text", text(plain, "", "no"), true},
		{"plain text with nosniff", text(plain, "nosniff", "no"), true},
		{"another parameter with the value utf-8", text("text/plain; version=utf-8", "", "no"), false},
		{"a parameter that cannot be read", text("text/plain; charset", "", "no"), false},
		{"without a parameter, as gin sends it", text("text/plain", "", "no luck"), true},
		{"in capital letters", text("Text/Plain; Charset=\"UTF-8\"", "", "no luck"), true},
		{"and no body", text("text/plain", "", ""), true},
		{"with another parameter", text("text/plain; version=0.0.4", "", "no 1"), false},
		{"with another charset", text("text/plain; charset=iso-8859-1", "", "no"), false},
		{"with a second parameter", text(plain+"; format=flowed", "", "no"), false},
		{"another type", text("text/markdown", "nosniff", "no"), false},
		{"a type that cannot be read", text("plain", "", "no"), false},
		{"an empty type", text(" ", "", "no luck"), true},
		{"no type and no body", text("", "", ""), true},
		{"no type and a text", text("", "", "no luck"), true},
		{"no type and bytes", text("", "", "\x00\x01\x02"), true},
		{"no type and an object", text("", "", `{"x":1}`), false},
		{"no type and an object after space", text("", "", " \n\t{}"), false},
		{"no type and an array", text("", "", `[1]`), false},
		{"an object of the type text/plain", text(plain, "nosniff", `{"error":"nope"}`+"\n"), false},
		{"an object in pieces", pieces(plain, "{", `"x"`, ":1", "}"), false},
		{"an object after a space, in pieces", pieces(plain, "\n", "{}"), false},
		{"an object after 512 spaces", text(plain, "", strings.Repeat(" ", 512)+"{}"), true},
		{"two objects", text(plain, "", "{} {}"), true},
		{"two objects in pieces", pieces(plain, "{}", " {}"), true},
		{"half an object", text("", "", `{"x":`), true},
		{"a text in brackets", text(plain, "", "[pq] password authentication failed"), true},
		{"a text in braces", text("", "", "{host db7}"), true},
		{"a text in quotes", text("", "", `"root": no such user`), true},
		{"no type and a string", text("", "", `"x"`), true},
		{"no type and a bare true", text("", "", `true`), true},
		{"64 KiB that are no object", text("", "", "{"+strings.Repeat("x", 64<<10-1)), true},
		{"more than 64 KiB that may be an object", text("", "", `{"x":"`+strings.Repeat("x", 64<<10)), false},
		{"no type and HTML", text("", "", "<html><body>no</body></html>"), false},
		{"no type and HTML in pieces", pieces("", "\n", "<!doc", "type html>"), false},
		{"HTML of the type text/plain", text(plain, "", "<html><body>no</body></html>"), true},
		{"no type and an image", text("", "", "\x89PNG\r\n\x1a\n"), false},
		{"no type and an image in pieces", pieces("", "\x89PN", "G\r\n\x1a\n"), false},
		{"the page of TimeoutHandler", text("", "", timeoutPage), true},
		{"JSON", text("application/json", "nosniff", "{}"), false},
		{"JSON without a body", text("application/json", "", ""), false},
		{"HTML", text("text/html", "nosniff", "<p>"), false},
		{"two types", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{"text/plain", "text/html"}
			w.WriteHeader(400)
		}, false},
		{"a type that comes too late", late("application/json"), true},
		{"a text that is flushed", flushed(plain, "no", "more"), true},
		{"half an object that is flushed", flushed("", "{", "}"), true},
		{"an object that is flushed", flushed("", "{}", "\n"), false},
		{"HTML that is flushed", flushed("", "<html>", "more"), false},
		{"an encoded body without a type", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			w.WriteHeader(400)
			io.WriteString(w, "encoded")
		}, false},
		{"an encoded body without a type, with nosniff", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.WriteHeader(400)
			io.WriteString(w, "no")
		}, false},
		{"a text that cannot be decoded", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", plain)
			w.WriteHeader(400)
			io.WriteString(w, "no")
		}, true},
		{"an encoding without a body", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip") // set by a compressor before the first write
			w.WriteHeader(400)
		}, true},
		{"http.Error through a compressor", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			http.Error(w, "no", http.StatusBadRequest)
		}, true},
		{"a success", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); io.WriteString(w, "fine") }, false},
		{"a type that is nil", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			w.WriteHeader(400)
			io.WriteString(w, "no luck")
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bare, got := serve(tt.h, "GET"), serve(middleware.Standard(quiet(func(*problem.Event) {}))(tt.h), "GET")
			if got.Code != bare.Code {
				t.Errorf("the status is %d, want it to stay %d", got.Code, bare.Code)
			}
			if replaced := got.Header().Get("Content-Type") == "application/problem+json"; replaced != tt.replaced {
				t.Errorf("replaced = %t (%q), want %t", replaced, got.Body, tt.replaced)
			}
			if !tt.replaced && got.Body.String() != bare.Body.String() {
				t.Errorf("the body is %q, want %q", got.Body, bare.Body)
			}
			if tt.replaced && strings.Count(got.Body.String(), `"status":`) != 1 || !strings.HasSuffix(got.Body.String(), bare.Body.String()) && !tt.replaced {
				t.Errorf("the body is %q, want one envelope", got.Body)
			}
		})
	}
}

// drain is a writer that drops everything.
type drain struct{ header http.Header }

func (d drain) Header() http.Header         { return d.header }
func (d drain) Write(p []byte) (int, error) { return len(p), nil }
func (d drain) WriteHeader(int)             {}

// Rewrite does not keep a large error, such as a download, in memory: it keeps only as much as
// it needs to decide.
func TestErrorIsHeldNoLongerThanItTakesToJudge(t *testing.T) {
	const size = 4 << 20
	for name, c := range map[string]struct{ contentType, encoding, begin, rest string }{
		"plain text":             {"text/plain", "", "no", "x"},
		"blanks":                 {"text/plain", "", " ", " "},
		"blanks without a type":  {"", "", " ", " "},
		"a text without a type":  {"", "", "no", "x"},
		"the begin of an object": {"text/plain", "", "{", "x"},
		"HTML without a type":    {"", "", "<html>", "x"},
		"an image without one":   {"", "", "\x89PNG\r\n\x1a\n", "\x00"},
		"a type that was chosen": {"text/html", "", "<html>", "x"},
		"an encoded text":        {"text/plain", "gzip", "\x1f\x8b", "x"},
	} {
		h := middleware.Chain(silent().Handler, middleware.Rewrite())(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.contentType)
			if c.encoding != "" {
				w.Header().Set("Content-Encoding", c.encoding)
			}
			w.WriteHeader(400)
			io.WriteString(w, c.begin)
			piece := []byte(strings.Repeat(c.rest, 1<<10))
			for range size / len(piece) {
				w.Write(piece)
			}
		}))
		n := allocated(func() { h.ServeHTTP(drain{http.Header{}}, httptest.NewRequest("GET", "/", nil)) })
		if n > size/4 {
			t.Errorf("for an error of 4 MiB, %s, %d bytes are allocated, want at most 1 MiB", name, n)
		}
	}
}

func TestRewriteKeepsTheStatusAndNamesItsKind(t *testing.T) {
	want := map[int]problem.Kind{
		401: problem.Unauthenticated, 403: problem.Forbidden, 404: problem.NotFound, 405: problem.MethodNotAllowed,
		406: problem.NotAcceptable, 408: problem.RequestTimeout, 409: problem.Conflict, 410: problem.Gone,
		413: problem.PayloadTooLarge, 415: problem.UnsupportedMediaType, 422: problem.Validation, 429: problem.RateLimited,
		502: problem.UpstreamFailed, 503: problem.Unavailable, 504: problem.Timeout,
	}
	for status := 400; status < 600; status++ {
		var got problem.Kind
		var text string
		errs := quiet(func(e *problem.Event) { got, text = e.Error.Kind(), e.Error.Message() })
		w := serve(middleware.Standard(errs)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no", status)
		})), "GET")
		kind, known := want[status]
		if !known && status < 500 {
			kind = problem.InvalidRequest
		}
		if w.Code != status || got != kind {
			t.Errorf("a plain %d leaves as %d of the kind %v, want the status and %v", status, w.Code, got, kind)
		}
		if phrase := problem.StatusText(status); (kind == problem.InvalidRequest) != (text == phrase) {
			t.Errorf("a plain %d has the text %q, want %q only for an invalid request", status, text, phrase)
		}
	}
}

func TestRewriteMakesA500OfAStatusThatIsNone(t *testing.T) {
	for _, status := range []int{600, 999} {
		w := serve(middleware.Standard(quiet(func(*problem.Event) {}))(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "secret", status)
		})), "GET")
		if w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("a plain %d leaves as %d %q, want the envelope of a 500", status, w.Code, w.Body)
		}
	}
}

func TestRewriteKeepsHeadersAndLogsTheText(t *testing.T) {
	var out strings.Builder
	errs := problem.New(problem.Config{Logger: slog.New(slog.NewJSONHandler(&out, nil))})
	w := serve(middleware.Standard(errs)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.Header().Set("Link", "<x>")
		http.Error(w, strings.Repeat("secret ", 1000), http.StatusServiceUnavailable)
	})), "GET")
	if w.Header().Get("Retry-After") != "7" || w.Header().Get("Link") != "<x>" || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("the answer is %v %q, want the headers kept and the text gone", w.Header(), w.Body)
	}
	var rec struct{ Swallowed, Cause string }
	if err := json.Unmarshal([]byte(out.String()), &rec); err != nil || len(rec.Swallowed) != 1<<10 || !strings.Contains(rec.Cause, "in plain text") {
		t.Errorf("the log has %d bytes of the text because of %q (%v), want the first KiB of plain text", len(rec.Swallowed), rec.Cause, err)
	}
	out.Reset()
	serve(middleware.Standard(errs)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) })), "GET")
	if !strings.Contains(out.String(), "without a body") {
		t.Errorf("the log says %s, want that there was no body", &out)
	}
}

func TestReturnedErrorTakesOverFromAPlainOne(t *testing.T) {
	h := problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		http.Error(w, "no", http.StatusNotFound)
		return problem.Conflict
	})
	w := serve(middleware.Standard(quiet(func(*problem.Event) {}))(h), "GET")
	if w.Code != 409 || strings.Count(w.Body.String(), `"status":`) != 1 {
		t.Errorf("the answer is %d %q, want one 409", w.Code, w.Body)
	}
}

func TestTimeoutHandlerSpeaksTheEnvelope(t *testing.T) {
	slow := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	h := middleware.Standard(quiet(func(*problem.Event) {}))(http.TimeoutHandler(slow, time.Millisecond, ""))
	if w := serve(h, "GET"); w.Code != 503 || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("the answer is %d %v, want the envelope of a 503", w.Code, w.Header())
	}
}

func TestObserveSeesWhatARewriteMadeOfIt(t *testing.T) {
	var got *middleware.Summary
	observe := middleware.Observe(func(_ *http.Request, s *middleware.Summary) { got = s })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /x/{id}", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusTeapot) })
	h := middleware.Chain(observe, middleware.Standard(quiet(func(*problem.Event) {})))(mux)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/x/secret?token=secret", nil))
	if got.Status != 418 || got.Kind != problem.InvalidRequest || !got.Failed || got.Pattern != "GET /x/{id}" ||
		got.Bytes != int64(w.Body.Len()) || got.ID != w.Header().Get("X-Request-Id") || got.Aborted || got.Hijacked {
		t.Errorf("the summary is %+v, want a failed 418 of its pattern, with ID and size", got)
	}
}

// compressing is a compressor inside Rewrite. It compresses if the request has an
// Accept-Encoding.
func compressing(encoding string, open func(io.Writer) io.WriteCloser) mw {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept-Encoding") == "" {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Encoding", encoding)
			z := open(w)
			next.ServeHTTP(compressed{w, z}, r)
			z.Close()
		})
	}
}

type compressed struct {
	http.ResponseWriter
	z io.Writer
}

func (c compressed) Write(p []byte) (int, error) { return c.z.Write(p) }

// An error is replaced or not, whether it was compressed or not.
func TestRewriteReadsWhatACompressorHasEncoded(t *testing.T) {
	for name, compress := range map[string]mw{
		"gzip":      compressing("gzip", func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }),
		"zlib":      compressing("deflate", func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }),
		"raw flate": compressing("deflate", func(w io.Writer) io.WriteCloser { z, _ := flate.NewWriter(w, 1); return z }),
	} {
		for _, c := range []struct {
			name, contentType string
			body              []string
			replaced          bool
		}{
			{"plain text", "text/plain", []string{"secret"}, true},
			{"much plain text", "text/plain; charset=utf-8", []string{strings.Repeat("secret ", 20_000)}, true},
			{"a text without a type", "", []string{"secret"}, true},
			{"a text in pieces", "", []string{"sec", strings.Repeat("ret ", 20_000)}, true},
			{"no body", "", nil, true},
			{"no body, but a type", "text/plain", nil, true},
			{"an object of the type text/plain", "text/plain", []string{`{"error":"nope"}` + "\n"}, false},
			{"an object in pieces", "", []string{`{"error":"no`, `pe"}`}, false},
			{"much JSON", "", []string{`{"error":"` + strings.Repeat("nope ", 30_000), `"}`}, false},
			{"half an object", "", []string{`{"error":"secret`}, true},
			{"HTML without a type", "", []string{"<!doctype html>", "no"}, false},
			{"another type", "application/json", []string{"{}"}, false},
		} {
			h := compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if c.contentType != "" {
					w.Header().Set("Content-Type", c.contentType)
				}
				w.WriteHeader(400)
				for _, piece := range c.body {
					io.WriteString(w, piece)
				}
			}))
			ask := func(h http.Handler) *httptest.ResponseRecorder {
				w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
				r.Header.Set("Accept-Encoding", "any")
				h.ServeHTTP(w, r)
				return w
			}
			bare, got := ask(h), ask(middleware.Standard(quiet(func(*problem.Event) {}))(h))
			if replaced := got.Header().Get("Content-Type") == "application/problem+json"; replaced != c.replaced {
				t.Errorf("%s through %s: replaced = %t, want %t", c.name, name, replaced, c.replaced)
			}
			if c.replaced && got.Header().Get("Content-Encoding") != "" {
				t.Errorf("%s through %s: the envelope has a Content-Encoding", c.name, name)
			}
			if !c.replaced && !bytes.Equal(got.Body.Bytes(), bare.Body.Bytes()) {
				t.Errorf("%s through %s: the body differs from the one without Standard", c.name, name)
			}
		}
	}
}
