package validate

import (
	"cmp"
	"errors"
	"fmt"
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
	p := v.describe(t, false)
	if v.cfg.TagName != binding {
		return p
	}
	members, forms := false, false
	for _, f := range p.top.fields {
		members = members || f.json
		forms = forms || f.form
	}
	if !forms {
		return p
	}
	f := v.describe(t, true)
	if !members {
		return f
	}
	for _, fault := range f.faults {
		if !slices.Contains(p.faults, fault) {
			p.fault = errors.Join(p.fault, errors.New(fault))
		}
	}
	p.forms = f
	return p
}

// describe makes the plan of t, for forms or for JSON.
func (v *Validator) describe(t reflect.Type, forms bool) *plan {
	p := &plan{typ: t, root: t, gin: v.cfg.TagName == binding}
	b := &builder{v: v, nodes: map[reflect.Type]*node{}, rules: map[reflect.Type]map[string]string{}, forms: forms}
	for p.root.Kind() == reflect.Pointer {
		p.root = p.root.Elem()
	}
	if p.root.Kind() != reflect.Struct || p.root == timeType || b.decodesItself(p.root) {
		p.wrapped = true
		p.root = b.wrap(p.root)
	}
	b.root, b.path = p.root, cmp.Or(p.root.Name(), "struct")
	if p.wrapped {
		b.wraps, b.path = true, wrapped
	}
	b.probe = v.newEngine()
	top := b.node(p.root)
	p.top, p.prefix = top.object, top.prefix
	b.sort(p, top)
	for _, d := range b.described {
		b.checkField(d.object, d.candidate, d.field)
	}
	b.checkSources(p)
	p.deep = b.deepen(top)
	for _, n := range b.nodes {
		p.embeds = p.embeds || n.object != nil && len(n.object.embedded) > 0
	}
	p.pooled = !b.own
	p.engine = v.newEngine()
	for typ, rules := range b.rules {
		p.engine.RegisterStructValidationMapRules(rules, reflect.New(typ).Interface())
	}
	for _, fault := range b.faults {
		p.faults = append(p.faults, fault.Error())
	}
	p.fault = errors.Join(b.faults...)
	return p
}

// wrap makes a struct whose only field is the body, so that the engine, which
// begins at structs, can be asked about any type.
func (b *builder) wrap(t reflect.Type) reflect.Type {
	var dives []string
	seen := map[reflect.Type]bool{}
	for elem := t; ; elem = elem.Elem() {
		for elem.Kind() == reflect.Pointer {
			elem = elem.Elem()
		}
		k := elem.Kind()
		if k != reflect.Slice && k != reflect.Array && k != reflect.Map || seen[elem] || elem.Elem().Kind() == reflect.Uint8 || b.decodesItself(elem) {
			break
		}
		seen[elem] = true
		dives = append(dives, "dive")
	}
	tag := `body:"json"`
	if len(dives) > 0 {
		tag += fmt.Sprintf(` %s:%q`, b.v.cfg.TagName, strings.Join(dives, ","))
	}
	return reflect.StructOf([]reflect.StructField{{Name: "Body", Type: t, Tag: reflect.StructTag(tag)}})
}

// sort sorts the fields of the root by where they come from.
func (b *builder) sort(p *plan, top *node) {
	var members, forms []*field
	for _, f := range p.top.fields {
		switch {
		case f.whole:
			p.member, p.body = f, f.node
		case f.in == problem.InBody:
			members = append(members, f)
		default:
			p.params = append(p.params, f)
			p.query = p.query || f.in == problem.InQuery
			if f.in == problem.InForm {
				forms = append(forms, f)
			}
		}
	}
	p.form = len(forms) > 0
	switch {
	case b.forms: // no body is JSON
	case p.form && (len(members) > 0 || p.body != nil):
		b.faultAt(p.top, forms[0].goName, "is a form member beside JSON members: a body is one or the other, unless TagName is binding, as for the structs of gin")
	case p.body != nil && len(members) > 0:
		b.faultAt(p.top, members[0].goName, `has no source beside the field that is the whole body: give it one such as query, or write json:"-"`)
	case len(members) > 0:
		p.body = top
		b.checkHidden(p)
	}
}

// checkHidden finds parameters that a body would fill, too, wherever else the
// struct is decoded.
func (b *builder) checkHidden(p *plan) {
	for _, f := range p.params {
		if !f.hidden && b.v.cfg.TagName != binding {
			b.faultAt(p.top, f.goName, `is a parameter beside body members and not json:"-": write json:"-" beside %v`, f.source)
		}
	}
}

// deepen marks the nodes that the visitor has to see, through cycles.
func (b *builder) deepen(top *node) bool {
	for changed := true; changed; {
		changed = false
		for _, n := range b.nodes {
			if !n.deep && n.isDeep() {
				n.deep, changed = true, true
			}
		}
	}
	return top.deep
}

func (n *node) isDeep() bool {
	if n.elem != nil && n.elem.deep {
		return true
	}
	if n.object == nil {
		return false
	}
	return len(n.object.embedded) > 0 || slices.ContainsFunc(n.object.fields, func(f *field) bool {
		return f.presence || f.node.deep || f.rules.isVisited(f.node)
	})
}
