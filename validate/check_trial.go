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

// attempt runs f, and returns its error or the value of its panic.
func attempt(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return f()
}

// parses reports whether validator can read a tag. None of its rules runs, because
// omitempty ends at nil.
func parses(engine *validator.Validate, tag string) bool {
	return attempt(func() error { return engine.Var((*int)(nil), "omitempty,"+tag) }) == nil
}

// try runs one rule on a made-up value beside an empty struct, and returns the panic
// of validator.
func (b *builder) try(o *object, n *node, tag string) error {
	made := notEmpty(n.typ).Interface()
	return attempt(func() error {
		if isDived(n.typ) {
			// validator runs rules on a struct only below a name.
			return onlyRules(b.engine.VarWithKey(elementKey, made, tag+",nostructlevel"))
		}
		return onlyRules(b.engine.VarWithValue(made, reflect.New(o.typ).Interface(), tag))
	})
}

// compares reports whether another field can be compared with the value in a rule
// such as required_if=Kind a: validator reads the value as the kind of that field. It
// cannot on an interface, because clients choose the kind.
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

// fits reports whether values of t can pass a rule. Rules about text take the
// [reflect.Value.String] of any value, and would always refuse "<int Value>".
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

// notOnlyText are the rules that know other kinds than strings, or panic, which try
// finds.
var notOnlyText = words(`
	required required_if required_unless required_with required_with_all required_without required_without_all
	excluded_if excluded_unless excluded_with excluded_with_all excluded_without excluded_without_all skip_unless isdefault
	len min max eq ne lt lte gt gte unique oneof noneof validateFn notblank boolean
	eqfield nefield gtfield gtefield ltfield ltefield eqcsfield necsfield gtcsfield gtecsfield ltcsfield ltecsfield
	latitude longitude port luhn_checksum
	iso3166_1_alpha_numeric iso3166_1_alpha_numeric_eu iso4217_numeric country_code eu_country_code`)

// outside are the rules that use what a client sent for files or DNS. timezone is not
// one of them: [time.LoadLocation] opens only files of the time zone database.
var outside = words(`file filepath dir dirpath image mimetype uds_exists
	tcp_addr tcp4_addr tcp6_addr udp_addr udp4_addr udp6_addr ip_addr ip4_addr ip6_addr`)

// notEmpty returns the value on which a rule is tried. It is not zero, because
// omitempty would hide faults then.
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

// checkUnique refuses elements that cannot be keys of a map. validator uses them as
// keys, so a client could make it panic.
func (b *builder) checkUnique(f *field, t reflect.Type, r rule) {
	if !hasLength(t) || t.Kind() == reflect.String {
		return // the rule does not work at all, which try finds
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

// checkRules finds faults in the rules and aliases of the Config.
func (v *Validator) checkRules(fault func(string, ...any)) {
	plain := validator.New()
	for _, name := range slices.Sorted(maps.Keys(v.cfg.Rules)) {
		switch {
		case v.cfg.Rules[name].Check == nil:
			fault("rule %q has no Check", name)
		case isReserved(name, plain):
			fault("rule %q is the name of a built-in rule", name)
		case attempt(func() error { return validator.New().RegisterValidationCtx(name, v.cfg.Rules[name].Check) }) != nil:
			fault("rule %q is not a valid name", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.cfg.Aliases)) {
		_, rule := v.cfg.Rules[name]
		switch {
		case rule || isReserved(name, plain):
			fault("alias %q is the name of a rule", name)
		case name == "" || attempt(func() error { validator.New().RegisterAlias(name, "required"); return nil }) != nil:
			fault("alias %q is not a valid name", name)
		case v.isCircular(name, nil):
			fault("alias %q contains itself", name)
		}
	}
}

// isReserved reports whether a name has a meaning for validator or this package.
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
