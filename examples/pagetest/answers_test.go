package pagetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/problem"
)

// failures are the failures of the page, each with the request that causes it.
var failures = []struct {
	name, method, path, token, body string
	kind                            problem.Kind
}{
	{"field-errors", "POST", "/api/v1/auth/register", "", `{"organizationName":"","email":"ann","password":"short"}`, problem.Validation},
	{"malformed-json", "POST", "/api/v1/auth/register", "", `{"organizationName":"Acme","email":`, problem.InvalidRequest},
	{"wrong-method", "PUT", "/api/v1/users", "", "", problem.MethodNotAllowed},
	{"unknown-path", "GET", "/api/v1/nope", "", "", problem.NotFound},
	{"expired-token", "GET", "/api/v1/sessions", "expired-token", "", problem.TokenExpired},
	{"missing-scope", "GET", "/api/v1/credentials", "readonly-token", "", problem.InsufficientScope},
	{"conflict", "POST", "/api/v1/auth/register", "", `{"organizationName":"Acme","email":"taken@example.com","password":"long enough"}`, problem.Conflict},
	{rateLimit, "GET", "/api/v1/search?q=prod", "", "", problem.RateLimited},
	{"panic", "GET", "/api/v1/faults/panic", "", "", problem.Internal},
	{halfWay, "GET", "/api/v1/faults/panic-midway", "", "", problem.Internal},
	{"old-handler", "GET", "/api/v1/faults/plain", "", "", problem.Internal},
	{"timeout", "GET", "/api/v1/faults/slow", "", "", problem.Timeout},
}

const (
	rateLimit = "rate-limit"
	halfWay   = "panic-half-way"
)

// plain is an answer as a client of net/http reads it.
type plain struct {
	status int
	header http.Header
	body   string
	cut    bool
}

// ask sends a request once or, if again is set, until the answer is 429.
func ask(t *testing.T, origin, method, path, token, body string, again bool) plain {
	t.Helper()
	for n := 1; ; n++ {
		req, err := http.NewRequestWithContext(t.Context(), method, origin+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		if again {
			req.Header.Set("X-API-Key", "plain")
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !again || resp.StatusCode == http.StatusTooManyRequests {
			if len(resp.TransferEncoding) > 0 {
				resp.Header["Transfer-Encoding"] = resp.TransferEncoding
			}
			return plain{resp.StatusCode, resp.Header, string(text), err != nil}
		}
		if n > 100 {
			t.Fatalf("%s%s is answered %d times, want a refusal", origin, path, n)
		}
	}
}

// TestEachAnswerIsThatOfAPlainClient shows each failure in each style in the browser, and
// sends the same request without it. Status, code, header and body must be the same.
func TestEachAnswerIsThatOfAPlainClient(t *testing.T) {
	b := open(t)
	b.visit("")
	for _, f := range failures {
		b.choose(f.name)
		cards := b.cards()
		if len(cards) != len(styles.All) {
			t.Fatalf("%s has %d answers, want %d", f.name, len(cards), len(styles.All))
		}
		for i, style := range styles.All {
			got := cards[i]
			want := ask(t, b.origin+"/styles/"+style.Name, f.method, f.path, f.token, f.body, f.name == rateLimit)
			if status, _, _ := strings.Cut(got.Status, " "); got.Style != style.Name || status != strconv.Itoa(want.status) {
				t.Errorf("%s in %s: card %d of %s has the status %q, want %d", f.name, style.Name, i, got.Style, got.Status, want.status)
			}
			if cut := strings.HasSuffix(got.Status, ", cut"); cut != want.cut || cut != (f.name == halfWay) {
				t.Errorf("%s in %s: the page says cut: %t, want %t", f.name, style.Name, cut, want.cut)
			}
			// The browser may show nothing of an answer that was cut.
			if masked(got.Body) != masked(want.body) && !(want.cut && got.Body == "") {
				t.Errorf("%s in %s: the page shows\n%s\nwant\n%s", f.name, style.Name, got.Body, want.body)
			}
			checkHead(t, f.name, got, want)
			if f.name != halfWay {
				checkCode(t, f.name, style, got, want, f.kind)
			}
		}
	}
}

var ofTheMoment = regexp.MustCompile(`req_\w+|\d{4}-\d\d-\d\dT[\d:]+Z|"retry_after": ?\d+`)

// masked returns a body without white space, times and IDs.
func masked(body string) string {
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(body)) == nil {
		body = compact.String()
	}
	return ofTheMoment.ReplaceAllString(strings.TrimSuffix(body, "\n"), "X")
}

// checkHead compares the names of the header fields.
func checkHead(t *testing.T, name string, got card, want plain) {
	t.Helper()
	var names []string
	for _, line := range got.Head {
		field, value, ok := strings.Cut(line, ": ")
		if !ok || value == "" {
			t.Errorf("%s in %s: %q is not a header field", name, got.Style, line)
		}
		names = append(names, field)
	}
	for field := range want.header {
		if !slices.Contains(names, field) {
			t.Errorf("%s in %s: the page shows %v, want %s among them", name, got.Style, names, field)
		}
	}
	if len(names) != len(want.header) {
		t.Errorf("%s in %s: the page shows %v, want %d names", name, got.Style, names, len(want.header))
	}
}

// checkCode decodes both envelopes and compares their codes.
func checkCode(t *testing.T, name string, style problem.Style, got card, want plain, kind problem.Kind) {
	t.Helper()
	decode := func(body string) (*problem.Error, string) {
		e, err := style.Decode(&style, want.status, want.header, []byte(body))
		if err != nil {
			t.Errorf("%s in %s: %v: %s", name, style.Name, err, body)
			return nil, ""
		}
		code, _ := e.Code()
		return e, code.Name
	}
	shown, code := decode(got.Body)
	sent, wantCode := decode(want.body)
	if shown == nil || sent == nil || code != wantCode || shown.Message() != sent.Message() {
		t.Errorf("%s in %s: the page shows %v with code %q, want %v with code %q", name, style.Name, shown, code, sent, wantCode)
	}
	if outcome := style.Outcomes[kind]; outcome.Status != 0 && outcome.Status != want.status {
		t.Errorf("%s in %s is %d, want %d", name, style.Name, want.status, outcome.Status)
	}
}

// TestTheCurlLineWorks runs the curl command of each failure in a shell.
func TestTheCurlLineWorks(t *testing.T) {
	b := open(t)
	if _, err := exec.LookPath("curl"); err != nil {
		skip(t, "curl is not installed: apt-get install curl")
	}
	b.visit("")
	for _, f := range failures {
		b.choose(f.name)
		line := eval[string](b, `document.querySelector(".failure:not([hidden]) pre").textContent`)
		out, err := exec.CommandContext(t.Context(), "sh", "-c", line+" --silent").Output()
		if (err != nil) != (f.name == halfWay) { // curl fails with 18 if the answer is cut
			t.Errorf("%s: %s: %v", f.name, line, err)
		}
		status, _, _ := strings.Cut(b.cards()[0].Status, ",")
		if !strings.Contains(string(out), "HTTP/1.1 "+status+"\r\n") {
			t.Errorf("%s: %s says\n%s\nwant %s", f.name, line, out, status)
		}
	}
}

// The page marks the lines that are not the same in all six answers.
func TestMarksAreOnWhatDiffers(t *testing.T) {
	b := open(t)
	b.visit("missing-scope")
	cards := b.cards()
	has := func(c card, line string) bool { return slices.Contains(c.Marked, line) }
	for _, c := range cards {
		for line, want := range map[string]bool{
			"Content-Type: application/problem+json": true, "Content-Type: application/json": true,
			"Cache-Control: no-store": false, "X-Content-Type-Options: nosniff": false, "{": false, "}": false,
		} {
			if (slices.Contains(c.Head, line) || line == "{" || line == "}") && has(c, line) != want {
				t.Errorf("%s marks %q: %t, want %t", c.Style, line, !want, want)
			}
		}
		for _, line := range c.Marked {
			for _, unstable := range []string{"Date: ", "X-Request-Id: ", "Content-Length: ", "X-Ratelimit-Remaining: "} {
				if strings.HasPrefix(line, unstable) {
					t.Errorf("%s marks %q, which differs in every answer", c.Style, line)
				}
			}
		}
		if want := "401 Unauthorized"; c.Style == "enpass" && !strings.HasPrefix(c.Status, want) {
			t.Errorf("%s answers %s, want %s", c.Style, c.Status, want)
		}
	}
}
