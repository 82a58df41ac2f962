package validate

import (
	"reflect"

	"github.com/backstop-go/backstop/internal/strictjson"
	"github.com/backstop-go/backstop/problem"
)

// Walk decodes a body without running rules. It returns the decode rules that failed.
func Walk[T any](v *Validator, body []byte) (in T, rules []string, ok bool) {
	value, rules, ok := WalkType(v, reflect.TypeFor[T](), body)
	if value.IsValid() {
		in = value.Interface().(T)
	}
	return in, rules, ok
}

// TypeFault returns the fault of a type that is made at run time.
func TypeFault(v *Validator, t reflect.Type) error { return v.orStandard().plan(t).fault }

// WalkType is Walk for a type that is made at run time. It is not ok if the type has a fault or
// the scan refuses the body.
func WalkType(v *Validator, t reflect.Type, body []byte) (in reflect.Value, rules []string, ok bool) {
	v = v.orStandard()
	p := v.plan(t)
	s := strictjson.NewScanner(v.limits())
	defer s.Release()
	if p.fault != nil || p.body == nil || s.Scan(body, true) != nil {
		return in, nil, false
	}
	in = reflect.New(t).Elem()
	found, err := v.decodeBody(p, in, &document{scanner: s}, new(v.cfg.MaxValue))
	for _, f := range found.list {
		if f.Want == problem.TypeBytes && f.Got == problem.TypeArray {
			f.Rule = "array for bytes"
		}
		rules = append(rules, f.Rule)
	}
	return in, rules, err == nil
}

// WalkLeftovers returns the names that a walk in the pool still holds.
func WalkLeftovers() []byte {
	w := walks.Get().(*walk)
	defer walks.Put(w)
	var left []byte
	for _, s := range w.at[:cap(w.at)] {
		left = append(left, s.name...)
	}
	return left
}

// IsEmail is the shortcut of the email rule. It must never differ from the rule.
var IsEmail = isEmail
