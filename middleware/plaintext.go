package middleware

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/backstop-go/backstop/internal/exchange"
)

const (
	maxJSON    = 64 << 10 // of what may be JSON; more counts as JSON
	maxSniffed = 512      // as http.DetectContentType has it
)

// plainText replaces errors that were written as plain text.
var plainText = &exchange.Rewriter{Judge: judge, Answer: rewrite}

// judge takes an error for plain text if its type says so, or if it has no type and
// begins like text, unless it is JSON. The request has no say: its Accept header does
// not tell who has written the answer, nor its Accept-Encoding what that says.
func judge(h http.Header, encoded bool, body []byte, whole bool) exchange.Verdict {
	other, plain := declared(h)
	if other {
		return exchange.Meant
	}
	if encoded && len(body) > 0 {
		text, err := decoded(h, body)
		switch {
		case err == nil:
			body = text
		case !whole && len(body) < maxSniffed && err != errors.ErrUnsupported:
			return exchange.Undecided // the begin is not all there
		case plain:
			return exchange.Text
		default:
			return exchange.Meant
		}
	}
	if !plain {
		if len(body) < maxSniffed && !whole {
			return exchange.Undecided
		}
		if !isText(body) {
			return exchange.Meant
		}
	}
	text := bytes.TrimLeft(body[:min(len(body), maxSniffed)], " \t\r\n")
	switch {
	case len(text) == 0 && !whole && len(body) < maxSniffed:
		return exchange.Undecided
	case len(text) == 0, text[0] != '{' && text[0] != '[':
		return exchange.Text
	case len(body) > maxJSON, whole && json.Valid(body):
		return exchange.Meant
	case whole:
		return exchange.Text
	}
	return exchange.Undecided
}

// decoded undoes what a compressor has done to the begin of a body, as far as the
// standard library can. What the compressor still holds is missing.
func decoded(h http.Header, body []byte) ([]byte, error) {
	in, err := decoder(h.Get("Content-Encoding"), body)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(in, maxJSON+1))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return text, nil
	}
	return text, err
}

func decoder(encoding string, body []byte) (io.Reader, error) {
	switch encoding {
	case "gzip":
		return gzip.NewReader(bytes.NewReader(body))
	case "deflate":
		if z, err := zlib.NewReader(bytes.NewReader(body)); err == nil {
			return z, nil
		}
		return flate.NewReader(bytes.NewReader(body)), nil // as many compressors understand the word
	}
	return nil, errors.ErrUnsupported
}

// declared reports whether a header has a type other than the plain text of
// http.Error, or else has that. A type with another parameter is the choice of the
// handler.
func declared(h http.Header) (other, plain bool) {
	for _, value := range h["Content-Type"] {
		if strings.TrimSpace(value) == "" {
			continue
		}
		if !isPlain(value) {
			return true, false
		}
		plain = true
	}
	return false, plain
}

func isPlain(value string) bool {
	if value == "text/plain; charset=utf-8" {
		return true
	}
	name, params, err := mime.ParseMediaType(value)
	if err != nil || name != "text/plain" {
		return false
	}
	for key, value := range params {
		if key != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}

// timeoutPage is what http.TimeoutHandler sends, without a type.
const timeoutPage = "<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>"

// isText reports whether net/http would take a body without a type for text, or
// for nothing that it knows.
func isText(body []byte) bool {
	sniffed := http.DetectContentType(body)
	return strings.HasPrefix(sniffed, "text/plain") || sniffed == "application/octet-stream" || string(body) == timeoutPage
}
