package validate

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/problem"
)

// A plan is what is known about a type before the first request: read-only,
// built once per Validator and type.
type plan struct {
	typ     reflect.Type // T
	root    reflect.Type // the struct that the engine sees: T without pointers, or a struct around it
	wrapped bool

	top    *object  // of root
	body   *node    // what the body becomes, nil if there is none or it is a form
	member *field   // the field that is the whole body, nil if root is
	form   bool     // there are form fields
	gin    bool     // the tags are those of gin
	forms  *plan    // for requests with a form, if T has both form fields and JSON members, as structs of gin do
	params []*field // query, path, header, cookie, form; in struct order
	query  bool     // some of params are in the query

	engine *validator.Validate
	deep   bool // see node.deep
	embeds bool // some struct embeds a pointer
	pooled bool // nothing keeps a piece of the body
	faults []string
	fault  error // all of them
}

// A builder builds a plan.
type builder struct {
	v      *Validator
	nodes  map[reflect.Type]*node
	rules  map[reflect.Type]map[string]string // for the engine, by Go field name
	own    bool                               // some type decodes itself
	faults []error
	probe  *validator.Validate // on which the self check tries rules

	pending []func() // checks of fields, which may name fields that are described later

	forms  bool         // the plan is for forms where T has both, see plan.forms
	root   reflect.Type // of the plan
	path   string       // of what is being described, from T
	goName string       // of the field being described
}

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
	b.probe = v.newEngine()
	top := b.node(p.root)
	p.top = top.object
	b.sort(p, top)
	for _, check := range b.pending {
		check()
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

// engineRule says which tag the engine sees on a field.
func (b *builder) engineRule(t reflect.Type, name, tag string) {
	if b.rules[t] == nil {
		b.rules[t] = map[string]string{}
	}
	b.rules[t][name] = tag
}

// decodesItself reports whether encoding/json leaves a type to itself.
func (b *builder) decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler)
}

// ownDecoder notes a type that may keep the bytes that it was given. The
// standard library's are known not to. Rules in it would not run, because
// nobody knows where on the wire its fields are.
func (b *builder) ownDecoder(t reflect.Type) {
	if t.Kind() == reflect.Struct {
		for sf := range t.Fields() {
			if tag := sf.Tag.Get(b.v.cfg.TagName); tag != "" && tag != "-" {
				restore := b.at(sf.Name)
				b.fault("has rules, but %v decodes itself: check them in its method", t)
				restore()
			}
		}
	}
	switch t.PkgPath() {
	case "encoding/json", "math/big", "net", "net/netip", "net/url", "time":
	default:
		b.own = true
	}
}
