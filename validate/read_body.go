package validate

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/internal/strictjson"
	"github.com/backstop-go/backstop/problem"
)

// read checks the headers of the body, reads the body, and scans it if it is JSON. The
// headers come first: a client that waits for 100 Continue does not send a body that
// they refuse.
func (v *Validator) read(p *plan, w http.ResponseWriter, r *http.Request, keep bool) (*document, error) {
	boundary, err := "", error(nil)
	if !isBodyless(r) {
		if boundary, err = v.checkHeaders(p, w, r); err != nil {
			return nil, err
		}
	}
	d := newDocument(keep)
	if p.body != nil {
		d.scanner = strictjson.NewScanner(v.limits())
	}
	if !isBodyless(r) {
		err = v.receive(d, w, r, boundary, keep)
	}
	switch {
	case err != nil, d.parts != nil:
	case len(d.data) == 0 && r.ContentLength > 0:
		err = errConsumed
	case strictjson.IsBlank(d.data):
		err = v.empty(p, d)
	case d.scanner != nil:
		err = d.scanner.Scan(d.data, true)
	}
	if err != nil {
		d.release()
		return nil, readError(p, r, err)
	}
	return d, nil
}

// receive reads the body of r into d. It reads the parts of a multipart form one by
// one, unless the bytes of the body must be kept.
func (v *Validator) receive(d *document, w http.ResponseWriter, r *http.Request, boundary string, keep bool) (err error) {
	var deadline *http.ResponseController // nil if no deadline was set
	if w != nil && v.cfg.ReadTimeout > 0 {
		c := http.NewResponseController(w)
		if err := c.SetReadDeadline(time.Now().Add(v.cfg.ReadTimeout)); err == nil {
			deadline = c
		}
	}
	if boundary == "" || keep {
		err = d.fill(r.Body, r.ContentLength, v.cfg.MaxBody)
	}
	if boundary != "" && err == nil {
		body := http.MaxBytesReader(exchange.Innermost(w), r.Body, v.cfg.MaxBody)
		if keep {
			body = io.NopCloser(bytes.NewReader(d.data))
		}
		d.parts, err = v.readMultipart(r, body, boundary)
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		// This reader tells the server to close the connection behind a body that is
		// too large, else the rest of the body would be read as the next request.
		// That works only with the server's own writer, not with one that wraps it.
		_, _ = http.MaxBytesReader(exchange.Innermost(w), io.NopCloser(strings.NewReader("x")), 0).Read(make([]byte, 1))
	}
	switch {
	case err == nil && deadline != nil:
		return deadline.SetReadDeadline(time.Time{})
	case err != nil && r.ContentLength < 0 && r.ProtoMajor == 1:
		// A deadline that has passed is left in place: without it the server would
		// wait for the rest of the body before it sends the answer. It would do the
		// same for a chunked body that is refused early, so that connection closes.
		if _, early := errors.AsType[*strictjson.Error](err); early {
			setHeader(w, "Connection", "close")
		}
	}
	return err
}

func isBodyless(r *http.Request) bool {
	return r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0
}

var errConsumed = errors.New("validate: the body was read before")

func (v *Validator) limits() strictjson.Limits {
	return strictjson.Limits{Depth: v.cfg.MaxDepth, Elements: v.cfg.MaxElements, Tokens: v.cfg.MaxTokens}
}

// empty reads an empty body: if T is a struct, as an object without members.
func (v *Validator) empty(p *plan, d *document) error {
	switch {
	case !v.cfg.AllowEmpty:
		return problem.InvalidRequest.New("Request body is required")
	case p.body != nil && p.body.want == problem.TypeObject:
		return d.scanner.Scan([]byte("{}"), true)
	case p.body != nil:
		d.scanner.Release()
		d.scanner = nil
	}
	return nil
}

const textElements = "Request body has too many elements"

// scanTexts are the public texts for refusals of the scan. For all other refusals the
// style has a text.
var scanTexts = map[strictjson.Kind]string{
	strictjson.Depth:    "Request body is nested too deeply",
	strictjson.Elements: textElements,
	strictjson.Number:   "Request body contains a number that is too long",
}

// A refusal is the cause of the error for a body that the scan has refused. Its text is
// made only when somebody reads it, because clients choose how many there are.
type refusal struct{ fault *strictjson.Error }

func (r refusal) Error() string { return "validate: request body, " + r.fault.Error() }

// readError returns the answer to an error of reading the body of r.
func readError(p *plan, r *http.Request, err error) error {
	var network net.Error
	if fault, ok := errors.AsType[*strictjson.Error](err); ok {
		text := scanTexts[fault.Kind]
		if fault.Kind == strictjson.Duplicate {
			f := problem.FieldError{Path: p.body.pathOf(fault.Path)}
			text = string(f.AppendPath([]byte("Duplicate member "), problem.Brackets)) + " in request body"
		}
		return problem.InvalidRequest.Wrap(refusal{fault}, text)
	}
	if _, ok := errors.AsType[*problem.Error](err); ok {
		return err
	}
	switch ctx := r.Context(); {
	case err == errConsumed:
		return problem.Internal.Wrap(err, "")
	case errors.As(err, new(*http.MaxBytesError)):
		return problem.PayloadTooLarge.Wrap(err, "")
	case errors.As(err, &network) && network.Timeout():
		return problem.RequestTimeout.Wrap(err, "")
	case ctx.Err() != nil:
		return fmt.Errorf("validate: read the body: %w", ctx.Err())
	case errors.Is(err, http.ErrBodyReadAfterClose):
		return problem.Internal.Wrap(fmt.Errorf("%w: %w", errConsumed, err), "")
	}
	return problem.InvalidRequest.Wrap(fmt.Errorf("validate: read the body: %w", err), "Request body could not be read")
}

// pathOf marks the segments of a path that are keys of maps, not names of members.
func (n *node) pathOf(path []any) problem.Path {
	for i, segment := range path {
		name, named := segment.(string)
		switch {
		case n == nil:
		case n.want == problem.TypeMap && named:
			path[i], n = problem.Key(name), n.elem
		case n.object != nil && named && n.object.byName[name] != nil:
			n = n.object.byName[name].node
		default:
			n = n.elem
		}
	}
	return path
}

func setHeader(w http.ResponseWriter, name, value string) {
	if w != nil {
		w.Header().Set(name, value)
	}
}

// A document is a body in memory and, if it is JSON, its scanner. A document from the
// pool is overwritten with zeros before it goes back, because bodies hold passwords.
type document struct {
	data    []byte
	pooled  bool
	scanner *strictjson.Scanner // nil if the body is not JSON
	parts   *multipart.Form     // of a multipart body
}

const (
	leastRead = 512      // bytes of the smallest buffer
	firstRead = 4 << 10  // bytes before the first scan
	earlyRead = 64 << 10 // bytes up to which a body is scanned while it is read, and of the largest pooled buffer
)

var documents = sync.Pool{New: func() any { return &document{pooled: true} }}

func newDocument(keep bool) *document {
	if keep {
		return new(document)
	}
	return documents.Get().(*document)
}

// fill reads a body of that length, or of unknown length if it is negative, but at most
// most bytes and one more, which shows that the body is too large. Within the first 64
// KiB it stops several times to scan, so that a body that is malformed near its begin
// is refused there. The buffer grows step by step, whatever the Content-Length says;
// the steps are larger if there is one.
func (d *document) fill(r io.Reader, length, most int64) error {
	for stop := int64(firstRead); ; {
		known := length >= int64(len(d.data))
		size := min(stop, most+1)
		if known {
			size = min(size, length+1) // one byte more, so that the same read finds the end
		}
		d.grow(int(size))
		for len(d.data) < int(size) {
			n, err := r.Read(d.data[len(d.data):size])
			d.data = d.data[:len(d.data)+n]
			if int64(len(d.data)) > most {
				err = &http.MaxBytesError{Limit: most}
			}
			switch _, tooLarge := errors.AsType[*http.MaxBytesError](err); {
			case tooLarge:
				// A body that is both too large and malformed is reported as
				// malformed, however the network has cut it.
				return cmp.Or(d.check(), err)
			case err == io.EOF:
				return nil
			case err != nil:
				return err
			}
		}
		if size <= earlyRead {
			if err := d.check(); err != nil {
				return err
			}
		}
		stop *= 2
		if known || stop < earlyRead {
			stop *= 2
		}
	}
}

// check scans the bytes that have been read so far.
func (d *document) check() error {
	if d.scanner == nil {
		return nil
	}
	return d.scanner.Scan(d.data, false)
}

// grow makes room for size bytes, and wipes the old buffer if it is shared.
func (d *document) grow(size int) {
	if cap(d.data) >= size {
		return
	}
	data := append(make([]byte, 0, max(size, leastRead)), d.data...)
	if d.pooled {
		clear(d.data)
	}
	d.data = data
}

func (d *document) release() {
	if d.scanner != nil {
		d.scanner.Release()
	}
	d.scanner, d.parts = nil, nil
	if !d.pooled {
		return
	}
	// A MaxBytesReader may have read one byte more than it has reported.
	clear(d.data[:min(len(d.data)+1, cap(d.data))])
	d.data = d.data[:0]
	if cap(d.data) <= earlyRead {
		documents.Put(d)
	}
}
