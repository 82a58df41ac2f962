package validate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

const formType = "application/x-www-form-urlencoded"

// read checks the headers that speak about the body and reads it. Steps that
// refuse without reading come first, so that a client that waits for 100
// Continue never sends a body that nobody wants.
func (v *Validator) read(p *plan, w http.ResponseWriter, r *http.Request, keep bool) (*buffer, error) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return v.empty()
	}
	if err := v.checkHeaders(p, w, r); err != nil {
		return nil, err
	}
	if r.ContentLength > v.cfg.MaxBody {
		err := fmt.Errorf("validate: Content-Length of %d, at most %d are read", r.ContentLength, v.cfg.MaxBody)
		return nil, problem.PayloadTooLarge.Wrap(err, "")
	}
	b := newBuffer(r.ContentLength, keep)
	err := v.fill(b, w, r)
	switch {
	case err != nil:
		b.release()
		return nil, readError(r.Context(), err)
	case len(b.data) == 0 && r.ContentLength > 0:
		b.release()
		return nil, problem.Internal.Wrap(errors.New("validate: the body was read before"), "")
	case isBlank(b.data) && !v.cfg.AllowEmpty:
		b.release()
		return v.empty()
	}
	return b, nil
}

// fill reads the body into b.
func (v *Validator) fill(b *buffer, w http.ResponseWriter, r *http.Request) error {
	if w == nil {
		return b.fill(http.MaxBytesReader(nil, r.Body, v.cfg.MaxBody), r.ContentLength)
	}
	var deadline *http.ResponseController
	if v.cfg.ReadTimeout > 0 {
		c := http.NewResponseController(w)
		if err := c.SetReadDeadline(time.Now().Add(v.cfg.ReadTimeout)); err == nil {
			deadline = c // else the writer has no deadlines, and is left alone
		}
	}
	// Only the server's own writer closes the connection behind a body that is
	// too large; behind a wrapped one the rest would be read as the next request.
	body := http.MaxBytesReader(exchange.Innermost(w), r.Body, v.cfg.MaxBody)
	err := b.fill(body, r.ContentLength)
	if err != nil || deadline == nil {
		// A deadline that has passed stays: without it the server would wait for
		// the rest of the body before it sends the answer.
		return err
	}
	return deadline.SetReadDeadline(time.Time{})
}

func (v *Validator) empty() (*buffer, error) {
	if v.cfg.AllowEmpty {
		return new(buffer), nil
	}
	return nil, problem.InvalidRequest.New("Request body is required")
}

func readError(ctx context.Context, err error) error {
	var network net.Error
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return problem.PayloadTooLarge.Wrap(err, "")
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return problem.RequestTimeout.Wrap(err, "")
	case ctx.Err() != nil:
		return fmt.Errorf("validate: read the body: %w", ctx.Err())
	case errors.Is(err, http.ErrBodyReadAfterClose):
		return problem.Internal.Wrap(fmt.Errorf("validate: the body was read before: %w", err), "")
	}
	return problem.InvalidRequest.Wrap(fmt.Errorf("validate: read the body: %w", err), "Request body could not be read")
}

// checkHeaders checks media type and coding. Nothing is ever decompressed: a
// body of a kilobyte may hold a gigabyte.
func (v *Validator) checkHeaders(p *plan, w http.ResponseWriter, r *http.Request) error {
	wanted := v.cfg.MediaTypes
	if p.form {
		wanted = []string{formType}
	}
	if !v.acceptsType(wanted, r.Header["Content-Type"]) {
		setHeader(w, "Accept", strings.Join(wanted, ", "))
		return problem.UnsupportedMediaType.New("Content-Type must be " + strings.Join(wanted, " or "))
	}
	for _, coding := range r.Header["Content-Encoding"] {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
			setHeader(w, "Accept-Encoding", "identity")
			return problem.UnsupportedMediaType.New("Content-Encoding is not supported")
		}
	}
	return nil
}

func (v *Validator) acceptsType(wanted, lines []string) bool {
	switch {
	case len(lines) == 0:
		return v.cfg.AllowNoContentType
	case len(lines) > 1:
		return false
	case lines[0] == wanted[0]:
		return true // what nearly every request sends
	}
	got, params, err := mime.ParseMediaType(lines[0])
	if err != nil || strings.Count(strings.ToLower(lines[0]), "charset") > 1 {
		return false
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	for _, t := range wanted {
		prefix, suffix, wild := strings.Cut(t, "*")
		if got == t || wild && len(got) > len(t) && strings.HasPrefix(got, prefix) && strings.HasSuffix(got, suffix) {
			return true
		}
	}
	return false
}

func setHeader(w http.ResponseWriter, name, value string) {
	if w != nil {
		w.Header().Set(name, value)
	}
}

// isBlank reports whether data is white space only, as JSON has it.
func isBlank(data []byte) bool {
	c := cursor{data: data}
	c.space()
	return c.pos == len(data)
}

// A buffer holds a body. One from the pool is overwritten with zeros before it
// goes back, because bodies hold passwords.
type buffer struct {
	data   []byte
	pooled bool
}

// A body is believed to be this long at first, whatever its header claims; a
// longer buffer is not kept.
const firstRead = 64 << 10

var buffers = sync.Pool{New: func() any { return &buffer{data: make([]byte, 0, 512), pooled: true} }}

func newBuffer(length int64, keep bool) *buffer {
	// One more byte lets the read that fills the buffer find the end, too.
	size := int(min(max(length+1, 512), firstRead))
	if keep {
		return &buffer{data: make([]byte, 0, size)}
	}
	b := buffers.Get().(*buffer)
	if cap(b.data) < size {
		b.data = make([]byte, 0, size)
	}
	return b
}

// fill reads a body of that length, or of any length if it is negative.
func (b *buffer) fill(r io.Reader, length int64) error {
	for {
		if len(b.data) == cap(b.data) {
			b.grow(length)
		}
		n, err := r.Read(b.data[len(b.data):cap(b.data)])
		b.data = b.data[:len(b.data)+n]
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// grow makes room for more, and wipes the old buffer if it is shared. A header
// that has kept its word so far is believed a little more.
func (b *buffer) grow(length int64) {
	size := 2 * int64(cap(b.data))
	if length >= size {
		size = min(4*size, length+1)
	}
	data := append(make([]byte, 0, size), b.data...)
	if b.pooled {
		clear(b.data)
	}
	b.data = data
}

func (b *buffer) release() {
	if !b.pooled {
		return
	}
	// MaxBytesReader has read one byte more than it told, if there was one.
	clear(b.data[:min(len(b.data)+1, cap(b.data))])
	b.data = b.data[:0]
	if cap(b.data) <= firstRead {
		buffers.Put(b)
	}
}
