package validate

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/problem"
)

// Check returns what is wrong with the tags of T and of every type that it
// reaches, all faults at once:
//
//	validate: User.Email: unknown rule "requird"
//
// [HandlerFunc] and [Handler] do the same and panic. Check is for tests, and
// for main if only [Decode] is used.
func Check[T any](v *Validator) error {
	return v.orStandard().plan(reflect.TypeFor[T]()).fault
}

// newEngine returns a validator of our own, with the rules of the Config.
func (v *Validator) newEngine() *validator.Validate {
	e := validator.New(validator.WithRequiredStructEnabled())
	e.SetTagName(v.cfg.TagName)
	must(e.RegisterValidation("notblank", notBlank))
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

func (v *Validator) checkRules(fault func(string, ...any)) {}

func (b *builder) faultf(t reflect.Type, goName, format string, args ...any) {
	where := t.Name()
	if where == "" {
		where = "struct"
	}
	b.faults = append(b.faults, fmt.Errorf("validate: %s.%s: "+format, append([]any{where, goName}, args...)...))
}

func (b *builder) checkField(o *object, c *candidate, f *field) {
	if c.in != problem.InBody {
		if err := checkParam(f); err != nil {
			b.faultf(o.typ, c.goName, "%w", err)
		}
	}
}
func (b *builder) hidden(o *object, c *candidate, rivals []*candidate) {}
func (b *builder) checkTypes(p *plan)                                  {}
func (b *builder) mapKey(t reflect.Type)                               {}
func (b *builder) undecodable(t reflect.Type)                          {}
