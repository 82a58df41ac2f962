package validate

import (
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

	top    *object // of root
	body   *node   // what the body becomes, nil if there is none or it is a form
	member *field  // the field that is the whole body, nil if root is
	form   bool
	params []*field // query, path, header, cookie, form; in struct order
	query  bool     // some of params are in the query

	engine *validator.Validate
	deep   bool // see node.deep
	embeds bool // some struct embeds a pointer
	pooled bool // nothing keeps a piece of the body
	fault  error
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

	owner  reflect.Type // that declares the field being described
	goName string       // of that field
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
	p := &plan{typ: t, root: t}
	b := &builder{v: v, nodes: map[reflect.Type]*node{}, rules: map[reflect.Type]map[string]string{}}
	for p.root.Kind() == reflect.Pointer {
		p.root = p.root.Elem()
	}
	if p.root.Kind() != reflect.Struct || p.root == timeType || b.decodesItself(p.root) {
		p.wrapped = true
		p.root = b.wrap(p.root)
	}
	b.probe = v.newEngine()
	top := b.node(p.root)
	p.top = top.object
	b.sources(p, top)
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

// sources sorts the fields of the root by where they come from.
func (b *builder) sources(p *plan, top *node) {
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
	case p.form && (len(members) > 0 || p.body != nil):
		b.faultAt(p.root, forms[0].goName, "is a form member beside JSON members")
	case p.body != nil && len(members) > 0:
		b.faultAt(p.root, members[0].goName, "has no source beside the field that is the whole body")
	}
	if len(members) > 0 && p.body == nil {
		p.body = top
	}
	if p.body == top {
		for _, f := range p.params {
			if !f.hidden {
				b.faultAt(p.root, f.goName, `is a parameter beside body members and not json:"-"`)
			}
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

// at says which field is being described, for faults, until the function that
// it returns is called.
func (b *builder) at(owner reflect.Type, goName string) (restore func()) {
	before, name := b.owner, b.goName
	b.owner, b.goName = owner, goName
	return func() { b.owner, b.goName = before, name }
}

// faultAt is fault about another field.
func (b *builder) faultAt(owner reflect.Type, goName, format string, args ...any) {
	defer b.at(owner, goName)()
	b.fault(format, args...)
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
				b.faultAt(t, sf.Name, "has rules, but %v decodes itself", t)
			}
		}
	}
	switch t.PkgPath() {
	case "encoding/json", "math/big", "net", "net/netip", "net/url", "time":
	default:
		b.own = true
	}
}
