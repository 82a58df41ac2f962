package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/backstop-go/backstop/problem"
)

// maxBody is the number of bytes that are read of the body of an error.
const maxBody = 1 << 20

// Decode returns nil for a status below 400, and does not touch such an answer. For
// any other status it returns a *[problem.Error] that is [problem.Error.Remote]. If the
// body is in one of the given styles, the error has its kind, code, text, fields and
// details. Otherwise it has only the kind that the first style gives to the status. The
// request ID and the delay may also come from the header. Without styles, Decode uses
// [problem.RFC9457].
//
// Decode reads at most 1 MiB of the body and puts it back, so it may be called twice.
// The caller still has to close the body. Decode fetches nothing that the body links
// to.
//
// Give the one style of the API that you call. Several styles are for tools, because
// formats are hard to tell apart: many gateways send {"message":…}, and every Spring
// Boot service sends a timestamp with status and path.
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

// read returns the error in a body of the style, or nil. A body that is not valid UTF-8
// is not JSON, even if the decoder of the style would repair it.
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

// byStatus returns the error of an answer whose body is in none of the styles.
func byStatus(s *problem.Style, resp *http.Response) *problem.Error {
	return problem.Remote(s, resp.StatusCode, resp.Header, problem.View{})
}

// peek returns the begin of a body, and puts it back. If reading fails, it returns nil.
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

// putBack is a body whose begin was read before, and is read again.
type putBack struct {
	begin *bytes.Reader
	end   error // of reading behind the begin; nil if there may be more
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

// maxDrain is the number of bytes that are read to keep a connection. A new connection
// is cheaper than reading more.
const maxDrain = 64 << 10

// drop reads and closes an answer that the caller does not get, so that the next
// attempt can use the connection.
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
