package validate

import (
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
