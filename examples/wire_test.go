package examples_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// call is a request as it stands on the wire. It says Connection: close, so
// that whatever comes back, and nothing else, is the answer.
type call struct {
	method, target string
	header         []string
	body           string
	raw            string // instead of all else
}

var (
	user     = []string{"Authorization: Bearer user-token"}
	jsonType = "Content-Type: application/json"
)

func (c call) bytes() string {
	if c.raw != "" {
		return c.raw
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", c.method, c.target)
	framed := false
	for _, line := range c.header {
		framed = framed || strings.HasPrefix(line, "Content-Length:") || strings.HasPrefix(line, "Transfer-Encoding:")
		b.WriteString(line + "\r\n")
	}
	if c.body != "" && !framed {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(c.body))
	}
	return b.String() + "\r\n" + c.body
}

// answer is a response with everything masked that may differ: time, ID and the
// numbers of the limiter.
type answer struct {
	status int
	header []string // sorted
	body   string
	cut    bool   // it ended too early
	id     string // of the request, unmasked
	raw    string // the whole of it, as received
}

// number returns a header as it came, unmasked.
func (a answer) number(name string) string {
	for line := range strings.SplitSeq(a.raw, "\r\n") {
		if field, value, ok := strings.Cut(line, ": "); ok && strings.EqualFold(field, name) {
			return value
		}
	}
	return ""
}

func (a answer) String() string {
	s := fmt.Sprintf("%d\n  %s\n\n  %s", a.status, strings.Join(a.header, "\n  "), a.body)
	if a.cut {
		s += " [cut]"
	}
	return s
}

// send plays a call and returns all responses that come back; none means that
// the connection was closed in silence.
func (s *server) send(c call) []answer {
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		return []answer{{body: err.Error()}}
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	// A server may refuse before it has read all; what counts is its answer.
	go io.WriteString(conn, c.bytes())
	received, err := io.ReadAll(conn)
	if err != nil {
		received = fmt.Appendf(received, "[%v]", err)
	}
	return parse(c.method, received)
}

func parse(method string, received []byte) []answer {
	var all []answer
	for r := bufio.NewReader(bytes.NewReader(received)); ; method = "GET" {
		if _, err := r.Peek(1); err != nil {
			return all
		}
		resp, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return append(all, answer{body: "no HTTP: " + err.Error(), raw: string(received)})
		}
		body, err := io.ReadAll(resp.Body)
		a := answer{status: resp.StatusCode, body: string(body), cut: err != nil, raw: string(received)}
		a.mask(resp)
		all = append(all, a)
	}
}

var (
	idForm    = regexp.MustCompile(`^req_[a-z2-7]{26}$`)
	timeForm  = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	numbers   = regexp.MustCompile(`"retry_after":\d+`)
	stack     = regexp.MustCompile(`"stack_trace":"[^"]*"`)
	digits    = regexp.MustCompile(`^\d+$`)
	debugForm = regexp.MustCompile(`"debug":`)
)

// mask hides what may differ, if it has the form that it should have: what has
// not stays, and is seen.
func (a *answer) mask(resp *http.Response) {
	for name, values := range resp.Header {
		value := strings.Join(values, ", ")
		switch name {
		case "X-Request-Id":
			if idForm.MatchString(value) {
				a.body = strings.ReplaceAll(a.body, value, "ID")
				a.id, value = value, "ID"
			}
		case "Date":
			if _, err := http.ParseTime(value); err == nil {
				value = "TIME"
			}
		case "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "Ratelimit-Remaining", "Ratelimit-Reset", "Retry-After":
			value = digits.ReplaceAllString(value, "N")
		case "Content-Length":
			if stack.MatchString(a.body) { // which has the frames of the router
				value = digits.ReplaceAllString(value, "N")
			}
		}
		a.header = append(a.header, name+": "+value)
	}
	// net/http takes these out of the header.
	a.header = append(a.header, fmt.Sprintf("Connection: close %t", resp.Close), fmt.Sprintf("Transfer-Encoding: %s", resp.TransferEncoding))
	slices.Sort(a.header)
	a.body = timeForm.ReplaceAllString(a.body, "TIME")
	a.body = numbers.ReplaceAllString(a.body, `"retry_after":N`)
	a.body = stack.ReplaceAllString(a.body, `"stack_trace":"STACK"`)
}

// field returns a masked header line's value.
func (a answer) field(name string) string {
	for _, line := range a.header {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return value
		}
	}
	return ""
}
