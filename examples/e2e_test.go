package examples_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/enkryptify"
	"github.com/backstop-go/backstop/problem/enpass"
	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/problem/scaivault"
)

var styles = []problem.Style{
	entryguard.Style, enpass.Style, enkryptify.Style, authrim.Style, scaivault.Style, problem.RFC9457,
}

// want is what a call should come to: a status, or the status that the style
// has for a kind, or no answer at all.
type want struct {
	status int
	kind   problem.Kind
	failed bool // kind counts
	shape  bool // a shape problem, which one style tells from a broken rule
	cut    bool
	none   bool
}

func is(status int) want               { return want{status: status} }
func fails(kind problem.Kind) want     { return want{kind: kind, failed: true} }
func malformed(kind problem.Kind) want { return want{kind: kind, failed: true, shape: true} }
func cutAfter(status int) want         { return want{status: status, cut: true} }
func silence() want                    { return want{none: true} }

func (w want) in(s problem.Style) int {
	if !w.failed {
		return w.status
	}
	o := s.Outcomes[w.kind]
	if w.shape && s.Shape.Status != 0 {
		o = s.Shape
	}
	if o.Status == 0 {
		o = problem.RFC9457.Outcomes[w.kind]
	}
	return o.Status
}

// TestRoutersAnswerTheSameBytes is the promise of the examples: whatever
// is asked, in whatever style, the router does not show.
func TestRoutersAnswerTheSameBytes(t *testing.T) {
	for _, style := range styles {
		t.Run(style.Name, func(t *testing.T) {
			t.Parallel()
			servers := startAll(t, "-style", style.Name, "-rate", "100000", "-timeout", "400ms", "-debug")
			for _, c := range slices.Concat(plain, bodies, parameters, faults(style), wire) {
				answers := askAll(servers, c.call)
				for i, got := range answers {
					for _, a := range got {
						servers[i].ids = append(servers[i].ids, a.id)
					}
					check(t, servers[i].name, style, c, got)
					if i > 0 && fmt.Sprint(got) != fmt.Sprint(answers[0]) {
						t.Errorf("%s: %s answers\n%v\nand %s\n%v", c.name, servers[i].name, got, servers[0].name, answers[0])
					}
				}
			}
			for _, s := range servers {
				s.stop(t)
				checkLog(t, s)
			}
		})
	}
}

// askAll asks all servers at once, as a slow answer is slow everywhere.
func askAll(servers []*server, c call) [][]answer {
	answers := make([][]answer, len(servers))
	var wg sync.WaitGroup
	for i, s := range servers {
		wg.Go(func() { answers[i] = s.send(c) })
	}
	wg.Wait()
	return answers
}

// check holds an answer against what the case wants, and against what holds for
// all answers.
func check(t *testing.T, name string, style problem.Style, c question, got []answer) {
	t.Helper()
	if c.want.none {
		if len(got) != 0 {
			t.Errorf("%s: %s answers\n%v\nwant silence", c.name, name, got)
		}
		return
	}
	if len(got) == 0 {
		t.Errorf("%s: %s is silent, want an answer", c.name, name)
		return
	}
	a := got[0]
	if status := c.want.in(style); a.status != status || a.cut != c.want.cut {
		t.Errorf("%s: %s answers\n%v\nwant status %d, cut %t", c.name, name, a, status, c.want.cut)
	}
	if a.field("X-Request-Id") != "ID" && !c.outside {
		t.Errorf("%s: %s has the request ID %q", c.name, name, a.field("X-Request-Id"))
	}
	limited := strings.HasPrefix(strings.Replace(c.target, "%61", "a", 1), "/api/")
	if got := a.field("X-Ratelimit-Remaining") == "N"; got != limited && !c.outside {
		t.Errorf("%s: %s has rate headers: %t, want %t", c.name, name, got, limited)
	}
	byHandler := strings.HasSuffix(c.target, "/method_not_allowed") // which has nothing to say
	if a.status == http.StatusMethodNotAllowed && (a.field("Allow") == "") != byHandler {
		t.Errorf("%s: %s has Allow %q", c.name, name, a.field("Allow"))
	}
	if a.status >= 400 && !c.outside {
		checkEnvelope(t, name, style, c, a)
	}
	for _, secret := range secrets() {
		for _, a := range got {
			if strings.Contains(a.raw, secret) {
				t.Errorf("%s: %s leaks %q:\n%s", c.name, name, secret, a.raw)
			}
		}
	}
	if strings.Contains(a.raw, ".go:") && !strings.Contains(a.body, `"debug":`) {
		t.Errorf("%s: %s shows a source file:\n%s", c.name, name, a.raw)
	}
}

// secrets are texts that belong into the log, and paths of the machine that the
// programs were built on.
func secrets() []string {
	root, err := filepath.Abs("..")
	if err != nil {
		panic(err)
	}
	return []string{"s3cr3t", "pq: password", "runtime error", "goroutine ", "invalid character", root}
}

func checkEnvelope(t *testing.T, name string, style problem.Style, c question, a answer) {
	t.Helper()
	for field, value := range map[string]string{
		"Content-Type": style.ContentType, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Etag": "", "Last-Modified": "",
	} {
		if got := a.field(field); got != value {
			t.Errorf("%s: %s has %s %q, want %q", c.name, name, field, got, value)
		}
	}
	if c.method == "HEAD" {
		if a.body != "" {
			t.Errorf("%s: %s answers HEAD with %q", c.name, name, a.body)
		}
		return
	}
	decoded, err := style.Decode(&style, a.status, http.Header{"Content-Type": {style.ContentType}}, []byte(a.body))
	if err != nil {
		t.Errorf("%s: %s sends no %s envelope: %v\n%s", c.name, name, style.Name, err, a.body)
		return
	}
	if decoded.Message() == "" {
		t.Errorf("%s: %s says nothing: %s", c.name, name, a.body)
	}
}

// checkLog holds each record against the promise that it names its request, and
// looks for the secrets where they belong.
func checkLog(t *testing.T, s *server) {
	t.Helper()
	for line := range strings.Lines(s.stderr.String()) {
		if !strings.HasPrefix(line, "{") {
			continue // the greeting
		}
		var record struct {
			ID string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil || !idForm.MatchString(record.ID) {
			t.Errorf("%s logs a record without request_id (%v): %s", s.name, err, line)
		}
	}
	for _, id := range s.ids {
		if !strings.Contains(s.stderr.String(), id) {
			t.Errorf("%s has no record of %s", s.name, id)
		}
	}
	for _, cause := range []string{"s3cr3t-dsn", "pq: password"} {
		if !strings.Contains(s.stderr.String(), cause) {
			t.Errorf("%s does not log %q", s.name, cause)
		}
	}
}
