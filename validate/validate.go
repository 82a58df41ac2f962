package validate

import (
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

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/problem"
)

// Config says how requests are read. Its zero value is usable. No limit can be
// switched off: those that name no bound of their own end at 1<<30.
type Config struct {
	MaxBody     int64         // bytes of a body; default 1 MiB, at most 2 GiB - 1
	MaxDepth    int           // containers within each other; default 64, at most 10,000
	MaxElements int           // members or elements of one container; default 10,000
	MaxTokens   int           // values and names of one body; default 100,000
	MaxValue    int64         // bytes of memory that the decoded body takes; default 64 MiB
	MaxErrors   int           // field errors of one request; default and at most 100
	MaxParams   int           // pairs of a query or a form; default 1,000
	ReadTimeout time.Duration // of one body; default 0, the server's own read deadline
	MediaTypes  []string      // default application/json; "application/*+json" may be added
	TagName     string        // default "validate"; "binding" reads the structs of gin

	AllowEmpty         bool // an empty body is the zero value, which is then validated
	AllowNoContentType bool // a missing Content-Type counts as the wanted one
	AllowNullElements  bool // null as list element or map value
	AllowOutsideTags   bool // rules that touch files or DNS
	ReportUnknown      bool // an unknown member is a field error; otherwise it is ignored
	RequiredByPresence bool // required on numbers, booleans, times: sent, rather than not zero

	Rules   map[string]Rule   // own tags
	Aliases map[string]string // own names for tag lists
}

// A Rule is a tag of your own.
type Rule struct {
	// Check reports whether a value passes. It must be safe for concurrent use.
	// Below a map or a list of structs, Top is the element.
	Check validator.FuncCtx

	// Text is the sentence for a failure, as [problem.FieldError].Message has
	// it. Empty means the style's fallback.
	Text string
}

// A Validator decodes and validates requests. It is safe for concurrent use. A
// nil *Validator works as one made from the zero [Config].
type Validator struct {
	cfg   Config
	plans sync.Map // reflect.Type to func() *plan
}

var standard = sync.OnceValue(func() *Validator {
	v, err := New(Config{})
	if err != nil {
		panic(err) // the zero Config has no fault
	}
	return v
})

func (v *Validator) orStandard() *Validator {
	if v == nil {
		return standard()
	}
	return v
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
	if cfg.TagName == "" {
		cfg.TagName = "validate"
	}
	v := &Validator{cfg: cfg}
	v.checkRules(fault)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return v, nil
}

// limit replaces zero by the default and refuses what is out of range.
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

// Validate runs the rules of x, a struct, list or map or a pointer to one, and
// returns an error of the kind [problem.Validation] if any is broken. Nothing
// is known of how the values came to be: see [problem.PresenceUnknown]. An x
// without rules passes. A mistake in the rules is an error of the kind
// Internal.
func (v *Validator) Validate(ctx context.Context, x any) (err error) {
	v = v.orStandard()
	defer contain(&err)
	value := reflect.ValueOf(x)
	for value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	if !value.IsValid() {
		return problem.Internal.Wrap(errors.New("validate: Validate(nil)"), "")
	}
	p := v.plan(value.Type())
	if p.fault != nil {
		return problem.Internal.Wrap(p.fault, "")
	}
	root := addressable(value)
	if p.wrapped {
		root = reflect.New(p.root).Elem()
		root.Field(0).Set(value)
	}
	found := findings{limit: v.cfg.MaxErrors}
	if p.deep {
		unset(&found, root, &node{shape: shapeStruct, object: p.top, deep: true}, nil, nil)
		found.cut()
	}
	found, err = p.judge(ctx, v, root, found)
	if err != nil {
		return err
	}
	return found.err()
}
