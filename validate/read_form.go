package validate

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

const (
	formType      = "application/x-www-form-urlencoded"
	multipartType = "multipart/form-data"
)

// fileMemory is how many bytes of the files in one form stay in memory. The rest goes
// to temporary files.
const fileMemory = 1 << 20

// A pair is one name and its value in a query or form.
type pair struct{ name, value string }

// parsePairs parses a query or form. Unlike [url.ParseQuery] it returns nothing if any
// pair is malformed, and it counts the pairs before it parses one.
func (v *Validator) parsePairs(text, what string) ([]pair, error) {
	if text == "" {
		return nil, nil
	}
	n := strings.Count(text, "&") + 1
	if n > v.cfg.MaxParams {
		return nil, errTooMany
	}
	pairs := make([]pair, 0, n)
	for part := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil || strings.Contains(part, ";") {
			return nil, problem.InvalidRequest.New("Malformed " + what)
		}
		if part != "" {
			pairs = append(pairs, pair{name, value})
		}
	}
	return pairs, nil
}

var errTooMany = problem.InvalidRequest.New("Too many parameters")

// A tally counts the bytes of a reader and keeps its error, because package multipart
// hides both.
type tally struct {
	io.Reader
	n   int64
	err error
}

func (c *tally) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	if err != io.EOF {
		c.err = err
	}
	return n, err
}

// readMultipart reads the parts of a multipart form. It puts the form into r and into
// the exchange, because net/http and the exchange remove its temporary files.
func (v *Validator) readMultipart(r *http.Request, body io.Reader, boundary string) (*multipart.Form, error) {
	from := &tally{Reader: body}
	form, err := multipart.NewReader(from, boundary).ReadForm(fileMemory)
	switch {
	case from.err != nil:
		return nil, from.err
	case from.n == 0 && r.ContentLength > 0:
		return nil, errConsumed
	case errors.Is(err, multipart.ErrMessageTooLarge) && from.n > 10<<20: // more text than multipart keeps in memory
		return nil, problem.PayloadTooLarge.Wrap(fmt.Errorf("validate: read the form: %w", err), "")
	case errors.Is(err, multipart.ErrMessageTooLarge):
		return nil, errTooMany
	case err != nil:
		return nil, problem.InvalidRequest.Wrap(fmt.Errorf("validate: read the form: %w", err), "Malformed form body")
	}
	parts := 0
	for _, values := range form.Value {
		parts += len(values)
	}
	for _, files := range form.File {
		parts += len(files)
		for _, f := range files {
			f.Filename = baseName(f.Filename)
		}
	}
	if parts > v.cfg.MaxParams {
		form.RemoveAll()
		return nil, errTooMany
	}
	r.MultipartForm = form
	exchange.CopyBack(r, r)
	return form, nil
}

// removeFiles removes the temporary files of a form, if r has any.
func removeFiles(r *http.Request) {
	if r.MultipartForm != nil {
		r.MultipartForm.RemoveAll()
	}
}

// baseName returns the name of a file without its path, in the syntax of any system, so
// that a name cannot lead out of a folder.
func baseName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	if name == "." || name == ".." {
		return ""
	}
	return name
}
