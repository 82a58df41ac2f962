package validate

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"
)

// newEngine returns a validator of our own, with the rules of the Config.
func (v *Validator) newEngine() *validator.Validate {
	e := validator.New(validator.WithRequiredStructEnabled())
	e.SetTagName(v.cfg.TagName)
	must(e.RegisterValidation("notblank", notBlank))
	must(e.RegisterValidation("email", emailRule))
	for _, version := range []string{"uuid3", "uuid4", "uuid5", "uuid7"} {
		must(e.RegisterValidation(version, uuidRule(version)))
	}
	for name, rule := range v.cfg.Rules {
		must(e.RegisterValidationCtx(name, rule.Check))
	}
	for name, tags := range v.cfg.Aliases {
		e.RegisterAlias(name, tags)
	}
	return e
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// uuidRule is validator's rule of that name for digits in any case, which RFC
// 9562, section 4, asks of readers: validator itself does so for "uuid" alone.
func uuidRule(name string) validator.Func {
	return func(fl validator.FieldLevel) bool {
		v := fl.Field()
		text := v.String()
		if s, ok := v.Interface().(fmt.Stringer); ok && v.Kind() != reflect.String {
			text = s.String()
		}
		return len(text) == len("00000000-0000-0000-0000-000000000000") && plainValidator().Var(strings.ToLower(text), name) == nil
	}
}

// notBlank refuses strings of white space only, and whatever else is empty.
func notBlank(fl validator.FieldLevel) bool {
	switch v := fl.Field(); v.Kind() {
	case reflect.String:
		return strings.TrimSpace(v.String()) != ""
	case reflect.Slice, reflect.Map, reflect.Array:
		return v.Len() > 0
	default:
		return !v.IsZero()
	}
}
