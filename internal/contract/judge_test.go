package contract_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// document is an OpenAPI document, parsed by two libraries.
type document struct {
	kin       *openapi3.T
	pb33f     validator.Validator
	pathItems func(template string) *v3.PathItem
}

// read parses a document, which must be valid for both libraries.
func read(t *testing.T, text []byte) *document {
	t.Helper()
	d := &document{}
	var err error
	if d.kin, err = openapi3.NewLoader().LoadFromData(text); err != nil {
		t.Fatal(err)
	}
	if err := d.kin.Validate(t.Context()); err != nil {
		t.Errorf("kin-openapi finds fault with the document: %v", err)
	}
	doc, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	model, err := doc.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	d.pathItems = model.Model.Paths.PathItems.GetOrZero
	var errs []error
	if d.pb33f, errs = validator.NewValidator(doc); len(errs) > 0 {
		t.Fatal(errors.Join(errs...))
	}
	if ok, faults := d.pb33f.ValidateDocument(); !ok {
		for _, fault := range faults {
			t.Errorf("libopenapi-validator finds fault with the document: %v", fault)
		}
	}
	return d
}

// operation is the operation of a request.
type operation struct {
	method, template string
	params           map[string]string
	spec             *openapi3.Operation
}

func (o *operation) String() string { return o.method + " " + o.template }

// find returns the operation of a request, or nil if there is none.
func (d *document) find(method, target string) *operation {
	path, _, _ := strings.Cut(target, "?")
	var found *operation
	for template, item := range d.kin.Paths.Map() {
		spec := item.Operations()[method]
		params, ok := match(template, path)
		if ok && spec != nil && (found == nil || len(params) < len(found.params)) {
			found = &operation{method, template, params, spec}
		}
	}
	return found
}

// match compares a path with a template, segment by segment.
func match(template, path string) (params map[string]string, ok bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	params = map[string]string{}
	for i := range want {
		segment, err := url.PathUnescape(got[i])
		if err != nil {
			return nil, false
		}
		name, isParam := strings.CutPrefix(want[i], "{")
		switch {
		case isParam && segment != "":
			params[strings.TrimSuffix(name, "}")] = segment
		case segment != want[i]:
			return nil, false
		}
	}
	return params, true
}

// response is a whole answer, whose body each judge can read.
type response struct {
	status int
	header http.Header
	body   []byte
}

// judgeKin and judgePB33F return what is wrong with an answer.
func (d *document) judgeKin(op *operation, r response) error {
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request:    op.request(),
			PathParams: op.params,
			Route:      &routers.Route{Spec: d.kin, Path: op.template, PathItem: d.kin.Paths.Value(op.template), Method: op.method, Operation: op.spec},
		},
		Status:  r.status,
		Header:  r.header,
		Body:    io.NopCloser(bytes.NewReader(r.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	return openapi3filter.ValidateResponse(context.Background(), input)
}

func (d *document) judgePB33F(op *operation, r response) error {
	answer := &http.Response{
		StatusCode: r.status,
		Header:     r.header,
		Body:       io.NopCloser(bytes.NewReader(r.body)),
		Request:    op.request(),
	}
	ok, faults := d.pb33f.GetResponseBodyValidator().ValidateResponseBodyWithPathItem(op.request(), answer, d.pathItems(op.template), op.template)
	var errs []error
	for _, fault := range faults {
		errs = append(errs, fault)
		for _, detail := range fault.SchemaValidationErrors {
			errs = append(errs, detail)
		}
	}
	if !ok && errs == nil {
		return errors.New("refused without a reason")
	}
	return errors.Join(errs...)
}

func (o *operation) request() *http.Request {
	path := o.template
	for name, value := range o.params {
		path = strings.Replace(path, "{"+name+"}", url.PathEscape(value), 1)
	}
	r, err := http.NewRequest(o.method, path, nil)
	if err != nil {
		panic(err)
	}
	return r
}

// judges are the functions that check an answer.
var judges = []struct {
	name  string
	judge func(*document, *operation, response) error
}{
	{"kin-openapi", (*document).judgeKin},
	{"libopenapi-validator", (*document).judgePB33F},
}

func (r response) String() string { return fmt.Sprintf("%d %v\n%s", r.status, r.header, r.body) }
