package questions

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

// Call is a request as it stands on the wire. It says Connection: close, so
// that whatever comes back, and nothing else, is the answer.
type Call struct {
	Method, Target string
	Header         []string
	Body           string
	Raw            string // instead of all else
}

// JSONType is the header of every body that is meant to be read.
const JSONType = "Content-Type: application/json"

func (c Call) bytes() string {
	if c.Raw != "" {
		return c.Raw
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", c.Method, c.Target)
	framed := false
	for _, line := range c.Header {
		framed = framed || strings.HasPrefix(line, "Content-Length:") || strings.HasPrefix(line, "Transfer-Encoding:")
		b.WriteString(line + "\r\n")
	}
	if c.Body != "" && !framed {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(c.Body))
	}
	return b.String() + "\r\n" + c.Body
}

// Answer is a response with everything masked that may differ: time, ID and the
// numbers of the limiter.
type Answer struct {
	Status int
	Header []string // sorted
	Body   string
	Cut    bool   // it ended too early
	ID     string // of the request, unmasked
	Raw    string // the whole of it, as received
}

// Number returns a header as it came, unmasked.
func (a Answer) Number(name string) string {
	for line := range strings.SplitSeq(a.Raw, "\r\n") {
		if field, value, ok := strings.Cut(line, ": "); ok && strings.EqualFold(field, name) {
			return value
		}
	}
	return ""
}

func (a Answer) String() string {
	s := fmt.Sprintf("%d\n  %s\n\n  %s", a.Status, strings.Join(a.Header, "\n  "), a.Body)
	if a.Cut {
		s += " [cut]"
	}
	return s
}

// Send plays a call and returns all responses that come back; none means that
// the connection was closed in silence.
func (s *Server) Send(c Call) []Answer {
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		return []Answer{{Body: err.Error()}}
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	// A server may refuse before it has read all; what counts is its answer.
	go io.WriteString(conn, c.bytes())
	received, err := io.ReadAll(conn)
	if err != nil {
		received = fmt.Appendf(received, "[%v]", err)
	}
	return parse(c.Method, received)
}

func parse(method string, received []byte) []Answer {
	var all []Answer
	for r := bufio.NewReader(bytes.NewReader(received)); ; method = "GET" {
		if _, err := r.Peek(1); err != nil {
			return all
		}
		resp, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return append(all, Answer{Body: "no HTTP: " + err.Error(), Raw: string(received)})
		}
		body, err := io.ReadAll(resp.Body)
		a := Answer{Status: resp.StatusCode, Body: string(body), Cut: err != nil, Raw: string(received)}
		a.mask(resp)
		all = append(all, a)
	}
}

// IDForm is the form of a request ID.
var IDForm = regexp.MustCompile(`^req_[a-z2-7]{26}$`)

var (
	timeForm = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	numbers  = regexp.MustCompile(`"retry_after":\d+`)
	stack    = regexp.MustCompile(`"stack_trace":"[^"]*"`)
	digits   = regexp.MustCompile(`^\d+$`)
)

// mask hides what may differ, if it has the form that it should have: what has
// not stays, and is seen.
func (a *Answer) mask(resp *http.Response) {
	for name, values := range resp.Header {
		value := strings.Join(values, ", ")
		switch name {
		case "X-Request-Id":
			if IDForm.MatchString(value) {
				a.Body = strings.ReplaceAll(a.Body, value, "ID")
				a.ID, value = value, "ID"
			}
		case "Date":
			if _, err := http.ParseTime(value); err == nil {
				value = "TIME"
			}
		case "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "Ratelimit-Remaining", "Ratelimit-Reset", "Retry-After":
			value = digits.ReplaceAllString(value, "N")
		case "Content-Length":
			if stack.MatchString(a.Body) { // which has the frames of the router
				value = digits.ReplaceAllString(value, "N")
			}
		}
		a.Header = append(a.Header, name+": "+value)
	}
	// net/http takes these out of the header.
	a.Header = append(a.Header, fmt.Sprintf("Connection: close %t", resp.Close), fmt.Sprintf("Transfer-Encoding: %s", resp.TransferEncoding))
	slices.Sort(a.Header)
	a.Body = timeForm.ReplaceAllString(a.Body, "TIME")
	a.Body = numbers.ReplaceAllString(a.Body, `"retry_after":N`)
	a.Body = stack.ReplaceAllString(a.Body, `"stack_trace":"STACK"`)
}

// Field returns a masked header line's value.
func (a Answer) Field(name string) string {
	for _, line := range a.Header {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return value
		}
	}
	return ""
}
