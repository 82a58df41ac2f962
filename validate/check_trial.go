package validate

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"
)

// attempt runs f, and returns its error or what it had to say when it panicked.
func attempt(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return f()
}

// parses reports whether validator can read a tag. Behind omitempty, on nil,
// none of its rules runs.
func parses(engine *validator.Validate, tag string) bool {
	return attempt(func() error { return engine.Var((*int)(nil), "omitempty,"+tag) }) == nil
}

// try runs one rule on a made-up value beside an empty struct, and returns
// what validator had to say before it panicked.
func (b *builder) try(o *object, n *node, tag string) error {
	made := notEmpty(n.typ).Interface()
	return attempt(func() error {
		if isDived(n.typ) {
			// Only below a name does validator run the rules of a struct.
			return onlyRules(b.engine.VarWithKey(elementKey, made, tag+",nostructlevel"))
		}
		return onlyRules(b.engine.VarWithValue(made, reflect.New(o.typ).Interface(), tag))
	})
}

// compares tries the comparison of another field with the value of a rule such
// as required_if=Kind a, which validator reads as the kind of the field. On an
// interface clients choose the kind.
func (b *builder) compares(other scope, value string) bool {
	switch {
	case other.node.typ.Kind() == reflect.Interface:
		return false
	case other.rest != "":
		return true
	}
	beside := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "X", Type: other.node.typ}}))
	beside.Elem().Field(0).Set(notEmpty(other.node.typ))
	tag := "required_if=X '" + escape.Replace(value) + "'"
	return attempt(func() error { return b.engine.VarWithValue(1, beside.Interface(), tag) }) == nil
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

// notOnlyText are the rules that know other kinds than strings, or panic.
var notOnlyText = words(`
	required required_if required_unless required_with required_with_all required_without required_without_all
	excluded_if excluded_unless excluded_with excluded_with_all excluded_without excluded_without_all skip_unless isdefault
	len min max eq ne lt lte gt gte unique oneof noneof validateFn notblank boolean
	eqfield nefield gtfield gtefield ltfield ltefield eqcsfield necsfield gtcsfield gtecsfield ltcsfield ltecsfield
	latitude longitude port luhn_checksum
	iso3166_1_alpha_numeric iso3166_1_alpha_numeric_eu iso4217_numeric country_code eu_country_code`)

// outside are the rules that leave the process with what a client sent. Not
// among them is timezone, which opens only files of the time zone database:
// time.LoadLocation refuses absolute names and those with dots.
var outside = words(`file filepath dir dirpath image mimetype uds_exists
	tcp_addr tcp4_addr tcp6_addr udp_addr udp4_addr udp6_addr ip_addr ip4_addr ip6_addr`)

// notEmpty is what a rule is tried on: anything but the zero value, behind
// which omitempty hides mistakes.
func notEmpty(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch {
	case t == timeType:
		v.Set(reflect.ValueOf(time.Unix(1, 0).UTC()))
	case isNumber(t):
		v.Set(reflect.ValueOf(1).Convert(t))
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

// checkUnique refuses elements that cannot be keys of a map, which validator
// would make them: with some of them a client could choose to make it panic.
func (b *builder) checkUnique(f *field, t reflect.Type, r rule) {
	if !hasLength(t) || t.Kind() == reflect.String {
		return // does not work at all, as the try will tell
	}
	if t = t.Elem(); t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if r.param != "" && t.Kind() == reflect.Struct {
		sf, ok := t.FieldByName(r.param)
		if !ok {
			return
		}
		t = sf.Type
	}
	if !isKey(t) {
		b.fault(f.path, "rule %q on elements of type %v, which cannot be compared", r.tag, t)
	}
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

// checkRules looks for faults in the tags and aliases of a Config.
func (v *Validator) checkRules(fault func(string, ...any)) {
	plain := validator.New()
	for _, name := range slices.Sorted(maps.Keys(v.cfg.Rules)) {
		switch {
		case v.cfg.Rules[name].Check == nil:
			fault("rule %q has no Check", name)
		case isReserved(name, plain):
			fault("rule %q is the name of a built-in rule", name)
		case attempt(func() error { return validator.New().RegisterValidationCtx(name, v.cfg.Rules[name].Check) }) != nil:
			fault("rule %q is no name for a rule", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.cfg.Aliases)) {
		_, rule := v.cfg.Rules[name]
		switch {
		case rule || isReserved(name, plain):
			fault("alias %q is the name of a rule", name)
		case name == "" || attempt(func() error { validator.New().RegisterAlias(name, "required"); return nil }) != nil:
			fault("alias %q is no name for an alias", name)
		case v.isCircular(name, nil):
			fault("alias %q contains itself", name)
		}
	}
}

// isReserved reports whether validator, or this package, has a meaning for a
// name.
func isReserved(name string, plain *validator.Validate) bool {
	return name == "notblank" || name == "-" || steering[name] || name != "" && parses(plain, name)
}

func (v *Validator) isCircular(name string, above []string) bool {
	if slices.Contains(above, name) {
		return true
	}
	above = append(above, name)
	for tag := range strings.FieldsFuncSeq(v.cfg.Aliases[name], func(r rune) bool { return r == ',' || r == '|' }) {
		if _, ok := v.cfg.Aliases[tag]; ok && v.isCircular(tag, above) {
			return true
		}
	}
	return false
}
