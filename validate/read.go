package validate

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/internal/strictjson"
	"github.com/backstop-go/backstop/problem"
)

const formType = "application/x-www-form-urlencoded"

// read checks the headers that speak about the body and reads it; a JSON body
// is scanned on the way. Steps that refuse without reading come first, so that a
// client that waits for 100 Continue never sends a body that nobody wants.
func (v *Validator) read(p *plan, w http.ResponseWriter, r *http.Request, keep bool) (*document, error) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return v.empty(p, new(document))
	}
	if err := v.checkHeaders(p, w, r); err != nil {
		return nil, err
	}
	if r.ContentLength > v.cfg.MaxBody {
		err := fmt.Errorf("validate: Content-Length of %d, at most %d are read", r.ContentLength, v.cfg.MaxBody)
		return nil, problem.PayloadTooLarge.Wrap(err, "")
	}
	d := newDocument(r.ContentLength, keep)
	if p.body != nil {
		d.scanner = strictjson.NewScanner(v.limits())
	}
	err := v.fill(d, w, r)
	switch {
	case err != nil:
	case len(d.data) == 0 && r.ContentLength > 0:
		err = errConsumed
	case strictjson.IsBlank(d.data):
		return v.empty(p, d)
	case d.scanner != nil:
		err = d.scanner.Scan(d.data, true)
	}
	if err != nil {
		d.release()
		return nil, readError(r.Context(), p, err)
	}
	return d, nil
}

var errConsumed = errors.New("validate: the body was read before")

func (v *Validator) limits() strictjson.Limits {
	return strictjson.Limits{Depth: v.cfg.MaxDepth, Elements: v.cfg.MaxElements, Tokens: v.cfg.MaxTokens}
}

// fill reads the body into d.
func (v *Validator) fill(d *document, w http.ResponseWriter, r *http.Request) error {
	if w == nil {
		return d.fill(http.MaxBytesReader(nil, r.Body, v.cfg.MaxBody), r.ContentLength)
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
	err := d.fill(body, r.ContentLength)
	if _, refused := errors.AsType[*strictjson.Error](err); refused && r.ContentLength < 0 && r.ProtoMajor == 1 {
		// Else the server would read on, for the next request, before it answers.
		w.Header().Set("Connection", "close")
	}
	if err != nil || deadline == nil {
		// A deadline that has passed stays: without it the server would wait for
		// the rest of the body before it sends the answer.
		return err
	}
	return deadline.SetReadDeadline(time.Time{})
}

// empty stands for a body that is not there: an object without members where
// there is one to fill.
func (v *Validator) empty(p *plan, d *document) (*document, error) {
	if d.scanner != nil {
		d.scanner.Release()
		d.scanner = nil
	}
	if !v.cfg.AllowEmpty {
		d.release()
		return nil, problem.InvalidRequest.New("Request body is required")
	}
	if p.body == nil || p.body.shape != shapeStruct {
		return d, nil
	}
	d.scanner = strictjson.NewScanner(v.limits())
	return d, d.scanner.Scan([]byte("{}"), true)
}

// Public texts of what the scan refuses. All else is in the style's words.
const (
	textDepth    = "Request body is nested too deeply"
	textElements = "Request body has too many elements"
	textNumber   = "Request body contains a number that is too long"
)

func readError(ctx context.Context, p *plan, err error) error {
	var network net.Error
	if fault, ok := errors.AsType[*strictjson.Error](err); ok {
		return p.refusal(fault)
	}
	switch {
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
	err := fmt.Errorf("validate: request body, %w", fault)
	switch fault.Kind {
	case strictjson.Depth:
		return problem.InvalidRequest.Wrap(err, textDepth)
	case strictjson.Elements:
		return problem.InvalidRequest.Wrap(err, textElements)
	case strictjson.Number:
		return problem.InvalidRequest.Wrap(err, textNumber)
	case strictjson.Duplicate:
		f := problem.FieldError{Path: p.body.pathOf(fault.Path)}
		text := string(f.AppendPath([]byte("Duplicate member "), problem.Brackets)) + " in request body"
		return problem.InvalidRequest.Wrap(err, text)
	}
	return problem.InvalidRequest.Wrap(err, "")
}

// pathOf tells the keys of maps from the names of members.
func (n *node) pathOf(path []any) problem.Path {
	for i, segment := range path {
		name, named := segment.(string)
		switch {
		case n == nil:
		case n.shape == shapeMap && named:
			path[i], n = problem.Key(name), n.elem
		case n.shape == shapeStruct && named && n.object.byName[name] != nil:
			n = n.object.byName[name].node
		default:
			n = n.elem
		}
	}
	return path
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
