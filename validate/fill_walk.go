package validate

import (
	"encoding/json"
	"reflect"
	"sync"

	"github.com/backstop-go/backstop/internal/strictjson"
	"github.com/backstop-go/backstop/problem"
)

// A walk decodes a body that the scan has accepted, member by member, into a new
// value. It keeps every good value and notes every bad one. It decodes as
// encoding/json v1 does, except that names must match exactly. A type that decodes
// itself gets its part of the body.
type walk struct {
	strictjson.Cursor
	cfg   *Config
	found findings
	at    place
	seen  []problem.Presence // of the members of the structs around the cursor, by position
	room  int64              // bytes that the value may still take
	huge  bool               // an any holds a number that is too large for a float64
}

var walks = sync.Pool{New: func() any { return new(walk) }}

// walk decodes the body at c into root. It subtracts from room the bytes of memory
// that this takes; if room is negative, walk skips the rest.
func (v *Validator) walk(c strictjson.Cursor, root reflect.Value, n *node, f *field, s *section, room *int64) findings {
	w := walks.Get().(*walk)
	defer w.release()
	w.Cursor, w.cfg, w.room = c, &v.cfg, *room
	w.found = findings{limit: v.cfg.MaxErrors}
	w.value(root, n, f, s)
	w.found.cut()
	*room = w.room
	return w.found
}

// release clears w, so that nothing of the body stays, and gives it back to the pool.
func (w *walk) release() {
	*w = walk{at: w.at[:0], seen: w.seen[:0]}
	walks.Put(w)
}

// leave goes one step back, and clears the name of the step.
func (w *walk) leave() {
	last := len(w.at) - 1
	w.at[last].name = ""
	w.at = w.at[:last]
}

// take reserves memory for n values of that size, and reports whether there is room.
func (w *walk) take(n int, size uintptr) bool {
	w.room -= int64(n) * int64(size)
	return w.room >= 0
}

// value decodes the value at the cursor into v. The facts of an error come from the
// field f and its section s.
func (w *walk) value(v reflect.Value, n *node, f *field, s *section) {
	c := w.Peek()
	switch {
	case w.room < 0:
		w.Raw()
		return
	case f != nil && f.quoted:
		w.note(w.quoted(v, n), f, s)
		return
	case c == 'n' && (n.want != problem.TypeAny || v.Kind() == reflect.Pointer):
		w.Raw() // null leaves v as it is
		return
	}
	for v.Kind() == reflect.Pointer && v.Type() != n.typ {
		if !w.take(1, v.Type().Elem().Size()) {
			w.Raw()
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch {
	case n.isScalar():
		w.note(w.scalar(v, n), f, s)
	case n.want == problem.TypeObject && c == '{':
		w.members(v, n.object, s)
	case n.want == problem.TypeArray && c == '[':
		w.elements(v, n, f, s.elements())
	case n.want == problem.TypeArray && c == '"' && isBytes(n.typ):
		w.note(w.base64(v), f, s)
	case n.want == problem.TypeMap && c == '{':
		w.entries(v, n, f, s.elements())
	case n.want == problem.TypeAny:
		w.note(w.opaque(v, n), f, s)
	default:
		w.note(mismatch(n.want, typeOf(w.Raw())), f, s)
	}
}

// opaque decodes a value whose type takes any JSON.
func (w *walk) opaque(v reflect.Value, n *node) fault {
	if n.typ.Kind() != reflect.Interface {
		raw := w.Raw()
		w.take(len(raw), 1)
		u, ok := v.Addr().Interface().(json.Unmarshaler) // a file is not one
		if !ok || u.UnmarshalJSON(raw) != nil {
			return fault{rule: "format", want: n.want}
		}
		return fault{}
	}
	w.huge = false
	if x := w.any(); x != nil && !w.huge {
		v.Set(reflect.ValueOf(x))
	}
	if w.huge {
		return fault{rule: "range", want: problem.TypeNumber, got: problem.TypeNumber}
	}
	return fault{}
}

// members decodes an object into a struct, whose rules are s.
func (w *walk) members(v reflect.Value, o *object, s *section) {
	base := len(w.seen)
	if o.asksPresence {
		w.seen = append(w.seen, o.absent...)
	}
	next, unknown := 0, 0
	for range w.Open() {
		name := w.Name()
		f := o.find(name, next)
		if f == nil {
			w.unknown(name, o, unknown)
			unknown++
			w.Next()
			continue
		}
		next = f.position + 1
		if o.asksPresence {
			w.seen[base+f.position] = problem.Present
			if w.Peek() == 'n' {
				w.seen[base+f.position] = problem.Null
			}
		}
		w.at = w.at.to(f)
		w.value(fieldAt(v, f.Index), f.node, f, f.rules)
		w.leave()
		w.Next()
	}
	if o.asksPresence && !s.isOpaque() && !(s.skipsZero() && v.IsZero()) {
		w.absent(o, w.seen[base:])
	}
	w.seen = w.seen[:base]
}

// absent reports the members that must be sent and were not, also those in a struct
// that was not sent itself.
func (w *walk) absent(o *object, seen []problem.Presence) {
	for i, f := range o.fields {
		if f.in != problem.InBody || seen[i] == problem.Present {
			continue
		}
		w.at = w.at.to(f)
		switch {
		case f.mustBeSent:
			w.note(fault{rule: "required", want: f.node.want, presence: seen[i]}, f, f.rules)
		case f.holdsPresence():
			w.absent(f.node.object, f.node.object.absent)
		}
		w.leave()
	}
}

// unknown reads the value of a name that the struct does not have. It reports the name
// if the Config asks for that, or if encoding/json would take it for a member.
func (w *walk) unknown(name []byte, o *object, rank int) {
	var like *field
	// Folding shortens a letter at most from three bytes to one.
	if len(name) <= 3*o.longest {
		like = o.folded[folded(name)]
	}
	if like == nil && !w.cfg.ReportUnknown {
		w.Raw()
		return
	}
	w.at = append(w.at, step{kind: stepUnknown, rank: rank, name: string(name)})
	bad := fault{rule: "unknown", got: typeOf(w.Raw())}
	if like != nil {
		bad.param = like.name
	}
	w.note(bad, nil, nil)
	w.leave()
}

// entries decodes an object into a map.
func (w *walk) entries(v reflect.Value, n *node, f *field, s *section) {
	t, size := v.Type(), w.Open()
	if w.take(size, t.Key().Size()+t.Elem().Size()) {
		v.Set(reflect.MakeMapWithSize(t, size))
	}
	key, elem := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
	for range size {
		name := string(w.Name())
		w.at = append(w.at, step{kind: stepEntry, name: name})
		elem.SetZero()
		w.element(elem, n.elem, f, s)
		bad := decodeKey(name, key)
		bad.key = true
		w.note(bad, f, nil)
		if w.take(len(name), 1) && bad.rule == "" {
			v.SetMapIndex(key, elem)
		}
		w.leave()
		w.Next()
	}
}

// elements decodes an array into a list. A Go array takes as many elements as it has
// room for, as in encoding/json.
func (w *walk) elements(v reflect.Value, n *node, f *field, s *section) {
	size := w.Open()
	if v.Kind() == reflect.Slice && w.take(size, v.Type().Elem().Size()) {
		v.Set(reflect.MakeSlice(v.Type(), size, size))
	}
	w.at = append(w.at, step{kind: stepElement})
	for i := range size {
		if i < v.Len() {
			w.at[len(w.at)-1].rank = i
			w.element(v.Index(i), n.elem, f, s)
		} else {
			w.Raw()
		}
		w.Next()
	}
	w.leave()
}

// element decodes a list element or the value of a map entry.
func (w *walk) element(v reflect.Value, n *node, f *field, s *section) {
	if w.Peek() == 'n' && !n.takesNull() && !w.cfg.AllowNullElements {
		w.Raw()
		w.note(fault{rule: "null", want: n.want, got: problem.TypeNull}, f, s)
		return
	}
	w.value(v, n, f, s)
}

// note keeps what is wrong with the value at w.at, if anything is.
func (w *walk) note(bad fault, f *field, s *section) { w.found.note(bad, w.at, f, s) }

// fieldAt returns a field of a struct, and allocates the embedded structs on the way.
func fieldAt(v reflect.Value, index []int) reflect.Value {
	v = v.Field(index[0])
	for _, x := range index[1:] {
		v = settle(v).Field(x)
	}
	return v
}
