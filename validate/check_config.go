package validate

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-playground/validator/v10"
)

// checkRules looks for faults in the tags and aliases of a Config.
func (v *Validator) checkRules(fault func(string, ...any)) {
	plain := validator.New()
	for _, name := range slices.Sorted(maps.Keys(v.cfg.Rules)) {
		switch {
		case v.cfg.Rules[name].Check == nil:
			fault("rule %q has no Check", name)
		case isReserved(name, plain):
			fault("rule %q is the name of a built-in rule", name)
		case !canRegister(func(e *validator.Validate) { must(e.RegisterValidationCtx(name, v.cfg.Rules[name].Check)) }):
			fault("rule %q is no name for a rule", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.cfg.Aliases)) {
		_, rule := v.cfg.Rules[name]
		switch {
		case rule || isReserved(name, plain):
			fault("alias %q is the name of a rule", name)
		case name == "" || !canRegister(func(e *validator.Validate) { e.RegisterAlias(name, "required") }):
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

// canRegister reports whether validator takes a name: it panics if not.
func canRegister(register func(*validator.Validate)) (ok bool) {
	defer func() { ok = recover() == nil }()
	register(validator.New())
	return
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
