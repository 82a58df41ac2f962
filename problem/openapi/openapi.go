// Package openapi describes the errors of an API in a document of OpenAPI 3.1:
//
//	doc, err := openapi.New(openapi.Config{
//		Responder: errs,
//		Title:     "Vault",
//		Version:   "1",
//		Errors:    []error{problem.RateLimited, problem.Timeout},
//		Operations: []openapi.Operation{
//			{Pattern: "GET /users/{id}", Errors: []error{problem.Unauthenticated, problem.NotFound}},
//		},
//	})
//	mux.Handle("GET /openapi.json", doc)
//
// The package documents only errors. Another tool, or a person, describes the requests
// and the successes. Pass that document as [Config.Base]: [New] adds the errors and
// overwrites nothing.
//
// The [problem.Responder] that answers requests also makes the document, so the
// statuses, texts, headers and examples are those that it sends. An operation has one
// response for each status, even if several kinds of error have that status. There is
// no default response, because a client could take it for a success. The 404 and 405 of
// a router are not documented, because they belong to no operation.
//
// https://spec.openapis.org/oas/v3.1.0
package openapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/backstop-go/backstop/problem"
)

// Config says what to document.
type Config struct {
	// Responder is the responder of the API. Required; its style must have a
	// Schema.
	Responder *problem.Responder

	Operations []Operation

	// Errors are errors of every operation, for example of a limiter or a deadline.
	// [problem.Internal] is always one of them.
	Errors []error

	// Base is a document of OpenAPI 3.1 in JSON, to which New adds the errors. A
	// response that Base has stays; a component that Base has must equal that of
	// New. Default: a document with only Title and Version.
	Base json.RawMessage

	// Title and Version of the API are required without Base, and ignored with it.
	Title, Version string

	// RequestID is the header that carries the request ID. Default
	// "X-Request-ID".
	RequestID string
}

// Operation is a route with its errors.
type Operation struct {
	// Pattern is a method and a path, such as "POST /users/{id}". Parameters may be
	// written as for [http.ServeMux], chi or gin.
	Pattern string

	// Errors are of type [problem.Kind], [problem.Code] or *[problem.Error].
	Errors []error
}

// Document is an OpenAPI document. It is an [http.Handler] that serves itself, and safe
// for concurrent use. Make it with [New].
type Document struct {
	json []byte
	etag string
}

// New makes a Document. The error joins all faults of cfg. Each fault names its
// operation or component.
func New(cfg Config) (*Document, error) {
	if cfg.RequestID == "" {
		cfg.RequestID = "X-Request-ID"
	}
	b := builder{cfg: cfg}
	b.base()
	known := b.readStyle()
	b.documentOperations()
	if known {
		b.addComponents()
	}
	if err := errors.Join(b.faults...); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b.doc.append(nil), "", "  "); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	out.WriteByte('\n')
	d := &Document{json: out.Bytes()}
	d.etag = fmt.Sprintf(`"%.16x"`, sha256.Sum256(d.json))
	return d, nil
}

// JSON returns a copy of the document.
func (d *Document) JSON() []byte { return slices.Clone(d.json) }

// ServeHTTP serves the document to GET and HEAD. It answers 304 to a client that sends
// the current ETag.
func (d *Document) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem.Respond(w, r, problem.MethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", d.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(d.json))
}
