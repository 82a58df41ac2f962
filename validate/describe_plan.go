package validate

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/go-playground/validator/v10"
)

// A plan is what is known about a type before the first request: read-only,
// built once per Validator and type.
type plan struct {
	typ     reflect.Type // T
	wrapped bool         // the engine sees a struct around T

	top    *node    // of the struct that the engine sees
	body   *node    // what the body becomes, nil if there is none or it is a form
	member *field   // the field that is the whole body, nil if top is
	form   bool     // there are form fields
	gin    bool     // the tags are those of gin
	forms  *plan    // for requests with a form, if T has both form fields and JSON members, as structs of gin do
	params []*field // query, path, header, cookie, form; in struct order
	query  bool     // some of params are in the query

	engine *validator.Validate
	embeds bool  // some struct embeds a pointer
	keeps  bool  // something may keep a piece of the body
	fault  error // all mistakes
}

// A builder builds a plan.
type builder struct {
	*plan
	v         *Validator
	root      reflect.Type // that the engine sees
	nodes     map[reflect.Type]*node
	rules     map[reflect.Type]map[string]string // for the engine, by Go field name
	described []*field                           // to be checked when all is described, because rules may name fields that come later
	isForm    bool                               // the plan is for forms where T has both, see plan.forms
	faults    []error
}

// fault notes a mistake in what stands at path, once.
func (b *builder) fault(path, format string, args ...any) {
	err := fmt.Errorf("validate: "+path+": "+format, args...)
	if !slices.ContainsFunc(b.faults, func(other error) bool { return other.Error() == err.Error() }) {
		b.faults = append(b.faults, err)
	}
}

// engineRule says which tag the engine sees on a field, unless it never gets
// there; elsewhere the same struct may have rules.
func (b *builder) engineRule(f *field, tag string) {
	if f.skip {
		return
	}
	if b.rules[f.declared] == nil {
		b.rules[f.declared] = map[string]string{}
	}
	b.rules[f.declared][f.Name] = tag
}
