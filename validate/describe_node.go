package validate

import (
	"encoding"
	"encoding/json"
	"mime/multipart"
	"net"
	"net/netip"
	"reflect"
	"time"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/problem"
)

// A shape is what encoding/json wants to see for a type.
type shape uint8

const (
	shapeOpaque shape = iota // anything: an interface, a raw message, a type that decodes itself
	shapeScalar
	shapeList
	shapeMap
	shapeStruct
)

// A node describes a type without its pointers. There is one per type and
// plan, so recursive types are graphs.
type node struct {
	typ       reflect.Type
	shape     shape
	want      problem.Type
	takesNull bool    // as a list element or map value
	elem      *node   // of lists and maps
	object    *object // of structs
	deep      bool    // holds something that the visitor must see
	dived     bool    // see isDived
	prefix    string  // see typePrefix
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	timeType        = reflect.TypeFor[time.Time]()
	durationType    = reflect.TypeFor[time.Duration]()
	numberType      = reflect.TypeFor[json.Number]()
	rawType         = reflect.TypeFor[json.RawMessage]()
	fileType        = reflect.TypeFor[multipart.FileHeader]()
)

// node returns the description of t. The wanted type of a field that decodes
// itself from text is told by what it is, as far as the standard library goes,
// and by its name for UUIDs, which have no standard type.
func (b *builder) node(t reflect.Type) *node {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n, ok := b.nodes[t]; ok {
		return n
	}
	n := &node{typ: t, dived: isDived(t), prefix: typePrefix(t)}
	b.nodes[t] = n
	pointer := reflect.PointerTo(t)
	switch {
	case t == timeType:
		n.shape, n.want = shapeScalar, problem.TypeTime
	case t == rawType:
		n.want, n.takesNull = problem.TypeAny, true
	case t == fileType:
		n.want = problem.TypeAny
	case pointer.Implements(jsonUnmarshaler):
		n.want, n.takesNull = problem.TypeAny, true
		b.ownDecoder(t)
	case pointer.Implements(textUnmarshaler):
		n.shape, n.want = shapeScalar, textType(t)
		b.ownDecoder(t)
	default:
		b.describe(n)
	}
	return n
}

func (b *builder) describe(n *node) {
	t := n.typ
	switch t.Kind() {
	case reflect.String:
		n.shape, n.want = shapeScalar, problem.TypeString
		if t == numberType {
			n.want = problem.TypeNumber
		}
	case reflect.Bool:
		n.shape, n.want = shapeScalar, problem.TypeBoolean
	case reflect.Float32, reflect.Float64:
		n.shape, n.want = shapeScalar, problem.TypeNumber
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n.shape, n.want = shapeScalar, problem.TypeInteger
		if t == durationType {
			n.want = problem.TypeDuration
		}
	case reflect.Interface:
		n.want, n.takesNull = problem.TypeAny, true
		if t.NumMethod() > 0 {
			b.fault("has type %v, an interface that encoding/json cannot fill", t)
		}
	case reflect.Slice, reflect.Array:
		if isBytes(t) && isByte(t.Elem()) {
			n.shape, n.want = shapeScalar, problem.TypeBytes
			return
		}
		n.shape, n.want = shapeList, problem.TypeArray
		n.elem = b.elem(t.Elem())
	case reflect.Map:
		n.shape, n.want = shapeMap, problem.TypeMap
		n.elem = b.elem(t.Elem())
		if b.decodesItself(t.Key()) {
			b.ownDecoder(t.Key())
		}
		if key := t.Key(); !isInteger(key) && key.Kind() != reflect.String && !reflect.PointerTo(key).Implements(textUnmarshaler) {
			b.fault("has map keys of type %v, which encoding/json cannot read", key)
		}
	case reflect.Struct:
		n.shape, n.want = shapeStruct, problem.TypeObject
		b.object(n)
	default:
		n.want = problem.TypeAny
		b.fault("has type %v, which encoding/json cannot fill", t)
	}
}

// elem returns the description of the elements of what is being described.
func (b *builder) elem(t reflect.Type) *node {
	defer func(before string) { b.path = before }(b.path)
	b.path += "[]"
	return b.node(t)
}

// concernsEngine reports whether the engine has to look at a value of n without
// rules of its own: it may hold fields with rules. All else would only be copied
// by it, once for each value.
func (n *node) concernsEngine() bool {
	return n.shape == shapeStruct || n.typ.Implements(valuer) || n.typ.Kind() == reflect.Interface
}

var valuer = reflect.TypeFor[validator.Valuer]()

// isClosed reports whether n is a struct that decodes itself. Its fields are
// none of the wire, and of no concern to the engine.
func (n *node) isClosed() bool {
	return n.shape != shapeStruct && n.typ.Kind() == reflect.Struct && n.typ != timeType
}

// textType names a type that decodes itself from text.
func textType(t reflect.Type) problem.Type {
	switch t {
	case reflect.TypeFor[netip.Addr](), reflect.TypeFor[net.IP]():
		return problem.TypeIP
	case reflect.TypeFor[netip.Prefix]():
		return problem.TypePrefix
	}
	if t.Name() == "UUID" {
		return problem.TypeUUID
	}
	return problem.TypeText
}

// isBytes reports whether encoding/json reads Base64 into t, also where it reads
// an array element by element because the elements decode themselves.
func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

// isByte reports whether encoding/json writes a slice of t as Base64.
func isByte(t reflect.Type) bool {
	return t.Kind() == reflect.Uint8 &&
		!reflect.PointerTo(t).Implements(jsonUnmarshaler) && !reflect.PointerTo(t).Implements(textUnmarshaler)
}

// hasLength reports whether the bounds of a rule on t count something, rather
// than compare a value.
func hasLength(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Slice, reflect.Array, reflect.Map:
		return true
	}
	return false
}

// String names the JSON kind, for logs.
func (s shape) String() string {
	return [...]string{"value", "scalar", "array", "object", "object"}[s]
}

// isDived reports whether validator dives into values of t without being told.
func isDived(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !t.ConvertibleTo(timeType)
}

// typePrefix is what validator writes before the names of a struct's fields.
func typePrefix(t reflect.Type) string {
	if t.Name() == "" {
		return ""
	}
	return t.Name() + "."
}
