package validate

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// parses reports whether validator can read a tag. Behind omitempty, on nil,
// none of its rules runs.
func (b *builder) parses(tag string) (ok bool) {
	defer func() { ok = recover() == nil }()
	err := b.probe.Var((*int)(nil), "omitempty,"+tag)
	return err == nil
}

// try runs one rule on a made-up value beside an empty struct, and returns
// what validator had to say before it panicked.
func (b *builder) try(o *object, s *section, tag string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	made := notEmpty(s.node.typ).Interface()
	if isDived(s.node.typ) {
		// Only below a name does validator run the rules of a struct.
		return onlyRules(b.probe.VarWithKey(elementKey, made, tag+",nostructlevel"))
	}
	return onlyRules(b.probe.VarWithValue(made, reflect.New(o.typ).Interface(), tag))
}

// checkCompared tries the comparison of another field with the value of a rule
// such as required_if=Kind a, which validator reads as the kind of the field.
// On an interface clients choose the kind.
func (b *builder) checkCompared(o *object, name, value string) (ok bool) {
	t := typeAt(o.typ, name)
	switch {
	case t == nil:
		return true
	case t.Kind() == reflect.Interface:
		return false
	}
	defer func() { ok = recover() == nil }()
	beside := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "X", Type: t}}))
	beside.Elem().Field(0).Set(notEmpty(t))
	return b.probe.VarWithValue(1, beside.Interface(), "required_if=X '"+escape.Replace(value)+"'") == nil
}

// typeAt follows a path such as Items[0].Name from t as validator does, to a
// type without pointers or to the first interface. It returns nil if there is
// nothing.
func typeAt(t reflect.Type, path string) reflect.Type {
	for {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if path == "" || t.Kind() == reflect.Interface {
			return t
		}
		if path[0] == '[' {
			if k := t.Kind(); k != reflect.Slice && k != reflect.Array && k != reflect.Map {
				return nil
			}
			_, path, _ = strings.Cut(path, "]")
			t = t.Elem()
			continue
		}
		name := strings.TrimPrefix(path, ".")
		if end := strings.IndexAny(name, ".["); end >= 0 {
			name, path = name[:end], name[end:]
		} else {
			path = ""
		}
		if t.Kind() != reflect.Struct {
			return nil
		}
		sf, ok := t.FieldByName(name)
		if !ok {
			return nil
		}
		t = sf.Type
	}
}

// fits reports whether a rule can be met by values of t. Rules about text ask
// reflect for the string of any value, and then refuse "<int Value>" for ever.
func fits(rule string, t reflect.Type) bool {
	switch {
	case t.Kind() == reflect.String || notOnlyText[rule]:
		return true
	case rule == "numeric" || rule == "number":
		return isNumber(t)
	case rule == "json":
		return t.Kind() == reflect.Slice
	case rule == "ulid" || strings.HasPrefix(rule, "uuid"):
		return t.Implements(stringer)
	}
	return false
}

var stringer = reflect.TypeFor[fmt.Stringer]()

// notOnlyText are the rules that know other kinds than strings, or panic.
var notOnlyText = func() map[string]bool {
	rules := map[string]bool{}
	for name := range strings.FieldsSeq(`
		required required_if required_unless required_with required_with_all required_without required_without_all
		excluded_if excluded_unless excluded_with excluded_with_all excluded_without excluded_without_all skip_unless isdefault
		len min max eq ne lt lte gt gte unique oneof noneof validateFn notblank boolean
		eqfield nefield gtfield gtefield ltfield ltefield eqcsfield necsfield gtcsfield gtecsfield ltcsfield ltecsfield
		latitude longitude port luhn_checksum
		iso3166_1_alpha_numeric iso3166_1_alpha_numeric_eu iso4217_numeric country_code eu_country_code`) {
		rules[name] = true
	}
	return rules
}()

// outside are the rules that leave the process with what a client sent. Not
// among them is timezone, which opens only files of the time zone database:
// time.LoadLocation refuses absolute names and those with dots.
var outside = map[string]bool{
	"file": true, "filepath": true, "dir": true, "dirpath": true, "image": true, "mimetype": true, "uds_exists": true,
	"tcp_addr": true, "tcp4_addr": true, "tcp6_addr": true, "udp_addr": true, "udp4_addr": true, "udp6_addr": true,
	"ip_addr": true, "ip4_addr": true, "ip6_addr": true,
}

// notEmpty is what a rule is tried on: anything but the zero value, behind
// which omitempty hides mistakes.
func notEmpty(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch {
	case t == timeType:
		v.Set(reflect.ValueOf(time.Unix(1, 0).UTC()))
	case v.CanInt():
		v.SetInt(1)
	case v.CanUint():
		v.SetUint(1)
	case v.CanFloat():
		v.SetFloat(1)
	}
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("a")
	case reflect.Slice:
		v.Set(reflect.Append(v, notEmpty(t.Elem())))
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		v.SetMapIndex(notEmpty(t.Key()), reflect.New(t.Elem()).Elem())
	case reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
	}
	return v
}

// isKey reports whether every value of t may be a map key.
func isKey(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface:
		return false
	case reflect.Array:
		return isKey(t.Elem())
	case reflect.Struct:
		for field := range t.Fields() {
			if !isKey(field.Type) {
				return false
			}
		}
	}
	return t.Comparable()
}
