package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/backstop-go/backstop/internal/jsonappend"
	"github.com/backstop-go/backstop/problem"
)

// builder makes a document, and goes on after a fault to find the next one.
type builder struct {
	cfg            Config
	style          problem.Style
	hidesForbidden bool
	doc            *object
	faults         []error
	codes          []string
	responses      map[int]*response
}

func (b *builder) fault(format string, args ...any) {
	b.faults = append(b.faults, fmt.Errorf("openapi: "+format, args...))
}

// base reads Config.Base, or begins a document.
func (b *builder) base() {
	b.doc = &object{}
	if len(b.cfg.Base) > 0 {
		b.readBase()
		return
	}
	if b.cfg.Title == "" {
		b.fault("without Base a Title is required")
	}
	if b.cfg.Version == "" {
		b.fault("without Base a Version is required")
	}
	b.doc.setString("openapi", "3.1.0")
	info := b.doc.add("info")
	info.setString("title", b.cfg.Title)
	info.setString("version", b.cfg.Version)
	b.doc.add("paths")
}

func (b *builder) readBase() {
	doc, ok := parseObject(b.cfg.Base)
	if !ok {
		b.fault("Base is no JSON object (a YAML document has to be converted), or has a name twice")
		return
	}
	if version := doc.stringOf("openapi"); version != "3.1" && !strings.HasPrefix(version, "3.1.") {
		b.fault("Base is a document of OpenAPI %q, want 3.1", version)
		return
	}
	b.doc = doc
}

// readStyle asks the responder who it is, and reports whether it can be asked for
// examples.
func (b *builder) readStyle() bool {
	if b.cfg.Responder == nil {
		b.fault("a Responder is required")
		return false
	}
	b.style = b.cfg.Responder.Style()
	if !isToken(b.cfg.RequestID) {
		b.fault("RequestID %q is no name of a header", b.cfg.RequestID)
	}
	forbidden, notFound := b.preview(problem.Forbidden, "GET", "/"), b.preview(problem.NotFound, "GET", "/")
	b.hidesForbidden = forbidden.status == notFound.status && forbidden.body == notFound.body
	return true
}

// isToken reports whether a text may be the name of a header.
//
// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
func isToken(text string) bool {
	const marks = "!#$%&'*+-.^_`|~"
	for _, c := range text {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune(marks, c)) {
			return false
		}
	}
	return text != ""
}

// documentAll adds all operations and what they refer to.
func (b *builder) documentAll() {
	b.responses = map[int]*response{}
	b.readVocabulary()
	common := b.failures("Config.Errors", append(slices.Clone(b.cfg.Errors), problem.Internal))
	patterns := map[string]string{} // as written, by what they match
	for _, op := range b.cfg.Operations {
		where := fmt.Sprintf("operation %q", op.Pattern)
		own := b.failures(where, op.Errors)
		p, err := parsePattern(op.Pattern)
		if err != nil {
			b.fault("%s: %w", where, err)
			continue
		}
		route := p.method + " " + shape(p.template)
		if first, ok := patterns[route]; ok {
			b.fault("%s: the pattern stands twice, first as %q", where, first)
			continue
		}
		patterns[route] = op.Pattern
		b.addOperation(where, p, b.answers(p, slices.Concat(own, common)))
	}
	b.addComponents()
}

// readVocabulary collects the codes of the style.
func (b *builder) readVocabulary() {
	for _, c := range b.style.Codes {
		b.addCode(c.Name)
	}
	for _, o := range b.style.Outcomes {
		b.addCode(o.Code)
	}
	b.addCode(b.style.Shape.Code)
}

func (b *builder) addCode(name string) {
	if name != "" && !slices.Contains(b.codes, name) {
		b.codes = append(b.codes, name)
	}
}

// answers adds to the responses what an operation may end in, and returns the
// texts of its errors by status.
func (b *builder) answers(p pattern, all []failure) map[int][]string {
	texts := map[int][]string{}
	for _, f := range all {
		b.addCode(f.code)
		a := b.preview(f.err, p.method, "/")
		s := b.responses[a.status]
		if s == nil {
			s = &response{status: a.status}
			b.responses[a.status] = s
		}
		s.take(b, f, a, p)
		if !slices.Contains(texts[a.status], f.text) {
			texts[a.status] = append(texts[a.status], f.text)
		}
	}
	return texts
}

// addOperation adds an operation, or to it if Base has it. What Base says of a
// status stays.
func (b *builder) addOperation(where string, p pattern, texts map[int][]string) {
	paths, ok := b.doc.open("paths")
	if !ok {
		b.fault("paths of Base is no object")
		return
	}
	template := p.template
	for _, m := range paths.members {
		if shape(m.name) == shape(template) {
			template = m.name // the names of parameters are those of Base
			break
		}
	}
	item, ok := paths.open(template)
	if !ok {
		b.fault("%s: its path in Base is no object", where)
		return
	}
	if item.get("$ref") != nil {
		b.fault("%s: its path in Base is a reference, which cannot be added to", where)
		return
	}
	method := strings.ToLower(p.method)
	isNew := item.get(method) == nil
	op, ok := item.open(method)
	if !ok {
		b.fault("%s: it is no object in Base", where)
		return
	}
	if isNew {
		b.addParameters(item, op, template)
	}
	responses, ok := op.open("responses")
	if !ok {
		b.fault("%s: its responses in Base are no object", where)
		return
	}
	for _, status := range slices.Sorted(maps.Keys(texts)) {
		name := strconv.Itoa(status)
		if responses.get(name) != nil {
			continue
		}
		ref := responses.add(name)
		ref.setString("$ref", "#/components/responses/Error"+name)
		ref.setString("description", strings.Join(texts[status], " / "))
	}
}

// addParameters adds the parameters of a path that Base does not declare for the
// path as a whole.
func (b *builder) addParameters(item, op *object, template string) {
	p := pattern{path: template}
	if p.translate() != nil || len(p.params) == 0 {
		return
	}
	var params []byte
	for _, name := range p.params {
		if b.declares(item, name) {
			continue
		}
		param := &object{}
		param.setString("name", name)
		param.setString("in", "path")
		param.set("required", []byte("true"))
		param.set("schema", []byte(`{"type":"string"}`))
		params = param.append(append(params, ','))
	}
	if params != nil {
		params[0] = '['
		op.set("parameters", append(params, ']'))
	}
}

// declares reports whether a path item has a path parameter of a name.
func (b *builder) declares(item *object, name string) bool {
	m := item.get("parameters")
	if m == nil {
		return false
	}
	type parameter struct {
		Ref  string `json:"$ref"`
		Name string `json:"name"`
		In   string `json:"in"`
	}
	var params []parameter
	if json.Unmarshal(m.text, &params) != nil {
		return false
	}
	var components struct {
		Parameters map[string]parameter `json:"parameters"`
	}
	if m := b.doc.get("components"); m != nil {
		_ = json.Unmarshal(m.append(nil), &components) // without them no reference is found
	}
	return slices.ContainsFunc(params, func(p parameter) bool {
		if ref, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
			p = components.Parameters[ref]
		}
		return p.In == "path" && p.Name == name
	})
}

// addComponents adds the schema of the body, and the responses by status.
func (b *builder) addComponents() {
	components, ok := b.doc.open("components")
	if !ok {
		b.fault("components of Base is no object")
		return
	}
	if schema, err := b.schema(); err != nil {
		b.fault("style %q: %w", b.style.Name, err)
	} else {
		b.addComponent(components, "schemas", "Error", schema)
	}
	for _, status := range slices.Sorted(maps.Keys(b.responses)) {
		response := b.component(b.responses[status])
		b.addComponent(components, "responses", "Error"+strconv.Itoa(status), response.append(nil))
	}
}

// schema asks the style, which is foreign code, for its schema.
func (b *builder) schema() (schema []byte, err error) {
	if b.style.Schema == nil {
		return nil, errors.New("it has no Schema")
	}
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("panic in Schema: %v", value)
		}
	}()
	if schema = b.style.Schema(slices.Clone(b.codes)); !json.Valid(schema) {
		return nil, errors.New("its Schema is no JSON")
	}
	return schema, nil
}

// addComponent adds a component, unless Base has the same.
func (b *builder) addComponent(components *object, section, name string, text []byte) {
	all, ok := components.open(section)
	if !ok {
		b.fault("components/%s of Base is no object", section)
		return
	}
	switch m := all.get(name); {
	case m == nil:
		all.set(name, text)
	case !isSame(m.append(nil), text):
		b.fault("components/%s/%s of Base is another one", section, name)
	}
}

// component describes what is answered with a status.
func (b *builder) component(s *response) *object {
	o := &object{}
	o.setString("description", problem.StatusText(s.status))
	b.addHeaders(o.add("headers"), s)
	media := o.add("content").add(b.style.ContentType)
	media.add("schema").setString("$ref", "#/components/schemas/Error")
	examples := media.add("examples")
	for _, e := range s.examples {
		value := []byte(e.body)
		if !strings.Contains(b.style.ContentType, "json") || !json.Valid(value) {
			value = jsonappend.String(nil, e.body)
		}
		examples.add(e.key).set("value", value)
	}
	return o
}
