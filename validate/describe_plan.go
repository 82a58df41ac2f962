package validate

import (
	"encoding"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"time"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/problem"
)

// A plan is what is known about a type before the first request. It is built once for
// each Validator and type, and read-only from then on.
//
// In this package, the engine is go-playground/validator, the scan is the first pass
// over a JSON body, the walk is the second pass that decodes it, and the visit runs
// the rules that the engine cannot be asked about.
type plan struct {
	wrapped bool // the engine sees a struct around T

	top    *node    // the struct that the engine sees
	body   *node    // what a JSON body is decoded into, or nil
	member *field   // the field that is the whole body, or nil
	form   bool     // there are form fields
	gin    bool     // the tags are those of gin
	forms  *plan    // for requests with a form, if a struct of gin has form fields and JSON members
	params []*field // query, path, header, cookie and form fields, in struct order
	query  bool     // some of params are in the query

	engine         *validator.Validate
	embedsPointers bool  // some struct is embedded by a pointer
	retainsBody    bool  // some type may keep a piece of the body
	fault          error // all faults joined
}

// A builder builds a plan.
type builder struct {
	*plan
	v         *Validator
	root      reflect.Type // the struct that the engine sees
	nodes     map[reflect.Type]*node
	rules     map[reflect.Type]map[string]string // for the engine, by Go field name
	described []*field                           // checked at the end, because rules may name fields that come later
	isForm    bool                               // this plan is to become plan.forms
	faults    []error
}

// fault adds a fault of the type or field at path, once.
func (b *builder) fault(path, format string, args ...any) {
	err := fmt.Errorf("validate: "+path+": "+format, args...)
	if !slices.ContainsFunc(b.faults, func(other error) bool { return other.Error() == err.Error() }) {
		b.faults = append(b.faults, err)
	}
}

// engineRule sets the tag that the engine sees on a field. It leaves out fields whose
// rules are skipped: the same struct may have rules in another place.
func (b *builder) engineRule(f *field, tag string) {
	if f.skip {
		return
	}
	if b.rules[f.declared] == nil {
		b.rules[f.declared] = map[string]string{}
	}
	b.rules[f.declared][f.Name] = tag
}

// A node describes a type without its pointers. There is one for each type in a plan,
// so a recursive type is a cycle of nodes.
type node struct {
	typ        reflect.Type
	want       problem.Type // TypeAny also for a raw message and a type that decodes itself
	elem       *node        // of lists and maps
	object     *object      // of structs
	needsVisit bool         // the visit must look at the value or at a part of it
	dived      bool         // see isDived
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	stringer        = reflect.TypeFor[fmt.Stringer]()
	valuer          = reflect.TypeFor[validator.Valuer]()
	timeType        = reflect.TypeFor[time.Time]()
	durationType    = reflect.TypeFor[time.Duration]()
	numberType      = reflect.TypeFor[json.Number]()
	rawType         = reflect.TypeFor[json.RawMessage]()
	fileType        = reflect.TypeFor[multipart.FileHeader]()
)

// node returns the description of t, which stands at path.
func (b *builder) node(t reflect.Type, path string) *node {
	t = indirect(t)
	if n, ok := b.nodes[t]; ok {
		return n
	}
	n := &node{typ: t, want: problem.TypeAny, dived: isDived(t)}
	b.nodes[t] = n
	switch k := t.Kind(); {
	case t == timeType:
		n.want = problem.TypeTime
	case t == rawType, t == fileType:
	case decodesItself(t):
		if !reflect.PointerTo(t).Implements(jsonUnmarshaler) {
			n.want = textType(t)
		}
		b.ownDecoder(t, path)
	case t == durationType:
		n.want = problem.TypeDuration
	case isInteger(t):
		n.want = problem.TypeInteger
	case isNumber(t), t == numberType:
		n.want = problem.TypeNumber
	case k == reflect.String:
		n.want = problem.TypeString
	case k == reflect.Bool:
		n.want = problem.TypeBoolean
	case isBytes(t) && !decodesItself(t.Elem()):
		n.want = problem.TypeBytes
	case k == reflect.Slice, k == reflect.Array:
		n.want, n.elem = problem.TypeArray, b.node(t.Elem(), path+"[]")
	case k == reflect.Map:
		n.want, n.elem = problem.TypeMap, b.node(t.Elem(), path+"[]")
		b.mapKey(t.Key(), path)
	case k == reflect.Struct:
		n.want = problem.TypeObject
		b.object(n, path)
	case k != reflect.Interface:
		b.fault(path, "has type %v, which encoding/json cannot fill", t)
	case t.NumMethod() > 0:
		b.fault(path, "has type %v, an interface that encoding/json cannot fill", t)
	}
	return n
}

func (b *builder) mapKey(t reflect.Type, path string) {
	if decodesItself(t) {
		b.ownDecoder(t, path)
	}
	if !isInteger(t) && t.Kind() != reflect.String && !reflect.PointerTo(t).Implements(textUnmarshaler) {
		b.fault(path, "has map keys of type %v, which encoding/json cannot read", t)
	}
}

// ownDecoder looks at a type that decodes itself. Such a type may keep the bytes that
// it is given, unless the standard library made it. Rules in it would not run, because
// nobody knows where its fields are on the wire.
func (b *builder) ownDecoder(t reflect.Type, path string) {
	if t.Kind() == reflect.Struct {
		for sf := range t.Fields() {
			if b.hasRules(sf) {
				b.fault(path+"."+sf.Name, "has rules, but %v decodes itself: check them in its method", t)
			}
		}
	}
	b.retainsBody = b.retainsBody || !copying[t.PkgPath()]
}

// copying are the packages whose decoders keep no piece of their input.
var copying = words("encoding/json math/big net net/netip net/url time")

// decodesItself reports whether encoding/json calls a method of the type.
func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler)
}

// textType names a type that decodes itself from text. It knows types of the standard
// library, and recognises UUIDs by their name, because there is no standard type.
func textType(t reflect.Type) problem.Type {
	switch {
	case t == reflect.TypeFor[netip.Addr](), t == reflect.TypeFor[net.IP]():
		return problem.TypeIP
	case t == reflect.TypeFor[netip.Prefix]():
		return problem.TypePrefix
	case t.Name() == "UUID":
		return problem.TypeUUID
	}
	return problem.TypeText
}

// isScalar reports whether a value of n has no parts and one JSON type.
func (n *node) isScalar() bool { return n.want != problem.TypeAny && n.elem == nil && n.object == nil }

// takesNull reports whether null is a value of n.
func (n *node) takesNull() bool { return n.want == problem.TypeAny && n.typ != fileType }

// isFile reports whether n takes files instead of text.
func (n *node) isFile() bool { return n.typ == fileType || n.elem != nil && n.elem.typ == fileType }

// concernsEngine reports whether the engine has to look at a value of n that has no
// rules of its own, because it may hold fields with rules. For any other value the
// engine would only make a copy.
func (n *node) concernsEngine() bool {
	return n.object != nil || n.typ.Implements(valuer) || n.typ.Kind() == reflect.Interface
}

// isClosed reports whether n is a struct that decodes itself, so that its fields are
// not on the wire and the engine need not see them.
func (n *node) isClosed() bool {
	return n.object == nil && n.typ.Kind() == reflect.Struct && n.typ != timeType
}

// isDived reports whether validator dives into values of t without being told.
func isDived(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !t.ConvertibleTo(timeType)
}

// isBytes reports whether encoding/json reads Base64 into t. It does so even if the
// elements decode themselves and a JSON array is accepted, too.
func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

func isNumber(t reflect.Type) bool {
	k := t.Kind()
	return reflect.Int <= k && k <= reflect.Float64
}

func isInteger(t reflect.Type) bool { return isNumber(t) && t.Kind() < reflect.Float32 }

func indirect(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
