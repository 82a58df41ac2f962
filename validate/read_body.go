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

// read checks the headers that speak about the body and reads it; a JSON body
// is scanned on the way. Steps that refuse without reading come first, so that a
// client that waits for 100 Continue never sends a body that nobody wants.
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

// receive reads the body of r into d: whole, or the parts of a form with that
// boundary one by one, unless their bytes are to be kept.
func (v *Validator) receive(d *document, w http.ResponseWriter, r *http.Request, boundary string, keep bool) (err error) {
	var deadline *http.ResponseController // to take back
	if w != nil && v.cfg.ReadTimeout > 0 {
		c := http.NewResponseController(w)
		if err := c.SetReadDeadline(time.Now().Add(v.cfg.ReadTimeout)); err == nil {
			deadline = c // else the writer has no deadlines, and is left alone
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
		// Only the server's own writer closes the connection behind a body that is
		// too large, and only if it is told so by this reader; behind a wrapped one
		// the rest would be read as the next request.
		_, _ = http.MaxBytesReader(exchange.Innermost(w), io.NopCloser(strings.NewReader("x")), 0).Read(make([]byte, 1))
	}
	switch {
	case err == nil && deadline != nil:
		return deadline.SetReadDeadline(time.Time{})
	case err != nil && r.ContentLength < 0 && r.ProtoMajor == 1:
		// A deadline that has passed stays: without it the server would wait for
		// the rest of the body before it sends the answer. So it would for the
		// rest of a chunked body that is refused early.
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

// empty stands for a body that is not there: an object without members where
// there is one to fill.
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

// scanTexts are the public texts of what the scan refuses. All else is in the
// style's words.
var scanTexts = map[strictjson.Kind]string{
	strictjson.Depth:    "Request body is nested too deeply",
	strictjson.Elements: textElements,
	strictjson.Number:   "Request body contains a number that is too long",
}

// A refusal is the cause of a body that the scan has refused. Its text is made
// only when somebody reads it, because clients choose how many there are.
type refusal struct{ fault *strictjson.Error }

func (r refusal) Error() string { return "validate: request body, " + r.fault.Error() }

// readError says why the body of r could not be read.
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

// pathOf tells the keys of maps from the names of members.
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

// A document is a body in memory and, if it is JSON, what the scan knows of it.
// One from the pool is overwritten with zeros before it goes back, because
// bodies hold passwords.
type document struct {
	data    []byte
	pooled  bool
	scanner *strictjson.Scanner // nil if the body is no JSON
	parts   *multipart.Form     // of a body with files
}

const (
	leastRead = 512      // bytes of the smallest buffer
	firstRead = 4 << 10  // where a body is scanned for the first time
	earlyRead = 64 << 10 // what comes so far is scanned before more is read; no longer buffer is kept
)

var documents = sync.Pool{New: func() any { return &document{pooled: true} }}

func newDocument(keep bool) *document {
	if keep {
		return new(document)
	}
	return documents.Get().(*document)
}

// fill reads a body of that length, or of any length if it is negative, but no
// more than most and the byte that tells that there is more. In the first 64 KiB
// it stops to scan what it has, so that a body that is wrong at its begin is
// refused there. A header that has kept its word so far is believed a little more.
func (d *document) fill(r io.Reader, length, most int64) error {
	for stop := int64(firstRead); ; {
		known := length >= int64(len(d.data))
		size := min(stop, most+1)
		if known {
			size = min(size, length+1) // the read that fills the buffer finds the end, too
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
				// What is too large and malformed, too, is malformed however it was
				// cut into reads.
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

// check scans what has been read so far.
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
	// MaxBytesReader has read one byte more than it told, if there was one.
	clear(d.data[:min(len(d.data)+1, cap(d.data))])
	d.data = d.data[:0]
	if cap(d.data) <= earlyRead {
		documents.Put(d)
	}
}
