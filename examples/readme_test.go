package examples_test

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/questions"
	"github.com/backstop-go/backstop/internal/styles"
)

var (
	readmeCall = regexp.MustCompile(`(?s)\$ curl (?:-i )?http://127\.0\.0\.1:8080(\S+)([^$]*?)\n(?:HTTP/1\.1 [^{]*)?({[^\n]*)\n`)
	readmeBody = regexp.MustCompile(`-d '([^']*)'`)
	readmeRow  = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\d{3}) \\| `(.*)` \\|$")
	readmeSent = regexp.MustCompile("The same request to the demo, `(.*)`, and")
	changing   = regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:]+Z|req_[a-z2-7]{26}`)
)

// TestReadmeAnswers makes the calls in the README, and compares the answers with those in
// the README, except for times and IDs.
func TestReadmeAnswers(t *testing.T) {
	readme := readmeText(t)
	s := questions.Start(t, "stdlib")
	calls := readmeCall.FindAllStringSubmatch(readme, -1)
	if len(calls) != 2 {
		t.Fatalf("the README has %d calls, want 2", len(calls))
	}
	for _, c := range calls {
		body := ""
		if m := readmeBody.FindStringSubmatch(c[2]); m != nil {
			body = m[1]
		}
		if _, got := readmeAsk(t, s, c[1], body); got != c[3] {
			t.Errorf("%s is answered %s, and the README says %s", c[1], got, c[3])
		}
	}
}

func TestReadmeEnvelopes(t *testing.T) {
	readme := readmeText(t)
	sent := readmeSent.FindStringSubmatch(readme)
	rows := readmeRow.FindAllStringSubmatch(readme, -1)
	if len(rows) != len(styles.All) || sent == nil {
		t.Fatalf("the README has %d envelopes for %q, want %d", len(rows), sent, len(styles.All))
	}
	for _, row := range rows {
		s := questions.Start(t, "stdlib", "-style", row[1])
		if status, got := readmeAsk(t, s, "/api/v1/auth/register", sent[1]); status != row[2] || got != row[3] {
			t.Errorf("%s answers %s %s, and the README says %s %s", row[1], status, got, row[2], row[3])
		}
	}
}

func readmeText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return changing.ReplaceAllString(string(text), "…")
}

// readmeAsk sends a GET, or a POST if there is a body.
func readmeAsk(t *testing.T, s *questions.Server, path, body string) (status, answer string) {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Status[:3], changing.ReplaceAllString(strings.TrimSpace(string(text)), "…")
}
