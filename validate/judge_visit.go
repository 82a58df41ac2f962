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

// visit runs the rules that the engine must not run at once. The engine writes map
// keys into its namespaces, where a key looks like a name, and copies a long key for
// each value below it. And it reports each failure in a list of structs or of lists
// before anybody can count them. So visit finds maps and such lists, and runs their
// sections element by element. If j.findsZeros is set, it only notes zero values of
// fields that must be sent. j.at is the place of v; sound says that v has passed the
// engine.
func (j *judgement) visit(v reflect.Value, o *object, sound bool) (err error) {
	base := len(j.at)
	for _, f := range o.fields {
		fv, behind := v.FieldByIndexErr(f.Index)
		if behind != nil {
			continue // an embedded nil pointer
		}
		j.at = j.at.to(f)
		switch {
		case j.findsZeros && f.mustBeSent && fv.IsZero():
			bad := problem.FieldError{In: f.in, Rule: "required", Want: f.node.want, Label: f.label, Message: f.message}
			j.decoded.add(finding{FieldError: bad, at: slices.Clone(j.at)})
		case (f.node.needsVisit || f.rules.isVisited()) && !f.rules.isOpaque():
			err = j.descend(fv, v, scope{field: f, section: f.rules, node: f.node, depth: base}, sound)
		}
		j.at = j.at[:base]
		if err != nil {
			return err
		}
	}
	return nil
}

// descend looks for lists and maps in v, the value of c and a part of parent.
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
		// If the list as a whole breaks a rule, its elements are not visited.
		err := j.p.engine.VarWithValueCtx(j.ctx, v.Interface(), pointer(parent), c.section.own)
		if err != nil {
			return onlyRules(err)
		}
	}
	var key reflect.Value // stays invalid for a list
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

// one returns a list of one zero element.
func one(t reflect.Type) reflect.Value { return reflect.MakeSlice(reflect.SliceOf(t), 1, 1) }

// part runs the rules of one element, which is list[i] at j.at: of its key, if that has
// rules, of the element, and of the values below it. The key is the only element of a
// list.
func (j *judgement) part(parent, key reflect.Value, k *scope, list reflect.Value, i int, e *scope) error {
	v := list.Index(i)
	switch {
	case j.findsZeros:
		return j.descend(v, parent, *e, true)
	case j.isEnough():
		return nil
	case k.section != nil:
		if err := j.engine(j.run(key, 0, parent, k), *k, true); err != nil {
			return err
		}
	}
	// A client can send many empty structs at little cost, so only the first is
	// checked. A rule of the Config may answer differently each time.
	zero := e.node.object != nil && !e.node.needsVisit && len(j.v.cfg.Rules) == 0 && v.IsZero()
	if zero && e.zeroPasses {
		return nil
	}
	broken := j.run(list, i, parent, e)
	if broken == nil && !e.node.needsVisit && !e.section.isVisited() {
		e.zeroPasses = e.zeroPasses || zero
		return nil
	}
	if err := j.engine(broken, *e, false); err != nil {
		return err
	}
	return j.descend(v, parent, *e, broken == nil)
}

// run asks the engine about one element or key. The namespaces in its errors begin with
// e.prefix.
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
		// A slice of the list costs less than a copy of the struct.
		return j.p.engine.VarWithKeyCtx(j.ctx, elementKey, list.Slice(i, i+1).Interface(), e.section.dive)
	}
}

// elementKey is the name of a list of one element. validator runs rules on a struct
// only below a name.
const elementKey = "x"

// prefix returns the begin of the namespaces in errors about an element of c or about
// the root.
func (c *scope) prefix() string {
	switch {
	case !c.node.dived:
		return ""
	case c.section == nil || c.section.plain:
		return c.node.typ.Name()
	}
	return elementKey + "[0]"
}

// onlyRules returns err, unless it only says that rules are broken.
func onlyRules(err error) error {
	if _, ok := errors.AsType[validator.ValidationErrors](err); ok || err == nil {
		return nil
	}
	return fmt.Errorf("validate: run the rules: %w", err)
}

// pointer returns the address of v, or of a copy if v is not addressable.
func pointer(v reflect.Value) any {
	if v.CanAddr() {
		return v.Addr().Interface()
	}
	c := reflect.New(v.Type())
	c.Elem().Set(v)
	return c.Interface()
}

// keyName returns a map key as encoding/json writes it.
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

// prepare allocates structs that are embedded by pointers, so that their rules run. It
// subtracts their bytes from memory, and stops when memory is negative.
func prepare(v reflect.Value, n *node, memory *int64) {
	if !n.needsVisit || *memory < 0 {
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
