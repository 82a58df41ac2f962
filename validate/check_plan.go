package validate

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/backstop-go/backstop/problem"
)

// plan returns the plan of t.
func (v *Validator) plan(t reflect.Type) *plan {
	build, ok := v.plans.Load(t)
	if !ok {
		build, _ = v.plans.LoadOrStore(t, sync.OnceValue(func() *plan { return v.build(t) }))
	}
	return build.(func() *plan)()
}

func (v *Validator) build(t reflect.Type) *plan {
	b := &builder{v: v}
	p := b.build(t)
	fields := p.top.object.fields
	if p.gin && slices.ContainsFunc(fields, (*field).hasForm) {
		members := slices.ContainsFunc(fields, func(f *field) bool { return f.jsonName() != "" })
		if !members {
			b.faults = nil
		}
		b.isForm = true
		p.forms = b.build(t)
		if !members {
			p = p.forms
		}
	}
	p.fault = errors.Join(b.faults...)
	return p
}

// build makes the plan of t, for forms or for JSON.
func (b *builder) build(t reflect.Type) *plan {
	b.plan = &plan{gin: b.v.cfg.TagName == binding, engine: b.v.newEngine()}
	b.nodes, b.rules, b.described = map[reflect.Type]*node{}, map[reflect.Type]map[string]string{}, nil
	b.root = indirect(t)
	path := cmp.Or(b.root.Name(), "struct")
	if b.root.Kind() != reflect.Struct || b.root == timeType || decodesItself(b.root) {
		b.wrapped, b.root, path = true, b.wrap(b.root), ""
	}
	b.top = b.node(b.root, path)
	for typ, rules := range b.rules {
		b.engine.RegisterStructValidationMapRules(rules, reflect.New(typ).Interface())
	}
	b.sort()
	for _, f := range b.described {
		b.checkField(f)
	}
	b.checkSources()
	b.markVisits()
	return b.plan
}

// wrap makes a struct whose only field is the body, because the engine begins at a
// struct.
func (b *builder) wrap(t reflect.Type) reflect.Type {
	const name = "T"
	var dives []string
	seen := map[*node]bool{}
	for n := b.node(t, name); n.elem != nil && !n.elem.isScalar() && !seen[n]; n = n.elem {
		seen[n] = true
		dives = append(dives, "dive")
	}
	tag := fmt.Sprintf(`body:"json" %s:%q`, b.v.cfg.TagName, strings.Join(dives, ","))
	return reflect.StructOf([]reflect.StructField{{Name: name, Type: t, Tag: reflect.StructTag(tag)}})
}

// sort sorts the fields of the root by their source.
func (b *builder) sort() {
	var members, forms []*field
	for _, f := range b.top.object.fields {
		switch {
		case f.whole:
			b.member, b.body = f, f.node
		case f.isMember():
			members = append(members, f)
		default:
			b.params = append(b.params, f)
			b.query = b.query || f.in == problem.InQuery
			if f.in == problem.InForm {
				forms = append(forms, f)
			}
		}
	}
	b.form = len(forms) > 0
	switch {
	case b.isForm: // no body is JSON
	case b.form && (len(members) > 0 || b.body != nil):
		b.fault(forms[0].path, "is a form member beside JSON members: a body is one or the other, unless TagName is binding, as for the structs of gin")
	case b.body != nil && len(members) > 0:
		b.fault(members[0].path, `has no source beside the field that is the whole body: give it one such as query, or write json:"-"`)
	case len(members) > 0:
		b.body = b.top
		for _, f := range b.params {
			// Other code that decodes the struct would fill it from a body.
			if !b.gin && f.Tag.Get("json") != "-" {
				b.fault(f.path, `is a parameter beside body members and not json:"-": write json:"-" beside %v`, f.source)
			}
		}
	}
}

// checkSources finds parameters with the same source, and parameters in a struct that
// is not the root.
func (b *builder) checkSources() {
	seen := map[string]string{}
	for _, f := range b.params {
		id := fmt.Sprint(f.in, f.name)
		if f.in == problem.InHeader {
			id = fmt.Sprint(f.in, http.CanonicalHeaderKey(f.name))
		}
		if other, ok := seen[id]; ok {
			b.fault(f.path, "has the same source as %s, %v: give each its own", other, f.source)
		}
		seen[id] = f.goName
	}
	for _, f := range b.described {
		if f.owner != b.top.object && !f.isMember() {
			b.fault(f.path, "has a source, which only fields of the outermost struct have: move %v there, or write json instead of %s", f.source, f.from)
		}
	}
}

// markVisits sets needsVisit. It repeats until nothing changes, because nodes may be
// cycles.
func (b *builder) markVisits() {
	for changed := true; changed; {
		changed = false
		for _, n := range b.nodes {
			if !n.needsVisit && n.holdsVisits() {
				n.needsVisit, changed = true, true
			}
		}
	}
}

func (n *node) holdsVisits() bool {
	if n.elem != nil && n.elem.needsVisit {
		return true
	}
	return n.object != nil && (n.object.embedded > 0 || slices.ContainsFunc(n.object.fields, func(f *field) bool {
		return f.mustBeSent || f.node.needsVisit || f.rules.isVisited()
	}))
}
