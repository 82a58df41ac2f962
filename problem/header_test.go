package problem_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/enpass"
)

// after runs a handler that sets header fields and then returns an error.
func after(cfg problem.Config, err error, fields map[string]string) *httptest.ResponseRecorder {
	return serve(cfg, httptest.NewRequest(http.MethodGet, "/", nil), problem.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) error {
			for name, value := range fields {
				w.Header()[name] = []string{value}
			}
			return err
		}))
}

func TestStaleHeadersAreDeleted(t *testing.T) {
	const planted = "planted"
	for name := range strings.FieldsSeq(`Content-Length Content-Type Content-Disposition Content-Language
		Content-Location Content-MD5 Content-Digest Content-Range Repr-Digest Digest Transfer-Encoding
		Trailer Trailer:X-Checksum ETag Last-Modified Cache-Control Expires Age Accept-Ranges Location
		Refresh Content-Encoding content-length etag
		CDN-Cache-Control Cloudflare-CDN-Cache-Control Vercel-CDN-Cache-Control X-LiteSpeed-Cache-Control Any-Cache-Control
		Surrogate-Control Edge-Control Pragma X-Accel-Expires
		X-Accel-Redirect X-Accel-Buffering X-Sendfile X-Sendfile2 X-Sendfile-Type X-Lighttpd-Send-File X-LiteSpeed-Location
		X-Reproxy-URL X-Reproxy-File
		Signature Signature-Input Unencoded-Digest Content-Script-Type Content-DPR Use-As-Dictionary SourceMap X-SourceMap Memento-Datetime Delta-Base IM
		Upgrade Sec-WebSocket-Accept Sec-WebSocket-Protocol`) {
		for _, key := range []string{name, http.CanonicalHeaderKey(name)} {
			w := after(problem.Config{}, problem.NotFound, map[string]string{key: planted})
			for got, values := range w.Header() {
				if strings.Contains(strings.Join(values, ""), planted) {
					t.Errorf("%s of the answer that was not given survives as %s", key, got)
				}
			}
		}
	}
}

func TestAnAnswerHasOneType(t *testing.T) {
	s := server(t, problem.New(problem.Config{Logger: silent}).Handler(problem.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) error {
			w.Header()["Content-Type"] = []string{"text/html", "text/csv"}
			w.Header()["content-type"] = []string{"text/xml"}
			return problem.NotFound
		})), false)
	resp, _, err := fetch(t, s, http.MethodGet)
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header["Content-Type"]; len(got) != 1 || got[0] != problem.RFC9457.ContentType {
		t.Errorf("after a handler that has set three types, the envelope has the Content-Type lines %q, want only its own", got)
	}
}

func TestOtherHeadersStay(t *testing.T) {
	for name := range strings.FieldsSeq(`Allow Retry-After Www-Authenticate Vary Link Connection Set-Cookie
		Access-Control-Allow-Origin Access-Control-Expose-Headers Strict-Transport-Security Clear-Site-Data Accept-Patch
		Cache-Tag Surrogate-Key Edge-Cache-Tag Server-Timing X-Frame-Options X-Robots-Tag
		Content-Security-Policy Content-Security-Policy-Report-Only X-Ratelimit-Limit Ratelimit-Reset X-Request-Id Server Date`) {
		w := after(problem.Config{}, problem.MethodNotAllowed, map[string]string{name: "planted"})
		if got := w.Header()[name]; len(got) != 1 || got[0] != "planted" {
			t.Errorf("%s = %q, want it kept as it was", name, got)
		}
	}
	rangeless := problem.Code{Name: "range", Kind: problem.InvalidRequest, Status: http.StatusRequestedRangeNotSatisfiable}
	w := after(problem.Config{}, rangeless, map[string]string{"Content-Range": "bytes */47"})
	if got := w.Header().Get("Content-Range"); got != "bytes */47" {
		t.Errorf("Content-Range of a 416 = %q, want it kept", got)
	}
}

func TestOneHeaderDoesNotOverwriteAnother(t *testing.T) {
	w := httptest.NewRecorder()
	p := problem.New(problem.Config{Logger: silent})
	p.Respond(w, httptest.NewRequest(http.MethodGet, "/", nil), problem.Unauthenticated.New("").WithRetryAfter(time.Second))
	want := dump(w.Header())
	for name := range w.Header() {
		w.Header().Add(name, "added")
		if got := w.Header()[name]; len(got) != 2 {
			t.Errorf("%s = %q after Add, want two values", name, got)
		}
		w.Header()[name] = w.Header()[name][:1]
	}
	if got := dump(w.Header()); got != want {
		t.Errorf("after values were added and taken away the header is\n%swant\n%s", got, want)
	}
}

func TestAllow(t *testing.T) {
	w := respond(problem.Config{}, problem.MethodNotAllowed)
	if got, ok := w.Header()["Allow"]; !ok || len(got) != 1 || got[0] != "" {
		t.Errorf("Allow of a 405 without one = %q, want an empty one", got)
	}
	if _, ok := respond(problem.Config{}, problem.NotFound).Header()["Allow"]; ok {
		t.Error("a 404 has an Allow")
	}
	odd := problem.Code{Name: "odd", Kind: problem.InsufficientScope, Status: http.StatusMethodNotAllowed}
	h := respond(problem.Config{}, odd).Header()
	if h.Get("Allow") != "" || h.Get("Www-Authenticate") != `Bearer error="insufficient_scope"` {
		t.Errorf("a 405 for its scope has Allow %q and WWW-Authenticate %q, want both", h.Get("Allow"), h.Get("Www-Authenticate"))
	}
}

func TestAllowIsOneSortedLine(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  string
	}{
		{[]string{"POST", "GET"}, "GET, POST"},
		{[]string{"POST, GET", "GET"}, "GET, POST"},
		{[]string{"HEAD,GET ,, POST"}, "GET, HEAD, POST"},
		{[]string{"GET, HEAD"}, "GET, HEAD"},
		{[]string{""}, ""},
	} {
		w := httptest.NewRecorder()
		w.Header()["Allow"] = c.lines
		problem.New(problem.Config{Logger: silent}).Respond(w, httptest.NewRequest(http.MethodPut, "/", nil), problem.MethodNotAllowed)
		if got := w.Header()["Allow"]; len(got) != 1 || got[0] != c.want {
			t.Errorf("Allow of the lines %q = %q, want %q", c.lines, got, c.want)
		}
	}
}

// A trailer that the handler has announced is not sent with the envelope.
func TestTrailersOfAnotherAnswerAreDropped(t *testing.T) {
	w := after(problem.Config{}, problem.NotFound, map[string]string{"Trailer": "X-Sum, X-Count", "X-Sum": "1", "X-Count": "2", "X-Other": "3"})
	if h := w.Header(); h["Trailer"] != nil || h["X-Sum"] != nil || h["X-Count"] != nil || h.Get("X-Other") != "3" {
		t.Errorf("the header is %v, want neither the announcement nor what it names", h)
	}
}

// After a body that is too long the connection must be closed. net/http does that by itself,
// except behind a foreign writer.
func TestBodyThatIsTooLongClosesTheConnection(t *testing.T) {
	for proto, want := range map[int]string{1: "close", 2: ""} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("too long"))
		r.ProtoMajor = proto
		w := serve(problem.Config{}, r, problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			_, err := io.ReadAll(http.MaxBytesReader(struct{ http.ResponseWriter }{w}, r.Body, 3))
			return err
		}))
		if got := w.Header().Get("Connection"); w.Code != 413 || got != want {
			t.Errorf("HTTP/%d: the answer is %d with Connection %q, want 413 with %q", proto, w.Code, got, want)
		}
	}
	for _, err := range []error{problem.PayloadTooLarge, problem.PayloadTooLarge.Wrap(io.ErrShortBuffer, "")} {
		if h := respond(problem.Config{}, err).Header(); h["Connection"] != nil {
			t.Errorf("a 413 for another reason, %v, closes the connection: %v", err, h)
		}
	}
}

func TestContentLengthIsThatOfTheBody(t *testing.T) {
	for _, n := range []int{0, 1, 9, 10, 99, 100, 101, 998, 999, 1000, 1001, 9999, 10_000} {
		s := plainStyle(func(dst []byte, _ *problem.View) ([]byte, error) { return append(dst, make([]byte, n)...), nil })
		if got := respond(problem.Config{Style: s}, problem.NotFound).Header().Get("Content-Length"); got != strconv.Itoa(n) {
			t.Errorf("Content-Length of a body of %d bytes = %q", n, got)
		}
	}
}

// A map allocates again for its ninth element. So Content-Length is left out if it would be
// the ninth field, and net/http adds it to a short body by itself.
func TestHeaderHasEightFieldsAtMost(t *testing.T) {
	many := map[string]string{"X-Request-Id": "1", "X-Ratelimit-Limit": "1", "X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "1"}
	slow := problem.RateLimited.New("").WithRetryAfter(time.Second)
	for _, c := range []struct {
		rule   string
		method string
		err    error
		fields map[string]string
		want   bool // Content-Length is set
	}{
		{"a full header", http.MethodGet, slow, many, false},
		{"room for one more", http.MethodGet, problem.RateLimited, many, true},
		{"a HEAD", http.MethodHead, slow, many, true},
		{"a 5xx", http.MethodGet, problem.Internal.New("").WithRetryAfter(time.Second), many, true},
		{"a long body", http.MethodGet, problem.RateLimited.New(strings.Repeat("x", 2<<10)).WithRetryAfter(time.Second), many, true},
	} {
		w := serve(problem.Config{}, httptest.NewRequest(c.method, "/", nil), problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
			for name, value := range c.fields {
				w.Header().Set(name, value)
			}
			return c.err
		}))
		if got := w.Header()["Content-Length"] != nil; got != c.want {
			t.Errorf("%s: Content-Length is set: %t, want %t in %v", c.rule, got, c.want, w.Header())
		}
		if n := len(w.Header()); !c.want && n > 8 {
			t.Errorf("%s: the header has %d fields, want at most 8", c.rule, n)
		}
	}
}

// If Content-Length is left out, net/http sends it.
func TestLengthThatIsLeftToTheServerIsSent(t *testing.T) {
	slow := problem.RateLimited.New("").WithRetryAfter(time.Second)
	full := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for name := range strings.FieldsSeq("X-A X-B X-C X-D X-E X-F") {
				w.Header().Set(name, "1")
			}
			next.ServeHTTP(w, r)
		})
	}
	p := problem.New(problem.Config{Logger: silent})
	for name, h := range map[string]http.Handler{
		"direct":                full(p.Handler(returning(slow))),
		"TimeoutHandler":        http.TimeoutHandler(full(p.Handler(returning(slow))), time.Minute, ""),
		"inside TimeoutHandler": full(p.Handler(http.TimeoutHandler(returning(slow), time.Minute, ""))),
	} {
		for _, http2 := range []bool{false, true} {
			s := server(t, h, http2)
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				resp, got, err := fetch(t, s, method)
				if err != nil || resp.ContentLength < 100 || method == http.MethodGet && int64(len(got)) != resp.ContentLength {
					t.Errorf("%s %s, HTTP/2 %t: length %d of %q, %v, want it declared", name, method, http2, resp.ContentLength, got, err)
				}
			}
		}
	}
}

func TestRetryAfterIsOneValue(t *testing.T) {
	for _, c := range []struct {
		rule   string
		err    error
		header string // set by the handler
		want   string
		body   int
	}{
		{"rounded up, at least 1", problem.RateLimited.New("").WithRetryAfter(200 * time.Millisecond), "", "1", 1},
		{"whole seconds stay", problem.RateLimited.New("").WithRetryAfter(2 * time.Second), "", "2", 2},
		{"rounded up", problem.Unavailable.New("").WithRetryAfter(2*time.Second + 1), "", "3", 3},
		{"without a delay there is none", problem.RateLimited, "", "", 0},
		{"a negative delay is none", problem.RateLimited.New("").WithRetryAfter(-1), "", "", 0},
		{"one on the writer is also in the body", problem.RateLimited, "17", "17", 17},
		{"that of the error replaces one on the writer", problem.RateLimited.New("").WithRetryAfter(time.Second), "17", "1", 1},
		{"a date stays a header", problem.Unavailable, "Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 1999 23:59:59 GMT", 0},
		{"a malformed one is not changed", problem.Unavailable, "-4", "-4", 0},
		{"the longest of all", problem.Unavailable.New("").WithRetryAfter(1<<63 - 1), "", "9223372037", 9223372037},
	} {
		fields := map[string]string{}
		if c.header != "" {
			fields["Retry-After"] = c.header
		}
		w := after(problem.Config{}, c.err, fields)
		if got := w.Header().Get("Retry-After"); got != c.want {
			t.Errorf("%s: Retry-After = %q, want %q", c.rule, got, c.want)
		}
		if got := decode(t, w).RetryAfter; got != c.body {
			t.Errorf("%s: retry_after = %d, want %d", c.rule, got, c.body)
		}
	}
}

func TestTwoDelaysAreLeftAlone(t *testing.T) {
	w := serve(problem.Config{}, httptest.NewRequest(http.MethodGet, "/", nil), problem.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) error {
			w.Header()["Retry-After"] = []string{"3", "4"}
			return problem.RateLimited
		}))
	if got := w.Header()["Retry-After"]; len(got) != 2 || decode(t, w).RetryAfter != 0 {
		t.Errorf("two lines of Retry-After became %q in the header and %d in the body, want no change and none in the body", got, decode(t, w).RetryAfter)
	}
}

func TestChallenge(t *testing.T) {
	const realm = `Bearer realm="~vault"`
	const basic = `Basic realm="vault"`
	for _, c := range []struct {
		rule string
		cfg  problem.Config
		err  error
		want string
	}{
		{"credentials are missing", problem.Config{}, problem.Unauthenticated, `Bearer`},
		{"an expired token", problem.Config{}, problem.TokenExpired, `Bearer error="invalid_token"`},
		{"an invalid token", problem.Config{}, problem.TokenInvalid, `Bearer error="invalid_token"`},
		{"a revoked token", problem.Config{}, problem.TokenRevoked, `Bearer error="invalid_token"`},
		{"a narrow scope, 403", problem.Config{}, problem.InsufficientScope, `Bearer error="insufficient_scope"`},
		{"a narrow scope, 401", problem.Config{Style: enpass.Style}, problem.InsufficientScope, `Bearer error="insufficient_scope"`},
		{"a code with 401", problem.Config{}, problem.Code{Name: "x", Kind: problem.Forbidden, Status: 401}, `Bearer`},
		{"a token error that is no 401", problem.Config{}, problem.Code{Name: "x", Kind: problem.TokenExpired, Status: 403}, ``},
		{"another kind", problem.Config{}, problem.Forbidden, ``},
		{"a realm", problem.Config{Challenge: realm}, problem.Unauthenticated, realm},
		{"a realm and an error", problem.Config{Challenge: realm}, problem.TokenExpired, realm + `, error="invalid_token"`},
		{"another scheme has no errors", problem.Config{Challenge: basic}, problem.TokenExpired, basic},
		{"none wanted", problem.Config{NoChallenge: true}, problem.Unauthenticated, ``},
		{"a hidden Forbidden", problem.Config{HideForbidden: true}, problem.Forbidden, ``},
		{"scope is not hidden", problem.Config{HideForbidden: true}, problem.InsufficientScope, `Bearer error="insufficient_scope"`},
	} {
		if got := respond(c.cfg, c.err).Header().Get("WWW-Authenticate"); got != c.want {
			t.Errorf("%s: WWW-Authenticate = %q, want %q", c.rule, got, c.want)
		}
	}
	w := after(problem.Config{}, problem.TokenExpired, map[string]string{"Www-Authenticate": "DPoP"})
	if got := w.Header()["Www-Authenticate"]; len(got) != 1 || got[0] != "DPoP" {
		t.Errorf("WWW-Authenticate = %q, want only that of the handler", got)
	}
}

func TestHideForbidden(t *testing.T) {
	cfg := problem.Config{HideForbidden: true}
	want := respond(cfg, problem.NotFound)
	secret := problem.Code{Name: "policy_denied", Kind: problem.Forbidden, Status: 403, Message: "Denied by policy 7"}
	for name, err := range map[string]error{
		"a kind":    problem.Forbidden,
		"a text":    problem.Forbidden.New("Not yours"),
		"a code":    secret,
		"details":   secret.New("").WithDetail("policy", 7).WithRetryAfter(time.Second),
		"a field":   problem.Forbidden.New("").WithFields(problem.FieldError{Path: problem.Path{"id"}}),
		"a 401 one": problem.Code{Name: "x", Kind: problem.Forbidden, Status: 401},
	} {
		var book logbook
		got := respond(problem.Config{HideForbidden: true, Logger: book.logger()}, err)
		if got.Code != want.Code || got.Body.String() != want.Body.String() {
			t.Errorf("Forbidden with %s = %d %s, want the bytes of NotFound", name, got.Code, got.Body)
		}
		if a, b := dump(got.Header()), dump(want.Header()); a != b {
			t.Errorf("Forbidden with %s has the header %s, want that of NotFound: %s", name, a, b)
		}
		if r := book.one(t); r["hidden"] != "true" || r["kind"] != "forbidden" || r["status"] != "404" {
			t.Errorf("Forbidden with %s is logged as %v, want the truth", name, r)
		}
	}
	if got := respond(problem.Config{}, problem.Forbidden); got.Code != http.StatusForbidden {
		t.Errorf("without HideForbidden, Forbidden = %d, want 403", got.Code)
	}
}

// Header fields that a handler has set for its 403 would show that the 404 is not real.
func TestHideForbiddenHidesItsHeaders(t *testing.T) {
	p := problem.New(problem.Config{HideForbidden: true, Logger: silent})
	w := httptest.NewRecorder()
	w.Header().Set("WWW-Authenticate", `Bearer realm="vault"`)
	w.Header().Set("Retry-After", "5")
	w.Header().Set("Vary", "Origin")
	p.Respond(w, httptest.NewRequest(http.MethodGet, "/", nil), problem.Forbidden)
	for _, name := range []string{"WWW-Authenticate", "Retry-After"} {
		if got := w.Header().Values(name); got != nil {
			t.Errorf("a hidden Forbidden has %s = %q, which NotFound has not", name, got)
		}
	}
	if got := w.Header().Get("Vary"); got != "Origin" {
		t.Errorf("a hidden Forbidden has Vary = %q, want it kept as for a NotFound", got)
	}
}

func dump(h http.Header) string {
	var b strings.Builder
	h.Write(&b)
	return b.String()
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	works := func(dst []byte, _ *problem.View) ([]byte, error) { return append(dst, "x"...), nil }
	fails := func([]byte, *problem.View) ([]byte, error) { panic("no") }
	wrongStatus := problem.RFC9457
	wrongStatus.Outcomes[problem.Gone].Status = 200
	wrongStatus.Shape.Status = 700
	for name, c := range map[string]struct {
		cfg  problem.Config
		want []string
	}{
		"a style with almost nothing": {problem.Config{Style: problem.Style{RateLimit: problem.XRateLimit}}, []string{"has no Name", "has no ContentType", "has no Append"}},
		"statuses":                    {problem.Config{Style: wrongStatus}, []string{"status 200 for gone", "status 700 for Shape"}},
		"an encoder that panics":      {problem.Config{Style: plainStyle(fails)}, []string{`style "plain" cannot encode`}},
		"a challenge of two lines":    {problem.Config{Style: plainStyle(works), Challenge: "Bearer\r\nX: y"}, []string{"challenge"}},
		"an invisible character":      {problem.Config{Challenge: "Bearer realm=\"\x7f\""}, []string{"challenge"}},
		"a challenge of one blank":    {problem.Config{Challenge: " "}, []string{"challenge"}},
		"a style and a challenge":     {problem.Config{Style: wrongStatus, Challenge: "é"}, []string{"gone", "challenge"}},
	} {
		err, _ := catch(func() { problem.New(c.cfg) }).(error)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("New with %s panics with %v, want it to say %q", name, err, want)
			}
		}
	}
	if catch(func() { problem.New(problem.Config{}).Handler(nil) }) == nil {
		t.Error("Handler(nil) returned, want a panic at construction")
	}
}

// A 426 must have the field Upgrade, and no other error may have it.
//
// https://www.rfc-editor.org/rfc/rfc9110#section-15.5.22
func TestUpgradeIsKeptWhereItIsRequired(t *testing.T) {
	for _, tt := range []struct {
		status        int
		lines         []string
		upgrade, want string
	}{
		{426, []string{"Upgrade"}, "websocket", "Upgrade"},
		{426, []string{"close, Upgrade"}, "websocket", "close, Upgrade"},
		{400, []string{"Upgrade"}, "", ""},
		{500, []string{"upgrade"}, "", ""},
		{505, []string{"keep-alive, Upgrade"}, "", "keep-alive"},
		{500, []string{"Upgrade", "close"}, "", "close"},
		{500, []string{"close"}, "", "close"},
	} {
		w := serve(problem.Config{}, httptest.NewRequest(http.MethodGet, "/", nil), problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
			w.Header()["Connection"] = tt.lines
			w.Header().Set("Upgrade", "websocket")
			return problem.Code{Status: tt.status}
		}))
		got, connection := w.Header().Get("Upgrade"), strings.Join(w.Header()["Connection"], "; ")
		if w.Code != tt.status || got != tt.upgrade || connection != tt.want {
			t.Errorf("a %d behind Connection %q has Upgrade %q and Connection %q, want %q and %q", w.Code, tt.lines, got, connection, tt.upgrade, tt.want)
		}
	}
}
