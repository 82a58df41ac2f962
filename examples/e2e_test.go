package examples_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/backstop-go/backstop/internal/questions"
	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/problem"
)

// TestRoutersAnswerTheSameBytes tests the promise of the examples: to the same request all
// routers send the same answer, in every style.
func TestRoutersAnswerTheSameBytes(t *testing.T) {
	for _, style := range styles.All {
		t.Run(style.Name, func(t *testing.T) {
			t.Parallel()
			servers := questions.StartAll(t, "-style", style.Name, "-rate", "100000", "-timeout", questions.Timeout, "-debug")
			for _, c := range questions.All(style) {
				answers := askAll(servers, c.Call)
				for i, got := range answers {
					for _, a := range got {
						servers[i].IDs = append(servers[i].IDs, a.ID)
					}
					check(t, servers[i].Name, style, c, got)
					if i > 0 && fmt.Sprint(got) != fmt.Sprint(answers[0]) {
						t.Errorf("%s: %s answers\n%v\nand %s\n%v", c.Name, servers[i].Name, got, servers[0].Name, answers[0])
					}
				}
			}
			for _, s := range servers {
				s.Stop(t)
				checkLog(t, s)
			}
		})
	}
}

// askAll asks all servers at the same time, so that a slow answer costs its time only once.
func askAll(servers []*questions.Server, c questions.Call) [][]questions.Answer {
	answers := make([][]questions.Answer, len(servers))
	var wg sync.WaitGroup
	for i, s := range servers {
		wg.Go(func() { answers[i] = s.Send(c) })
	}
	wg.Wait()
	return answers
}

// check compares an answer with the one that the question wants, and checks what holds for
// every answer.
func check(t *testing.T, name string, style problem.Style, c questions.Question, got []questions.Answer) {
	t.Helper()
	if c.Want.None {
		if len(got) != 0 {
			t.Errorf("%s: %s answers\n%v\nwant no answer", c.Name, name, got)
		}
		return
	}
	if len(got) == 0 {
		t.Errorf("%s: %s does not answer", c.Name, name)
		return
	}
	a := got[0]
	if status := c.Want.In(style); a.Status != status || a.Cut != c.Want.Cut {
		t.Errorf("%s: %s answers\n%v\nwant status %d, cut %t", c.Name, name, a, status, c.Want.Cut)
	}
	if a.Field("X-Request-Id") != "ID" && !c.Outside {
		t.Errorf("%s: %s has the request ID %q", c.Name, name, a.Field("X-Request-Id"))
	}
	limited := strings.HasPrefix(strings.Replace(c.Target, "%61", "a", 1), "/api/")
	if got := a.Field("X-Ratelimit-Remaining") == "N"; got != limited && !c.Outside {
		t.Errorf("%s: %s has rate headers: %t, want %t", c.Name, name, got, limited)
	}
	byHandler := strings.HasSuffix(c.Target, "/method_not_allowed") // a handler that sets no Allow
	if a.Status == http.StatusMethodNotAllowed && (a.Field("Allow") == "") != byHandler {
		t.Errorf("%s: %s has Allow %q", c.Name, name, a.Field("Allow"))
	}
	if a.Status >= 400 && !c.Outside {
		checkEnvelope(t, name, style, c, a)
	}
	for _, secret := range secrets() {
		for _, a := range got {
			if strings.Contains(a.Raw, secret) {
				t.Errorf("%s: %s leaks %q:\n%s", c.Name, name, secret, a.Raw)
			}
		}
	}
	if strings.Contains(a.Raw, ".go:") && !strings.Contains(a.Body, `"debug":`) {
		t.Errorf("%s: %s shows a source file:\n%s", c.Name, name, a.Raw)
	}
}

// secrets returns texts that belong only in the log, and paths of the machine on which the
// programs were built.
func secrets() []string {
	root, err := filepath.Abs("..")
	if err != nil {
		panic(err)
	}
	return []string{"s3cr3t", "pq: password", "runtime error", "goroutine ", "invalid character", root}
}

func checkEnvelope(t *testing.T, name string, style problem.Style, c questions.Question, a questions.Answer) {
	t.Helper()
	for field, value := range map[string]string{
		"Content-Type": style.ContentType, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Etag": "", "Last-Modified": "",
	} {
		if got := a.Field(field); got != value {
			t.Errorf("%s: %s has %s %q, want %q", c.Name, name, field, got, value)
		}
	}
	if c.Method == "HEAD" {
		if a.Body != "" {
			t.Errorf("%s: %s answers HEAD with %q", c.Name, name, a.Body)
		}
		return
	}
	decoded, err := style.Decode(&style, a.Status, http.Header{"Content-Type": {style.ContentType}}, []byte(a.Body))
	if err != nil {
		t.Errorf("%s: %s sends no %s envelope: %v\n%s", c.Name, name, style.Name, err, a.Body)
		return
	}
	if decoded.Message() == "" {
		t.Errorf("%s: %s says nothing: %s", c.Name, name, a.Body)
	}
}

// checkLog checks that each record has a request ID, and that the secrets are in the log.
func checkLog(t *testing.T, s *questions.Server) {
	t.Helper()
	for line := range strings.Lines(s.Stderr.String()) {
		if !strings.HasPrefix(line, "{") {
			continue // the greeting
		}
		var record struct {
			ID string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil || !questions.IDForm.MatchString(record.ID) {
			t.Errorf("%s logs a record without request_id (%v): %s", s.Name, err, line)
		}
	}
	for _, id := range s.IDs {
		if !strings.Contains(s.Stderr.String(), id) {
			t.Errorf("%s has no record of %s", s.Name, id)
		}
	}
	for _, cause := range []string{"s3cr3t-dsn", "pq: password"} {
		if !strings.Contains(s.Stderr.String(), cause) {
			t.Errorf("%s does not log %q", s.Name, cause)
		}
	}
}
