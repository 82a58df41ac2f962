package validate

import (
	"fmt"
	"reflect"

	"github.com/go-playground/validator/v10"
)

// A plan is what is known about a type before the first request: read-only,
// built once per Validator and type.
type plan struct {
	typ     reflect.Type // T
	root    reflect.Type // the struct that the engine sees: T without pointers, or a struct around it
	wrapped bool

	top    *object  // of root
	prefix string   // of the names that the engine gives, see typePrefix
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

// wrapped is the path of a T that is no struct, and of the field that holds it.
const wrapped = "T"

// A described field is one that the self check has yet to look at, because rules
// may name fields that are described later.
type described struct {
	object    *object
	candidate *candidate
	field     *field
}

// A builder builds a plan.
type builder struct {
	v      *Validator
	nodes  map[reflect.Type]*node
	rules  map[reflect.Type]map[string]string // for the engine, by Go field name
	own    bool                               // some type decodes itself
	faults []error
	probe  *validator.Validate // on which the self check tries rules

	described []described // to be checked when all is described

	forms  bool         // the plan is for forms where T has both, see plan.forms
	root   reflect.Type // of the plan
	wraps  bool         // root holds a T that is no struct
	path   string       // of what is being described, from T
	goName string       // of the field being described
}

// fault notes a mistake in what is being described.
func (b *builder) fault(format string, args ...any) {
	b.faults = append(b.faults, fmt.Errorf("validate: %s: "+format, append([]any{b.path}, args...)...))
}

// faultAt is fault about a field of o.
func (b *builder) faultAt(o *object, goName, format string, args ...any) {
	defer b.in(o, goName)()
	b.fault(format, args...)
}

// at says that a field of the struct at b.path is being described, until the
// function that it returns is called.
func (b *builder) at(goName string) (restore func()) {
	path, name := b.path, b.goName
	if !b.wraps || path != wrapped {
		b.path += "." + goName
	}
	b.goName = goName
	return func() { b.path, b.goName = path, name }
}

// in is at for a field of o, wherever b is.
func (b *builder) in(o *object, goName string) (restore func()) {
	path := b.path
	b.path = o.path
	inner := b.at(goName)
	return func() { inner(); b.path = path }
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
