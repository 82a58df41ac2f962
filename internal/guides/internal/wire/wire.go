// Package wire prints answers as a client reads them, for the golden files of the guides.
package wire

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/golden"
)

// Ask is a request of a golden file.
type Ask struct {
	Name, Method, Path, Body string

	// Type is the Content-Type of the body. Default application/json.
	Type string

	// Times is how often the request is sent. The last answer is compared. 0 means once.
	Times int
}

// Compare compares the answers of two services with a golden file.
func Compare(t *testing.T, files *golden.Dir, before, after http.Handler, a Ask) {
	t.Helper()
	files.Text(t, strings.ReplaceAll(a.Name, " ", "-")+".http", "# before\n"+Answer(t, before, a)+"\n# after\n"+Answer(t, after, a))
}

// Answer returns the answer that a client reads, in the form of HTTP/1.1. Parts that differ in
// every answer are replaced by "…".
func Answer(t *testing.T, h http.Handler, a Ask) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	defer srv.Close()
	for range a.Times - 1 {
		send(t, srv, a)
	}
	return send(t, srv, a)
}

func send(t *testing.T, srv *httptest.Server, a Ask) string {
	t.Helper()
	r, err := http.NewRequest(a.Method, srv.URL+a.Path, strings.NewReader(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	if a.Body != "" {
		r.Header.Set("Content-Type", cmp.Or(a.Type, "application/json"))
	}
	resp, err := srv.Client().Do(r)
	if err != nil {
		return "the connection is closed without an answer\n"
	}
	defer resp.Body.Close()
	return dump(resp)
}

// changing matches the parts that differ in every answer: IDs, dates, times in Unix seconds, and
// the ports of tests.
var changing = regexp.MustCompile(`req_[a-z2-7]{26}|[0-9a-f]{8}-[0-9a-f-]{27}|\w+, \d+ \w+ \d+ [\d:]+ GMT|\b1[7-9]\d{8}\b|127\.0\.0\.1:\d+`)

func dump(resp *http.Response) string {
	var out strings.Builder
	fmt.Fprintf(&out, "HTTP/1.1 %s\n", resp.Status)
	resp.Header.Del("Date")
	names := make([]string, 0, len(resp.Header))
	for name := range resp.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values := resp.Header[name]
		slices.Sort(values) // chi writes the lines of Allow in a random order
		for _, value := range values {
			fmt.Fprintf(&out, "%s: %s\n", name, value)
		}
	}
	body, err := io.ReadAll(resp.Body)
	fmt.Fprintf(&out, "\n%s", body)
	if len(body) > 0 && !bytes.HasSuffix(body, []byte("\n")) {
		out.WriteByte('\n')
	}
	if err != nil {
		out.WriteString("… and the connection is cut\n")
	}
	return changing.ReplaceAllString(out.String(), "…")
}
