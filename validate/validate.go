package validate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"mime"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/backstop-go/backstop/problem"
)

var standard = sync.OnceValue(func() *Validator {
	v, _ := New(Config{}) // which has no fault
	return v
})

func (v *Validator) orStandard() *Validator {
	return cmp.Or(v, standard())
}

// New returns a Validator, or all faults of the configuration at once.
func New(cfg Config) (*Validator, error) {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf("validate: "+format, args...)) }
	limit(fault, "MaxBody", &cfg.MaxBody, 1<<20, 1<<31-1)
	limit(fault, "MaxDepth", &cfg.MaxDepth, 64, 10_000)
	limit(fault, "MaxElements", &cfg.MaxElements, 10_000, 1<<30)
	limit(fault, "MaxTokens", &cfg.MaxTokens, 100_000, 1<<30)
	limit(fault, "MaxValue", &cfg.MaxValue, 64<<20, 1<<40)
	limit(fault, "MaxErrors", &cfg.MaxErrors, 100, 100)
	limit(fault, "MaxParams", &cfg.MaxParams, 1_000, 1<<30)
	limit(fault, "ReadTimeout", &cfg.ReadTimeout, 0, 1<<63-1)
	if len(cfg.MediaTypes) == 0 {
		cfg.MediaTypes = []string{"application/json"}
	}
	cfg.MediaTypes = slices.Clone(cfg.MediaTypes)
	cfg.Rules, cfg.Aliases = maps.Clone(cfg.Rules), maps.Clone(cfg.Aliases)
	for i, t := range cfg.MediaTypes {
		full, params, err := mime.ParseMediaType(t)
		if err != nil || len(params) > 0 || strings.Count(full, "/") != 1 {
			fault("media type %q is not of the form type/subtype", t)
		}
		cfg.MediaTypes[i] = full
	}
	cfg.TagName = cmp.Or(cfg.TagName, "validate")
	v := &Validator{cfg: cfg}
	v.checkRules(fault)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return v, nil
}

// limit replaces zero by the default, and refuses a value out of range.
func limit[N int | int64 | time.Duration](fault func(string, ...any), name string, n *N, standard, most N) {
	switch {
	case *n == 0:
		*n = standard
	case *n < 0:
		fault("%s of %v is negative", name, *n)
	case *n > most:
		fault("%s of %v is more than %v", name, *n, most)
	}
}

// Validate runs the rules of x: a struct, list or map, or a pointer to one. It returns
// an error of the kind [problem.Validation] if x breaks a rule, and nil if x has no
// rules. Its field errors have [problem.PresenceUnknown], because nothing was sent. A
// mistake in the rules is an error of the kind [problem.Internal].
func (v *Validator) Validate(ctx context.Context, x any) (err error) {
	v = v.orStandard()
	defer contain(&err)
	value := reflect.ValueOf(x)
	for value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	if !value.IsValid() {
		return problem.Internal.Wrap(errors.New("validate: Validate was called with nil"), "")
	}
	p := v.plan(value.Type())
	if p.fault != nil {
		return problem.Internal.Wrap(p.fault, "")
	}
	root := reflect.New(p.top.typ).Elem()
	if p.wrapped {
		root.Field(0).Set(value)
	} else {
		root.Set(value)
	}
	found, err := p.judge(ctx, v, root, findings{limit: v.cfg.MaxErrors}, true)
	if err != nil {
		return err
	}
	return found.err()
}

// Check returns all faults in the tags of T and of every type that T contains, such
// as
//
//	validate: User.Email: unknown rule "requird"
//
// [HandlerFunc] and [Handler] call Check and panic. Call it in a test, or in main if
// the program uses only [Decode].
func Check[T any](v *Validator) error {
	return v.orStandard().plan(reflect.TypeFor[T]()).fault
}
