package validate

import (
	"reflect"

	"github.com/backstop-go/backstop/internal/strictjson"
)

// Walk decodes a body without running rules. It returns the rules of its
// findings.
func Walk[T any](v *Validator, body []byte) (in T, rules []string, ok bool) {
	v = v.orStandard()
	p := v.plan(reflect.TypeFor[T]())
	s := strictjson.NewScanner(v.limits())
	defer s.Release()
	if s.Scan(body, true) != nil {
		return in, nil, false
	}
	found, err := v.decodeBody(p, reflect.ValueOf(&in).Elem(), &document{scanner: s})
	for _, f := range found.list {
		rules = append(rules, f.Rule)
	}
	return in, rules, err == nil
}

// WalkLeftovers returns what a walk from the pool remembers of names.
func WalkLeftovers() []byte {
	w := walks.Get().(*walk)
	defer walks.Put(w)
	left := append([]byte(nil), w.fold[:cap(w.fold)]...)
	for _, s := range w.at[:cap(w.at)] {
		left = append(left, s.name...)
	}
	return left
}

// IsEmail is the shortcut of the email rule, which must never differ from it.
var IsEmail = isEmail
