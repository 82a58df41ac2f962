package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// addOperation adds the responses of an operation. A response that Base has stays as it
// is.
func (b *builder) addOperation(where string, p pattern, texts map[int][]string) {
	responses := b.openResponses(where, p)
	if responses == nil {
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

// openResponses returns the responses of an operation, new ones if Base has none,
// or nil after a fault.
func (b *builder) openResponses(where string, p pattern) *object {
	paths, ok := b.doc.open("paths")
	if !ok {
		b.fault("%s: paths of Base is not an object", where)
		return nil
	}
	template := p.template
	for _, m := range paths.members {
		if shape(m.name) == shape(template) {
			template = m.name // Base names the parameters
			break
		}
	}
	item, ok := paths.open(template)
	if !ok {
		b.fault("%s: its path in Base is not an object", where)
		return nil
	}
	if item.get("$ref") != nil {
		b.fault("%s: its path in Base is a reference, which cannot be added to", where)
		return nil
	}
	method := strings.ToLower(p.method)
	isNew := item.get(method) == nil
	op, ok := item.open(method)
	if !ok {
		b.fault("%s: it is not an object in Base", where)
		return nil
	}
	if isNew {
		b.addParameters(item, op, template)
	}
	responses, ok := op.open("responses")
	if !ok {
		b.fault("%s: its responses in Base are not an object", where)
	}
	return responses
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
		_ = json.Unmarshal(m.append(nil), &components) // after an error no reference is found
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
	schema, err := b.schema()
	if err != nil {
		b.fault("style %q: %w", b.style.Name, err)
	}
	components, ok := b.doc.open("components")
	if !ok {
		b.fault("components of Base is not an object")
		return
	}
	if schemas := b.section(components, "schemas"); schemas != nil && err == nil {
		b.addComponent(schemas, "schemas", "Error", schema)
	}
	if len(b.responses) == 0 {
		return
	}
	responses := b.section(components, "responses")
	if responses == nil {
		return
	}
	for _, status := range slices.Sorted(maps.Keys(b.responses)) {
		response := b.component(b.responses[status])
		b.addComponent(responses, "responses", "Error"+strconv.Itoa(status), response.append(nil))
	}
}

// section opens a section of the components, and returns nil after a fault.
func (b *builder) section(components *object, name string) *object {
	section, ok := components.open(name)
	if !ok {
		b.fault("components/%s of Base is not an object", name)
		return nil
	}
	return section
}

// schema returns the schema of the style. It catches a panic, because a style may be
// the user's code.
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
		return nil, errors.New("its Schema is not JSON")
	}
	return schema, nil
}

// addComponent adds a component, unless Base has the same.
func (b *builder) addComponent(section *object, sectionName, name string, text []byte) {
	switch m := section.get(name); {
	case m == nil:
		section.set(name, text)
	case !isSame(m.append(nil), text):
		b.fault("components/%s/%s of Base differs from that of the responder", sectionName, name)
	}
}
