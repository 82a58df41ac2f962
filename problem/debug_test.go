package problem_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
)

func always(*http.Request) bool { return true }

// debugBlock posts a body that the handler reads, and returns the debug block of
// the answer.
func debugBlock(t *testing.T, cfg problem.Config, sent string, header http.Header, err error) (map[string]json.RawMessage, bool) {
	t.Helper()
	cfg.Style = authrim.Style
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(sent))
	r.Header = header
	w := serve(cfg, r, problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
		io.Copy(io.Discard, r.Body)
		return err
	}))
	var got struct{ Debug map[string]json.RawMessage }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("the body is no JSON: %v\n%s", err, w.Body)
	}
	return got.Debug, got.Debug != nil
}

func asked(values ...string) http.Header { return http.Header{"X-Debug": values} }

func TestBothLocksMustOpen(t *testing.T) {
	calls := 0
	count := func(*http.Request) bool { calls++; return true }
	for _, c := range []struct {
		rule   string
		gate   func(*http.Request) bool
		header http.Header
		open   bool
		calls  int
	}{
		{"no gate", nil, asked("true"), false, 0},
		{"a gate, without the header", count, http.Header{}, false, 0},
		{"a gate, with another value of the header", count, asked("1"), false, 0},
		{"a gate, with two values of the header", count, asked("true", "true"), false, 0},
		{"a gate that says no", func(*http.Request) bool { return false }, asked("true"), false, 0},
		{"a gate that panics", func(*http.Request) bool { panic("no") }, asked("true"), false, 0},
		{"a gate that says yes", count, asked("true"), true, 1},
		{"a gate, with the value in capitals", count, asked("TRUE"), true, 1},
	} {
		calls = 0
		if _, open := debugBlock(t, problem.Config{Debug: c.gate}, "{}", c.header, problem.NotFound); open != c.open || calls != c.calls {
			t.Errorf("%s: debug block %v after %d calls of the gate, want %v after %d", c.rule, open, calls, c.open, c.calls)
		}
	}
}

func TestTheGateIsAskedOnce(t *testing.T) {
	for _, yes := range []bool{false, true} {
		calls := 0
		p := problem.New(problem.Config{Style: authrim.Style, Logger: silent, Debug: func(r *http.Request) bool {
			calls++
			return yes
		}})
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"a":1}`))
		r.Header = asked("true")
		w := httptest.NewRecorder()
		p.Handler(p.Handler(problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
			io.Copy(io.Discard, r.Body)
			return problem.NotFound
		}))).ServeHTTP(w, r)
		if shown := strings.Contains(w.Body.String(), `"request_body":{"a":1}`); calls != 1 || shown != yes {
			t.Errorf("below two handlers of one responder a gate that says %v was called %d times, want 1: %s", yes, calls, w.Body)
		}
	}
}

// Without X-Debug a gate does not make a request more expensive.
func TestAGateThatIsNotAskedCostsNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("under the race detector sync.Pool drops values at random")
	}
	count := func(gate func(*http.Request) bool) float64 {
		h := problem.New(problem.Config{Logger: silent, Debug: gate}).Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		w, r := &sink{header: http.Header{}}, httptest.NewRequest(http.MethodGet, "/", nil)
		return testing.AllocsPerRun(200, func() { h.ServeHTTP(w, r) })
	}
	if got, want := count(always), count(nil); got != want {
		t.Errorf("a request without X-Debug allocates %v times with a gate and %v without, want no difference", got, want)
	}
}

func TestAnInnerResponderHasItsOwnGate(t *testing.T) {
	for name, gate := range map[string]func(*http.Request) bool{
		"none":   nil,
		"a shut": func(*http.Request) bool { return false },
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header = asked("true")
		inner := problem.New(problem.Config{Style: authrim.Style, Logger: silent, Debug: gate})
		w := serve(problem.Config{Style: authrim.Style, Debug: always}, r, inner.Handler(returning(problem.NotFound)))
		if strings.Contains(w.Body.String(), "debug") {
			t.Errorf("the gate of an outer responder opened the debug block of an inner one with %s gate: %s", name, w.Body)
		}
	}
}

func TestTheBodyOfTheOriginalStays(t *testing.T) {
	p := problem.New(problem.Config{Logger: silent, Debug: always})
	outer := problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		before := r.Body
		p.Handler(returning(problem.NotFound)).ServeHTTP(w, r)
		if r.Body != before {
			t.Error("an open gate has changed the body of the request of the caller")
		}
		return nil
	})
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
	r.Header = asked("true")
	outer.ServeHTTP(httptest.NewRecorder(), r)
}

func TestBodyIsNotWrappedIfItCannotBeShown(t *testing.T) {
	body := io.NopCloser(strings.NewReader("{}"))
	for name, c := range map[string]struct {
		gate func(*http.Request) bool
		body io.ReadCloser
	}{
		"a shut gate": {func(*http.Request) bool { return false }, body}, "no body": {always, http.NoBody}, "none at all": {always, nil},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header, r.Body = asked("true"), c.body
		serve(problem.Config{Debug: c.gate}, r, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.Body != c.body {
				t.Errorf("%s: the handler is given the body %v, want %v", name, r.Body, c.body)
			}
		}))
	}
}

func TestDebugBodyThatIsReadInPieces(t *testing.T) {
	for name, c := range map[string]struct{ sent, want string }{
		"a body that fits":             {`["` + strings.Repeat("x", 8<<10-4) + `"]`, `["` + strings.Repeat("x", 8<<10-4) + `"]`},
		"one byte more":                {`["` + strings.Repeat("x", 8<<10-3) + `"]`, ""},
		"a long body with a short end": {strings.Repeat(" ", 9<<10) + `{"a":1}`, ""},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.sent))
		r.Header = asked("true")
		var read strings.Builder
		w := serve(problem.Config{Style: authrim.Style, Debug: always}, r, problem.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
			io.CopyBuffer(&read, io.LimitReader(r.Body, int64(len(c.sent))), make([]byte, 1<<10)) // all bytes, but not the EOF
			return problem.NotFound
		}))
		var got struct {
			Debug struct {
				Body json.RawMessage `json:"request_body"`
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || string(got.Debug.Body) != c.want || read.String() != c.sent {
			t.Errorf("%s: the handler has read %d bytes of %d and %d are shown (%v), want all and %d", name, read.Len(), len(c.sent), len(got.Debug.Body), err, len(c.want))
		}
	}
}

func TestBodyIsReadOnAfterTheAnswer(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
	r.Header = asked("true")
	serve(problem.Config{Style: authrim.Style, Debug: always}, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		problem.Respond(w, r, problem.NotFound)
		if got, err := io.ReadAll(r.Body); string(got) != "{}" || err != nil {
			t.Errorf("after the answer the body is read as %q (%v), want {}", got, err)
		}
	}))
}

func TestDebugBody(t *testing.T) {
	for _, c := range []struct {
		rule, sent, want string
	}{
		{"JSON is shown without white space", ` {"name": "x", "list": [1, 2.50, true, null]} `, `{"name":"x","list":[1,2.50,true,null]}`},
		{"a scalar", `"x"`, `"x"`},
		{"nothing was sent", ``, ``},
		{"no JSON", `name=x`, ``},
		{"two values", `{} {}`, ``},
		{"8 KiB", `"` + strings.Repeat("x", 8<<10-2) + `"`, `"` + strings.Repeat("x", 8<<10-2) + `"`},
		{"one more byte", `"` + strings.Repeat("x", 8<<10-1) + `"`, ``},
	} {
		d, _ := debugBlock(t, problem.Config{Debug: always}, c.sent, asked("true"), problem.NotFound)
		if got := string(d["request_body"]); got != c.want {
			t.Errorf("%s: request_body = %.80s, want %.80s", c.rule, got, c.want)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"a":1}`))
	r.Header = asked("true")
	w := serve(problem.Config{Style: authrim.Style, Debug: always}, r, returning(problem.NotFound))
	if strings.Contains(w.Body.String(), "request_body") {
		t.Errorf("a body that was not read is shown: %s", w.Body)
	}
}

func TestDebugStack(t *testing.T) {
	d, _ := debugBlock(t, problem.Config{Debug: always}, "", asked("true"), problem.Internal.Wrap(panicked{}, ""))
	if got := string(d["stack_trace"]); got != `"main.handler\n\tmain.go:7"` {
		t.Errorf("stack_trace of a panic = %s, want its stack", got)
	}
	for _, err := range []error{io.ErrClosedPipe, stranger{}, problem.Internal.Wrap(stranger{}, "")} {
		d, _ = debugBlock(t, problem.Config{Debug: always}, "", asked("true"), err)
		if got := string(d["stack_trace"]); got != `""` {
			t.Errorf("stack_trace of %T = %s, want none", err, got)
		}
	}
}

// The stack of a real panic, as Recover captures it, has functions and lines but not the value
// of the panic.
func TestDebugStackOfAPanic(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header = asked("true")
	w := serve(problem.Config{Style: authrim.Style, Debug: always}, r, middleware.Recover()(http.HandlerFunc(
		func(http.ResponseWriter, *http.Request) { panic("planted") })))
	var got struct {
		Debug struct {
			Stack string `json:"stack_trace"`
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("the body is no JSON: %v\n%s", err, w.Body)
	}
	if stack := got.Debug.Stack; !strings.Contains(stack, "TestDebugStackOfAPanic") || !strings.Contains(stack, "@debug_test.go:") ||
		strings.Contains(stack, "/") || strings.Contains(stack, "planted") {
		t.Errorf("stack_trace of a panic = %q, want functions and base names of files, and not its value", stack)
	}
}

func TestRedaction(t *testing.T) {
	const gone = `"[REDACTED]"`
	secret := func(value string) string { return strings.ReplaceAll(value, "?", gone) }
	for _, c := range []struct{ rule, sent, want string }{
		{"password", `{"password":"x"}`, `{"password":?}`},
		{"within a name", `{"userPasswordHash":"x","old_password":"y"}`, `{"userPasswordHash":?,"old_password":?}`},
		{"any case", `{"PassWord":"x","API-KEY":"y","api_key":"z"}`, `{"PassWord":?,"API-KEY":?,"api_key":?}`},
		{"folded letters", `{"paſſword":"x","toKen":"y"}`, `{"paſſword":?,"toKen":?}`},
		{
			"all parts", `{"passwd":1,"clientSecret":2,"token":3,"Authorization":4,"credentials":5,"apikey":6,"cookie":7,"session_id":8,"private-key":9,"card_number":10}`,
			`{"passwd":?,"clientSecret":?,"token":?,"Authorization":?,"credentials":?,"apikey":?,"cookie":?,"session_id":?,"private-key":?,"card_number":?}`,
		},
		{"whole names", `{"pin":1,"otp":2,"cvv":3,"iban":4,"ssn":5,"spin":6,"options":7}`, `{"pin":?,"otp":?,"cvv":?,"iban":?,"ssn":?,"spin":6,"options":7}`},
		{
			"more parts", `{"pwd":1,"Passphrase":2,"bearer":3,"id_jwt":4,"signature":5,"accessKey":6,"access key":7,"api.key":8}`,
			`{"pwd":?,"Passphrase":?,"bearer":?,"id_jwt":?,"signature":?,"accessKey":?,"access key":?,"api.key":?}`,
		},
		{"auth is a whole name", `{"auth":1,"author":2}`, `{"auth":?,"author":2}`},
		{"secrets as names", `{"sk_live_1":1,"eyJhbGciOi.eyJzdWIi.c2ln":{"a":2},"a":3}`, `{?:?,?:?,"a":3}`},
		{"names of the config", `{"nickname":"x","nick_name":"y","nicknames":"z"}`, `{"nickname":?,"nick_name":?,"nicknames":"z"}`},
		{"whole values", `{"token":{"a":[1,2]},"b":[{"secret":[]}]}`, `{"token":?,"b":[{"secret":?}]}`},
		{"a name with escapes", `{"pass\u0077ord":"x"}`, `{"password":?}`},
		{"a JWT", `{"a":"eyJhbGciOi.eyJzdWIi.c2ln"}`, `{"a":?}`},
		{"a JWT among words", `{"a":"Bearer eyJhbGciOi.eyJzdWIi.c2ln"}`, `{"a":?}`},
		{"a JWT glued to other text", `{"a":"id=eyJhbGciOi.eyJzdWIi.c2ln;x"}`, `{"a":?}`},
		{"nearly a JWT", `["eyJhbGciOi","eyJ.","hey.Jo.e"]`, `["eyJhbGciOi","eyJ.","hey.Jo.e"]`},
		{"a key glued to other text", `["https://x/?k=sk_live_1","(pk_test_2)","my-sk_3","risk_4"]`, `[?,?,?,"risk_4"]`},
		{"a card number among words", `["pay 4111 1111 1111 1111 now","card=4111-1111-1111-1111"]`, `[?,?]`},
		{
			"a card number beside other digits",
			`["paid 2026-11-20 4111 1111 1111 1111","4111 1111 1111 1111 12/27","4111 1111 1111 1111 123","4111111111111111 4242424242424242"]`,
			`[?,?,?,?]`,
		},
		{"digits that are no card", `["1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1","41111111111111111111111"]`, `["1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1","41111111111111111111111"]`},
		{"a card number as a fraction", `[4111111111111111.0]`, `[?]`},
		{"a PEM block", `{"a":"x\n-----BEGIN RSA PRIVATE KEY-----\nMII"}`, `{"a":?}`},
		{"keys with a prefix", `["sk_live_1","pk_test_2","task_3"]`, `[?,?,"task_3"]`},
		{"card numbers", `["4111 1111 1111 1111","4111-1111-1111-1111",4111111111111111,"4111111111111112",4111]`, `[?,?,?,"4111111111111112",4111]`},
		{"cards of other lengths", `["4222222222222","6304000057192837466","5555-5555-5555-4444","378282246310005","630400005710","63040000571928374651"]`, `[?,?,?,?,"630400005710","63040000571928374651"]`},
		{"other digits", `["000000000000","00000000000000000000"]`, `["000000000000","00000000000000000000"]`},
		{"codes by their names", `{"pinCode":1,"otpCode":2,"cvv2":3,"pass":4,"passcode":5,"securityCode":6,"totp":7,"passenger":8,"compass":9}`, `{"pinCode":?,"otpCode":?,"cvv2":?,"pass":?,"passcode":?,"securityCode":?,"totp":?,"passenger":8,"compass":9}`},
		{"what is no JSON", `["","{","[1","5","true"]`, `["","{","[1","5","true"]`},
		{"JSON in a string after a blank", `[" {\"pin\":1}","\"{\\\"pin\\\":1}\""]`, `[?,?]`},
		{"JSON in a string", `["{\"password\":\"x\"}"," [\"sk_live_1\"]","{\"a\":\"{\\\"pin\\\":1}\"}","{\"a\":1}","{password}"]`, `[?,?,?,"{\"a\":1}","{password}"]`},
		{"a name beside the value", `[{"name":"password","value":"x"},{"value":"y","Key":"api-key"},{"name":"color","value":"red"},{"use":"password","value":"x"}]`, `[{"name":"password","value":?},{"value":?,"Key":"api-key"},{"name":"color","value":"red"},{"use":"password","value":"x"}]`},
		{"credentials", `["Basic dXNlcjpwYXNz","curl -H 'Authorization: Bearer abcdef123'","bearer of news","basic"]`, `[?,?,"bearer of news","basic"]`},
		{"a password in a URL", `["postgres://app:s3cret@db/x","see redis://:pw@h:1","https://example.org/a:b@c","mailto:a@b.c"]`, `[?,?,"https://example.org/a:b@c","mailto:a@b.c"]`},
		{
			"other names beside the value", `[{"k":"password","v":"x"},{"fieldName":"api_key","content":"x"},{"op":"replace","path":"/user/password","value":"x"},{"type":"password","value":"x"}]`,
			`[{"k":"password","v":?},{"fieldName":"api_key","content":?},{"op":?,"path":"/user/password","value":?},{"type":"password","value":?}]`,
		},
		{"a name before the value", `[["Authorization","x"],["color","red"],["a","password"]]`, `[["Authorization",?],["color","red"],["a","password"]]`},
		{"the last word of a name", `{"userPin":1,"USER_PIN":2,"cardCvv":3,"user[pin]":4,"db-pass":5,"authCode":6,"spin":7,"pinned":8,"passRate":9}`, `{"userPin":?,"USER_PIN":?,"cardCvv":?,"user[pin]":?,"db-pass":?,"authCode":?,"spin":7,"pinned":8,"passRate":9}`},
		{
			"a form, a query, a header, XML, a part, JSON that is cut", `["a=b&password=x","https://h/?access_token=x","Cookie: sid=x","<user><pin>x</pin></user>","name=\"pin\"\r\n\r\nx","{\"password\":\"x","{\"otp\":1} {}","a=b&c=d","the password is wrong"]`,
			`[?,?,?,?,?,?,?,"a=b&c=d","the password is wrong"]`,
		},
		{"a form in a name", `{"a=b&password=x":""}`, `{?:?}`},
		{"other credentials", `["Bearer\tabcdef123","Digest username=\"ann\", response=\"x\"","AWS AKIAIOSFODNN7EXAMPLE:x","app:pw@tcp(db:3306)/x","digest of news"]`, `[?,?,?,?,"digest of news"]`},
		{"in a list at the root", `[{"pin":1},"x"]`, `[{"pin":?},"x"]`},
		{"HTML stays, line ends do not", "{\"a\":\"<b>\u2028\"}", `{"a":"<b>\u2028"}`},
	} {
		d, _ := debugBlock(t, problem.Config{Debug: always, Redact: []string{"Nick-Name"}}, c.sent, asked("true"), problem.NotFound)
		if got := string(d["request_body"]); got != secret(c.want) {
			t.Errorf("%s: request_body = %s, want %s", c.rule, got, secret(c.want))
		}
	}
}

func TestWhatLiesTooDeepIsHidden(t *testing.T) {
	nested := func(open, value, end string, depth int) string {
		return strings.Repeat(open, depth) + value + strings.Repeat(end, depth)
	}
	for name, c := range map[string]struct{ open, value, hidden, end string }{
		"lists":            {"[", "1", `"[REDACTED]"`, "]"},
		"objects":          {`{"a":`, "1", `"[REDACTED]"`, "}"},
		"JSON in a string": {"[", `"[1]"`, `"[REDACTED]"`, "]"},
	} {
		for _, depth := range []int{0, 1, 97, 98, 99, 100, 101} {
			want := nested(c.open, c.value, c.end, depth)
			limit := 100
			if name == "JSON in a string" {
				limit = 98 // it has two more levels
			}
			if depth >= limit {
				want = nested(c.open, c.hidden, c.end, min(depth, 100))
			}
			d, _ := debugBlock(t, problem.Config{Debug: always}, nested(c.open, c.value, c.end, depth), asked("true"), problem.NotFound)
			if got := string(d["request_body"]); got != want {
				t.Errorf("%s, %d of them: request_body = %s, want %s", name, depth, got, want)
			}
		}
	}
}

func TestDebugLoopback(t *testing.T) {
	for _, c := range []struct {
		peer, host, header string
		want               bool
	}{
		{"127.0.0.1:1", "localhost", "", true},
		{"127.0.0.1:1", "LocalHost:8080", "", true},
		{"127.0.0.1:1", "127.0.0.1:8080", "", true},
		{"127.9.9.9:1", "localhost", "", true},
		{"[::1]:1", "[::1]", "", true},
		{"[::1]:1", "[::1]:8080", "", true},
		{"[::ffff:127.0.0.1]:1", "localhost", "", true},
		{"10.0.0.1:1", "localhost", "", false},
		{"127.0.0.1", "localhost", "", false},
		{"@", "localhost", "", false},
		{"", "localhost", "", false},
		{"127.0.0.1:1", "", "", false},
		{"127.0.0.1:1", "rebound.example", "", false},
		{"127.0.0.1:1", "localhost.example:8080", "", false},
		{"127.0.0.1:1", "192.168.0.1", "", false},
		{"127.0.0.1:1", "localhost", "Forwarded", false},
		{"127.0.0.1:1", "localhost", "Via", false},
		{"127.0.0.1:1", "localhost", "X-Real-IP", false},
		{"127.0.0.1:1", "localhost", "X-Forwarded-For", false},
		{"127.0.0.1:1", "localhost", "X-Forwarded-Anything", false},
		{"127.0.0.1:1", "localhost", "X-Original-Forwarded-For", false},
		{"127.0.0.1:1", "localhost", "Cf-Connecting-Ip", false},
		{"127.0.0.1:1", "localhost", "True-Client-IP", false},
		{"127.0.0.1:1", "localhost", "X-Azure-ClientIP", false},
		{"127.0.0.1:1", "localhost", "Cdn-Loop", false},
		{"127.0.0.1:1", "localhost", "X-Envoy-External-Address", false},
		{"127.0.0.1:1", "localhost", "Accept", true},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr, r.Host = c.peer, c.host
		if c.header != "" {
			r.Header[c.header] = []string{"x"}
		}
		if got := problem.DebugLoopback(r); got != c.want {
			t.Errorf("DebugLoopback(peer %q, host %q, header %q) = %v, want %v", c.peer, c.host, c.header, got, c.want)
		}
	}
}
