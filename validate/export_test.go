package validate

import (
	"reflect"
)

// Walk decodes a body as the walk does, without asking Unmarshal first. Decode
// walks only over bodies that have a fault, and tests compare the walk with
// encoding/json on all. It returns the rules of its findings.
func Walk[T any](v *Validator, body []byte) (in T, rules []string, ok bool) {
	v = v.orStandard()
	p := v.plan(reflect.TypeFor[T]())
	if _, err := v.scan(body, p.body); err != nil || !p.body.accepts(body) {
		return in, nil, false
	}
	found := v.walk(body, reflect.ValueOf(&in).Elem(), p.body, p.member)
	for _, f := range found.list {
		rules = append(rules, f.Rule)
	}
	return in, rules, true
}

// Scan runs the scan alone.
func Scan[T any](v *Validator, body []byte) error {
	v = v.orStandard()
	_, err := v.scan(body, v.plan(reflect.TypeFor[T]()).body)
	return err
}

// ScanLeftovers returns what a scanner from the pool remembers of names.
func ScanLeftovers() []byte {
	s := scanners.Get().(*scanner)
	defer scanners.Put(s)
	return append(s.text[:cap(s.text):cap(s.text)], s.fold[:cap(s.fold)]...)
}

// IsEmail is the shortcut of the email rule, which must never differ from it.
var IsEmail = isEmail
