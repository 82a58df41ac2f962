package validate

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/backstop-go/backstop/problem"
)

// A walk decodes a body again, member by member, into a fresh value, because
// Unmarshal stops telling at its first failure. It keeps every good value and
// notes every bad one. Names are exact; all other rules are those of
// encoding/json v1, to whose types that decode themselves it gives their part.
type walk struct {
	cursor
	v     *Validator
	found findings
	at    place
}

// walk decodes data, which the scan has accepted, into root.
func (v *Validator) walk(data []byte, root reflect.Value, n *node, f *field) *findings {
	w := &walk{cursor: cursor{data: data}, v: v, found: findings{limit: v.cfg.MaxErrors}}
	w.space()
	w.value(root, n, f, f.section())
	w.found.cut()
	return &w.found
}

// section returns the rules of f. A nil field, which is the root, has none.
func (f *field) section() *section {
	if f == nil {
		return nil
	}
	return f.rules
}

// value decodes the value at the cursor into v. The field f and its section s
// are what messages are made of.
func (w *walk) value(v reflect.Value, n *node, f *field, s *section) {
	if w.isNull(f) && (n.shape != shapeOpaque || v.Kind() == reflect.Pointer) {
		w.raw() // null is no value
		return
	}
	for v.Kind() == reflect.Pointer && v.Type() != n.typ {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	switch c := w.peek(); {
	case n.shape == shapeStruct && c == '{':
		w.members(v, n.object, s)
	case n.shape == shapeMap && c == '{':
		w.entries(v, n, f, s.ofElements())
	case n.shape == shapeList && c == '[':
		w.elements(v, n, f, s.ofElements())
	case n.shape == shapeOpaque:
		if err := json.Unmarshal(w.raw(), v.Addr().Interface()); err != nil {
			w.fail(f, s, problem.FieldError{Rule: "format", Want: n.want})
		}
	case n.shape == shapeScalar:
		if fault, ok := decodeScalar(w.raw(), v, n, f != nil && f.quoted); !ok {
			w.fail(f, s, fault)
		}
	default:
		got := typeOf(w.raw())
		w.fail(f, s, problem.FieldError{Rule: "type", Want: n.want, Got: got})
	}
}

// isNull reports whether null is next, which encoding/json also takes in
// quotes where it expects quotes.
func (w *walk) isNull(f *field) bool {
	return w.peek() == 'n' || f != nil && f.quoted && bytes.HasPrefix(w.data[w.pos:], []byte(`"null"`))
}

// dived returns the section of the elements.
func (s *section) dived() *section {
	if s == nil {
		return nil
	}
	return s.next
}

// ofElements is dived, but says that no rules run where there is no dive.
func (s *section) ofElements() *section {
	if next := s.dived(); next != nil {
		return next
	}
	return &noRules
}

var noRules = section{skip: true}

// members decodes an object into a struct, whose rules are s.
func (w *walk) members(v reflect.Value, o *object, s *section) {
	var seen map[*field]problem.Presence
	if o.presenceMask != 0 {
		seen = map[*field]problem.Presence{}
	}
	unknown := 0
	for more := w.enter(); more; more = w.more() {
		name := w.member()
		f := o.byName[name]
		if f == nil {
			w.unknown(name, o, unknown)
			unknown++
			continue
		}
		if seen != nil {
			seen[f] = problem.Present
			if w.peek() == 'n' {
				seen[f] = problem.Null
			}
		}
		w.at = append(w.at, f.step())
		w.value(fieldAt(v, f.index), f.node, f, f.rules)
		w.at = w.at[:len(w.at)-1]
	}
	if seen != nil && !s.isOpaque() && !(s.skipsZero() && v.IsZero()) {
		w.absent(o, seen)
	}
}

// absent reports the members whose presence is required and that did not come,
// also those of structs that did not come but exist all the same.
func (w *walk) absent(o *object, seen map[*field]problem.Presence) {
	for _, f := range o.fields {
		presence := seen[f]
		if f.in != problem.InBody || presence == problem.Present {
			continue
		}
		if presence == problem.PresenceUnknown {
			presence = problem.Absent
		}
		w.at = append(w.at, f.step())
		switch {
		case f.presence:
			w.fail(f, f.rules, problem.FieldError{Rule: "required", Want: f.node.want, Presence: presence})
		case f.holdsPresence():
			w.absent(f.node.object, nil)
		}
		w.at = w.at[:len(w.at)-1]
	}
}

// unknown reports a name that the struct does not have.
func (w *walk) unknown(name string, o *object, rank int) {
	got := typeOf(w.raw())
	like := o.variant(name)
	if like == nil && !w.v.cfg.ReportUnknown {
		return
	}
	fault := problem.FieldError{Rule: "unknown", Got: got}
	if like != nil {
		fault.Param = like.name
	}
	w.at = append(w.at, step{kind: stepUnknown, rank: rank, name: name})
	w.fail(nil, nil, fault)
	w.at = w.at[:len(w.at)-1]
}

// entries decodes an object into a map.
func (w *walk) entries(v reflect.Value, n *node, f *field, s *section) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for more := w.enter(); more; more = w.more() {
		name := w.member()
		w.at = append(w.at, step{kind: stepEntry, name: name})
		elem := reflect.New(v.Type().Elem()).Elem()
		w.element(elem, n.elem, f, s)
		key, fault := decodeKey(name, v.Type().Key())
		if fault == nil {
			v.SetMapIndex(key, elem)
		} else {
			fault.Key = true
			w.fail(f, nil, *fault)
		}
		w.at = w.at[:len(w.at)-1]
	}
}

// elements decodes an array into a list. An array of Go takes as many elements
// as it has room for, as in encoding/json.
func (w *walk) elements(v reflect.Value, n *node, f *field, s *section) {
	slice := v.Kind() == reflect.Slice
	if slice {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	i := 0
	for more := w.enter(); more; more = w.more() {
		switch {
		case slice:
			v.Grow(1)
			v.SetLen(i + 1)
			v.Index(i).SetZero()
		case i >= v.Len():
			w.raw()
			continue
		}
		w.at = append(w.at, step{kind: stepElement, rank: i})
		w.element(v.Index(i), n.elem, f, s)
		w.at = w.at[:len(w.at)-1]
		i++
	}
}

// element decodes a list element or the value of a map entry.
func (w *walk) element(v reflect.Value, n *node, f *field, s *section) {
	if w.peek() == 'n' && !n.takesNull && !w.v.cfg.AllowNullElements {
		w.raw()
		w.fail(f, s, problem.FieldError{Rule: "null", Want: n.want, Got: problem.TypeNull})
		return
	}
	w.value(v, n, f, s)
}

// fail notes what is wrong with the value at w.at.
func (w *walk) fail(f *field, s *section, fault problem.FieldError) {
	w.found.add(newFinding(fault, slices.Clone(w.at), f, s))
}

// step is the way from an object to its member f.
func (f *field) step() step {
	return step{kind: stepMember, rank: f.position, name: f.name}
}

// fieldAt returns the field of a struct, and allocates the embedded structs on
// the way to it.
func fieldAt(v reflect.Value, index []int) reflect.Value {
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v
}
