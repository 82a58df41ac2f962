package validate

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/problem"
)

// The engine is not asked about map entries: it writes keys into its
// namespaces, where nobody can tell them from names, and where a long key is
// copied once for every value below it. Nor is it asked about lists of structs
// and of lists, of which it would report each failure before anybody can count
// them. visit finds both and runs their sections element by element, or, if
// j.unset, notes the values that are zero and whose presence is required. On its
// way j.at is the place of the value; sound says that the engine found no fault
// with v.
func (j *judgement) visit(v reflect.Value, o *object, sound bool) (err error) {
	base := len(j.at)
	for _, f := range o.fields {
		fv, behind := v.FieldByIndexErr(f.Index)
		if behind != nil {
			continue // an embedded nil pointer
		}
		j.at = j.at.to(f)
		switch {
		case j.unset && f.presence && fv.IsZero():
			bad := problem.FieldError{In: f.in, Rule: "required", Want: f.node.want, Label: f.label, Message: f.message}
			j.decoded.add(finding{FieldError: bad, at: slices.Clone(j.at)})
		case (f.node.deep || f.rules.isVisited()) && !f.rules.isOpaque():
			err = j.descend(fv, v, scope{field: f, section: f.rules, node: f.node, depth: base}, sound)
		}
		j.at = j.at[:base]
		if err != nil {
			return err
		}
	}
	return nil
}

// descend looks for lists and maps in the value of c, a part of parent.
func (j *judgement) descend(v, parent reflect.Value, c scope, sound bool) error {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if c.node.object != nil {
		return j.visit(v, c.node.object, sound)
	}
	if !c.section.isVisited() || v.Len() == 0 {
		return nil
	}
	if c.section.own != "" && !sound {
		// Elements of a list that breaks a rule as a whole are not visited.
		err := j.p.engine.VarWithValueCtx(j.ctx, v.Interface(), pointer(parent), c.section.own)
		if err != nil {
			return onlyRules(err)
		}
	}
	var key reflect.Value // of lists there is none
	e, keys, base := c, c, len(j.at)
	e.node, e.section, keys.section = c.node.elem, c.section.next, c.section.keys
	if c.node.want == problem.TypeMap {
		key = one(v.Type().Key())
		elem := one(v.Type().Elem())
		if keys.section != nil {
			keys.node = keys.section.node
		}
		for iter := v.MapRange(); iter.Next(); {
			key.Index(0).SetIterKey(iter)
			elem.Index(0).SetIterValue(iter)
			j.at = append(j.at[:base], step{kind: stepEntry, name: keyName(key.Index(0))})
			if err := j.part(parent, key, &keys, elem, 0, &e); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range v.Len() {
		j.at = append(j.at[:base], step{kind: stepElement, rank: i})
		if err := j.part(parent, key, &keys, v, i, &e); err != nil {
			return err
		}
	}
	return nil
}

// one returns a list of one element, to be filled.
func one(t reflect.Type) reflect.Value { return reflect.MakeSlice(reflect.SliceOf(t), 1, 1) }

// part runs the rules of the part of a value that is at j.at: of its key, if it
// has one with rules, which is in a list of one, of itself, the i-th of list, and of
// what is below it.
func (j *judgement) part(parent, key reflect.Value, k *scope, list reflect.Value, i int, e *scope) error {
	v := list.Index(i)
	switch {
	case j.unset:
		return j.descend(v, parent, *e, true)
	case j.isEnough():
		return nil
	case k.section != nil:
		if err := j.engine(j.run(key, 0, parent, k), *k, true); err != nil {
			return err
		}
	}
	// Zero structs are cheap to send: it is enough to ask about one, unless a
	// rule of the user may see a difference.
	zero := e.node.object != nil && !e.node.deep && len(j.v.cfg.Rules) == 0 && v.IsZero()
	if zero && e.zeroPasses {
		return nil
	}
	broken := j.run(list, i, parent, e)
	if broken == nil && !e.node.deep && !e.section.isVisited() {
		e.zeroPasses = e.zeroPasses || zero
		return nil
	}
	if err := j.engine(broken, *e, false); err != nil {
		return err
	}
	return j.descend(v, parent, *e, broken == nil)
}

// run asks the engine about one element or key. The names in its answer begin
// with e.prefix.
func (j *judgement) run(list reflect.Value, i int, parent reflect.Value, e *scope) error {
	v := list.Index(i)
	inner := v
	for inner.Kind() == reflect.Pointer && !inner.IsNil() {
		inner = inner.Elem()
	}
	switch tag := e.section.engine; {
	case tag == "" && e.node.object == nil:
		return nil
	case !e.node.dived || inner.Kind() == reflect.Pointer:
		return j.p.engine.VarWithValueCtx(j.ctx, v.Interface(), pointer(parent), tag)
	case e.section.plain:
		if v.Kind() == reflect.Struct && e.section.skipsZero() && v.IsZero() {
			return nil
		}
		return j.p.engine.StructCtx(j.ctx, pointer(inner))
	default:
		// A piece of the list costs less than a copy of the struct.
		return j.p.engine.VarWithKeyCtx(j.ctx, elementKey, list.Slice(i, i+1).Interface(), e.section.dive)
	}
}

// elementKey stands for a list of one element: validator dives into a struct only
// below a name.
const elementKey = "x"

// prefix is what stands before the dots and names of an element of c, or of the
// root.
func (c *scope) prefix() string {
	switch {
	case !c.node.dived:
		return ""
	case c.section == nil || c.section.plain:
		return c.node.typ.Name()
	}
	return elementKey + "[0]"
}

// onlyRules returns nil if err is nil or says that rules were broken, else err.
func onlyRules(err error) error {
	if _, ok := errors.AsType[validator.ValidationErrors](err); ok || err == nil {
		return nil
	}
	return fmt.Errorf("validate: run the rules: %w", err)
}

// pointer returns the address of v, or of a copy of it that has one.
func pointer(v reflect.Value) any {
	if v.CanAddr() {
		return v.Addr().Interface()
	}
	c := reflect.New(v.Type())
	c.Elem().Set(v)
	return c.Interface()
}

// keyName is a map key as encoding/json writes it.
func keyName(k reflect.Value) string {
	if k.Kind() == reflect.String {
		return k.String()
	}
	if t, ok := k.Interface().(encoding.TextMarshaler); ok {
		if text, err := t.MarshalText(); err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(k.Interface())
}

// prepare allocates embedded struct pointers, so that the rules behind them
// run. It takes their bytes from memory, and ends when there is none.
func prepare(v reflect.Value, n *node, memory *int64) {
	if !n.deep || *memory < 0 {
		return
	}
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	switch n.want {
	case problem.TypeObject:
		*memory -= int64(n.object.embedded)
		for _, f := range n.object.fields {
			prepare(fieldAt(v, f.Index), f.node, memory)
		}
	case problem.TypeArray:
		for i := range v.Len() {
			prepare(v.Index(i), n.elem, memory)
		}
	case problem.TypeMap:
		elem := reflect.New(v.Type().Elem()).Elem()
		for iter := v.MapRange(); iter.Next(); {
			elem.SetIterValue(iter)
			prepare(elem, n.elem, memory)
			v.SetMapIndex(iter.Key(), elem)
		}
	}
}
