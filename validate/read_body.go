package validate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
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
	if w != nil {
		// Only the server's own writer closes the connection behind a body that is
		// too large; behind a wrapped one the rest would be read as the next request.
		w = exchange.Innermost(w)
	}
	body := io.Reader(http.MaxBytesReader(w, r.Body, v.cfg.MaxBody))
	if boundary == "" || keep {
		err = d.fill(body, r.ContentLength)
	}
	if boundary != "" && err == nil {
		if keep {
			body = bytes.NewReader(d.data)
		}
		d.parts, err = v.readMultipart(r, body, boundary)
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

func readError(p *plan, r *http.Request, err error) error {
	var network net.Error
	if fault, ok := errors.AsType[*strictjson.Error](err); ok {
		return p.refusal(fault)
	}
	if _, ok := errors.AsType[*problem.Error](err); ok {
		return err
	}
	switch ctx := r.Context(); {
	case err == errConsumed:
		return problem.Internal.Wrap(err, "")
	case errors.As(err, new(*http.MaxBytesError)):
		return problem.PayloadTooLarge.Wrap(err, "")
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return problem.RequestTimeout.Wrap(err, "")
	case ctx.Err() != nil:
		return fmt.Errorf("validate: read the body: %w", ctx.Err())
	case errors.Is(err, http.ErrBodyReadAfterClose):
		return problem.Internal.Wrap(fmt.Errorf("%w: %w", errConsumed, err), "")
	}
	return problem.InvalidRequest.Wrap(fmt.Errorf("validate: read the body: %w", err), "Request body could not be read")
}

// refusal says why the scan has refused the body.
func (p *plan) refusal(fault *strictjson.Error) error {
	text := scanTexts[fault.Kind]
	if fault.Kind == strictjson.Duplicate {
		f := problem.FieldError{Path: p.body.pathOf(fault.Path)}
		text = string(f.AppendPath([]byte("Duplicate member "), problem.Brackets)) + " in request body"
	}
	return problem.InvalidRequest.Wrap(fmt.Errorf("validate: request body, %w", fault), text)
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
