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
// copied once for every value below it. visit finds the maps and runs their
// sections entry by entry.
func (j *judgement) visit(v reflect.Value, o *object, at place) error {
	for _, f := range o.fields {
		if !f.node.deep && !f.divesIntoMap() || f.rules.has("structonly") || f.rules.has("nostructlevel") {
			continue
		}
		fv, err := v.FieldByIndexErr(f.index)
		if err != nil {
			continue // below an embedded nil pointer of a value that was not decoded
		}
		c := scope{field: f, section: f.rules, node: f.node, owner: o, base: at, at: slices.Clone(at)}
		if !f.whole {
			c.at = append(c.at, f.step())
		}
		if err := j.descend(fv, v, c); err != nil {
			return err
		}
	}
	return nil
}

// descend looks for maps in the value of c, a part of parent.
func (j *judgement) descend(v, parent reflect.Value, c scope) error {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch {
	case c.node.shape == shapeStruct:
		return j.visit(v, c.node.object, c.at)
	case c.section.dived() == nil || c.node.shape != shapeList && c.node.shape != shapeMap:
		return nil
	case c.section.own != "":
		// Elements of a list that breaks a rule as a whole are not visited.
		err := j.p.engine.VarWithValueCtx(j.ctx, v.Interface(), pointer(parent), c.section.own)
		if err != nil {
			return onlyRules(err)
		}
	}
	if c.node.shape == shapeMap {
		return j.entries(v, parent, c)
	}
	for i := range v.Len() {
		e := c.into(step{kind: stepElement, rank: i})
		if err := j.descend(v.Index(i), parent, e); err != nil {
			return err
		}
	}
	return nil
}

// entries runs the rules of a map's keys and values.
func (j *judgement) entries(m, parent reflect.Value, c scope) error {
	owner := pointer(parent)
	for k, v := range m.Seq2() {
		e := c.into(step{kind: stepEntry, name: keyName(k)})
		if c.section.keys != nil && c.section.keys.own != "" {
			keys := e
			keys.section = c.section.keys
			keys.node = c.section.keys.node
			err := j.p.engine.VarWithValueCtx(j.ctx, k.Interface(), owner, c.section.keys.own)
			if err := j.judged(err, "", keys, true); err != nil {
				return err
			}
		}
		if err := j.entry(v, owner, e); err != nil {
			return err
		}
		if err := j.descend(addressable(v), parent, e); err != nil {
			return err
		}
	}
	return nil
}

// entry runs the rules of one map value.
func (j *judgement) entry(v reflect.Value, owner any, e scope) error {
	inner := v
	for inner.Kind() == reflect.Pointer && !inner.IsNil() {
		inner = inner.Elem()
	}
	switch {
	case inner.Kind() != reflect.Struct || e.node.shape != shapeStruct:
		err := j.p.engine.VarWithValueCtx(j.ctx, v.Interface(), owner, e.section.engine)
		return j.judged(err, "", e, false)
	case e.section.engine == "":
		err := j.p.engine.StructCtx(j.ctx, addressable(inner).Addr().Interface())
		return j.judged(err, typePrefix(inner.Type()), e, false)
	}
	const key = "x" // validator dives into a struct only below a name
	err := j.p.engine.VarWithKeyCtx(j.ctx, key, v.Interface(), e.section.engine)
	return j.judged(err, key, e, false)
}

func (j *judgement) judged(err error, prefix string, c scope, key bool) error {
	if err == nil {
		return nil
	}
	return j.engine(err, prefix, c, key)
}

// into leads from a container to a part of it.
func (c scope) into(s step) scope {
	c.at = append(slices.Clone(c.at), s)
	c.node, c.section = c.node.elem, c.section.dived()
	c.object = c.node.object
	return c
}

// typePrefix is what validator writes before the names of a struct's fields.
func typePrefix(t reflect.Type) string {
	if t.Name() == "" {
		return ""
	}
	return t.Name() + "."
}

// onlyRules returns nil if err says that rules were broken, else err.
func onlyRules(err error) error {
	if _, ok := errors.AsType[validator.ValidationErrors](err); ok {
		return nil
	}
	return fmt.Errorf("validate: run the rules: %w", err)
}

func pointer(v reflect.Value) any { return addressable(v).Addr().Interface() }

// addressable returns v, or a copy of it that has an address.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
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
// run.
func prepare(v reflect.Value, n *node) {
	if !n.deep {
		return
	}
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	switch n.shape {
	case shapeStruct:
		for _, index := range n.object.embedded {
			if f := fieldAt(v, index); f.IsNil() {
				f.Set(reflect.New(f.Type().Elem()))
			}
		}
		for _, f := range n.object.fields {
			prepare(fieldAt(v, f.index), f.node)
		}
	case shapeList:
		for i := range v.Len() {
			prepare(v.Index(i), n.elem)
		}
	case shapeMap:
		for k, e := range v.Seq2() {
			if e.Kind() != reflect.Pointer {
				c := addressable(e)
				prepare(c, n.elem)
				v.SetMapIndex(k, c)
				continue
			}
			prepare(e, n.elem)
		}
	}
}

// unset reports the structs and other values whose presence is required and
// that are zero: where no body tells what was sent.
func unset(found *findings, v reflect.Value, o *object, at place) {
	for _, f := range o.fields {
		fv, err := v.FieldByIndexErr(f.index)
		if err != nil {
			continue
		}
		here := slices.Clone(at)
		if !f.whole {
			here = append(here, f.step())
		}
		switch {
		case f.presence && fv.IsZero():
			fault := problem.FieldError{In: f.in, Rule: "required", Want: f.node.want, Label: f.label, Message: f.message}
			found.add(finding{FieldError: fault, at: here})
		case fv.Kind() == reflect.Pointer && fv.IsNil():
		case f.node.object != nil && f.node.deep:
			unset(found, reflect.Indirect(fv), f.node.object, here)
		}
	}
}
