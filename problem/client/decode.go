package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/backstop-go/backstop/problem"
)

// maxBody is how much of an error's body is read, in bytes.
const maxBody = 1 << 20

// Decode returns nil for a status below 400, and leaves such an answer alone. Of
// any other it returns a *[problem.Error] that is Remote: with kind, code, text,
// fields and details if the body is one of the given styles, else with the kind
// of the status alone in the first of them. The request ID and the delay may also
// come from the header. No styles means [problem.RFC9457].
//
// At most 1 MiB of the body is read, and all of it is put back, followed by the
// rest or by the error that reading has met. So Decode may be called twice, and
// the body is still the caller's to close. Nothing that the body links to is
// fetched.
//
// Give the one style of the API that you call. Several are for tools: the marks
// of a format are weak, {"message":…} is also what many gateways send, and a
// timestamp with status and path is any Spring Boot service.
func Decode(resp *http.Response, styles ...problem.Style) error {
	if resp.StatusCode < http.StatusBadRequest {
		return nil
	}
	if len(styles) == 0 {
		styles = []problem.Style{problem.RFC9457}
	}
	body := peek(resp)
	for i := range styles {
		if e := read(&styles[i], resp, body); e != nil {
			return e
		}
	}
	return byStatus(&styles[0], resp)
}

// read returns the error that a body of the style is, nil if it is none. A body
// that is not valid UTF-8 is no JSON, however a decoder may mend it.
func read(s *problem.Style, resp *http.Response, body []byte) *problem.Error {
	if s.Decode == nil || !utf8.Valid(body) {
		return nil
	}
	e, err := s.Decode(s, resp.StatusCode, resp.Header, body)
	if err != nil || !e.Remote() {
		return nil
	}
	return e
}

// byStatus is the error of an answer whose body says nothing.
func byStatus(s *problem.Style, resp *http.Response) *problem.Error {
	return problem.Remote(s, resp.StatusCode, resp.Header, problem.View{})
}

// peek returns the begin of a body, and puts it back. A body that was cut says
// nothing.
func peek(resp *http.Response) []byte {
	if resp.Body == nil || resp.Body == http.NoBody {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	b := &putBack{begin: bytes.NewReader(data), ReadCloser: resp.Body}
	resp.Body = b
	if err != nil {
		b.end = err
		return nil
	}
	if len(data) < maxBody {
		b.end = io.EOF
	}
	return data
}

// putBack is a body whose begin was read before.
type putBack struct {
	begin *bytes.Reader
	end   error // what reading met behind the begin; nil if there may be more
	io.ReadCloser
}

func (b *putBack) Read(p []byte) (int, error) {
	if n, err := b.begin.Read(p); !errors.Is(err, io.EOF) {
		return n, err
	}
	if b.end != nil {
		return 0, b.end
	}
	return b.ReadCloser.Read(p)
}

// maxDrain is how much of an answer's rest is read for the sake of its
// connection, in bytes. Another connection is cheaper than more.
const maxDrain = 64 << 10

// drop reads and closes an answer that is not handed out, so that the next
// attempt finds the connection free.
func drop(resp *http.Response) {
	if resp == nil || resp.Body == nil {
		return
	}
	if b, ok := resp.Body.(*putBack); !ok {
		io.CopyN(io.Discard, resp.Body, maxDrain)
	} else if b.end == nil {
		io.CopyN(io.Discard, b.ReadCloser, maxDrain)
	}
	resp.Body.Close()
}
