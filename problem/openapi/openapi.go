// Package openapi publishes the errors of an API as a document of OpenAPI 3.1:
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
// The package documents errors alone. Another tool, or a person, describes the
// requests and the successes. Pass that document as [Config.Base], and the errors
// are added to it. Nothing in it is overwritten.
//
// The [problem.Responder] that answers also makes the document. So the statuses,
// texts, headers and examples are those that it sends. There is one response
// component for each status, because an operation has one response for each, and
// several kinds of error may have the same status. There is no default response,
// because a client could take one for a success. The 404 and 405 of a router belong
// to no operation.
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
	// Responder is the one that answers. Required, and so is the Schema of its
	// style.
	Responder *problem.Responder

	Operations []Operation

	// Errors are those of every operation: of a limiter, of a deadline.
	// [problem.Internal] is always among them.
	Errors []error

	// Base is a document of OpenAPI 3.1 in JSON, to be added to. A response that
	// it has stays, and a component that it has must be the same. Default: one
	// with nothing but Title and Version.
	Base json.RawMessage

	// Title and Version of the API are required without Base, and not used with
	// it.
	Title, Version string

	// RequestID is the header that carries the request ID. Default
	// "X-Request-ID".
	RequestID string
}

// Operation is a route and what can go wrong there.
type Operation struct {
	// Pattern is a method and a path, as in "POST /users/{id}". The parameters may
	// be written as [http.ServeMux], chi or gin have them.
	Pattern string

	// Errors are Kinds, Codes, and Errors with texts of their own.
	Errors []error
}

// Document is what clients may read. It is an [http.Handler], and nothing serves
// it by itself.
type Document struct {
	json []byte
	etag string
}

// New makes a Document. The error joins all faults of cfg, and each names the
// operation or component that it is about.
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

// ServeHTTP serves the document to GET and HEAD. A client that has it already is
// told so.
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
