package validate

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/problem"
)

// A judgement is one run of the rules on a value.
type judgement struct {
	ctx     context.Context
	v       *Validator
	p       *plan
	decoded findings // what did not decode
	rules   findings // what breaks a rule
	at      place    // see visit
}

// Failures beyond so many are not counted, and not looked for: a client would
// choose what they cost.
const counted = 1000

// isEnough reports whether what is wrong at j.at would neither be reported nor
// counted.
func (j *judgement) isEnough() bool {
	if j.rules.dropped < counted || !j.rules.cuts(j.at) {
		return false
	}
	j.rules.more = true
	return true
}

// judge runs the rules on root, which is addressable and of the plan's type. It
// returns all that is wrong, together with what did not decode.
func (p *plan) judge(ctx context.Context, v *Validator, root reflect.Value, decoded findings) (findings, error) {
	broken := p.engine.StructCtx(ctx, root.Addr().Interface())
	if broken == nil && !p.deep {
		return decoded, nil
	}
	j := &judgement{ctx: ctx, v: v, p: p, decoded: decoded, rules: findings{limit: v.cfg.MaxErrors}}
	if err := j.judged(broken, p.prefix, scope{object: p.top}, false); err != nil {
		return findings{}, err
	}
	if p.deep {
		if err := j.visit(root, p.top, broken == nil); err != nil {
			return findings{}, err
		}
	}
	j.rules.merge(&j.decoded)
	return j.rules, nil
}

// judged is engine, if err is not nil, for the place of the visit.
func (j *judgement) judged(err error, prefix string, c scope, key bool) error {
	if err == nil {
		return nil
	}
	c.at = j.at
	return j.engine(err, prefix, c, key)
}

// engine turns validator's errors into findings. Their namespaces are Go names
// and indexes, never map keys, behind prefix, and lead on from c.
func (j *judgement) engine(err error, prefix string, c scope, key bool) error {
	failed, ok := err.(validator.ValidationErrors)
	if !ok {
		return fmt.Errorf("validate: run the rules: %w", err)
	}
	for i, e := range failed {
		if len(j.rules.list) >= j.v.cfg.MaxErrors && i >= j.v.cfg.MaxErrors {
			// validator keeps the struct order, so the rest would be cut.
			j.rules.dropped += len(failed) - i
			break
		}
		f := c.resolve(strings.TrimPrefix(e.StructNamespace(), prefix))
		f.Key = key
		j.describe(&f, e)
		j.rules.addRule(f.finding, &j.decoded)
	}
	return nil
}

// A scope is where a namespace begins, or has led to.
type scope struct {
	object  *object // that the next name belongs to
	node    *node   // that the next index belongs to
	field   *field
	section *section
	at      place
	owner   *object // that declares field
	base    place   // of owner

	zeroPasses bool // of the elements one was zero, and broke no rule
}

// A located finding knows the field and the section that it is about.
type located struct {
	finding
	scope scope
}

// resolve follows a namespace, such as Items[1].Name, as far as the wire
// knows it.
func (c scope) resolve(namespace string) located {
	c.at = slices.Clone(c.at)
	goName := ""
	for rest := namespace; rest != ""; {
		if rest[0] == '[' {
			end := strings.IndexByte(rest, ']')
			i, err := strconv.Atoi(rest[1:max(end, 1)])
			if err != nil || c.node == nil {
				break
			}
			c.at = append(c.at, step{kind: stepElement, rank: i})
			c.section, c.node, rest = c.section.dived(), c.node.elem, rest[end+1:]
			c.object = nil
			if c.node != nil {
				c.object = c.node.object
			}
			goName = ""
			continue
		}
		rest = strings.TrimPrefix(rest, ".")
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		goName, rest = goName+rest[:end], rest[end:]
		if c.object == nil {
			break
		}
		f := c.object.byGo[goName]
		if f == nil {
			break
		}
		c.field, c.section = f, f.rules
		if f.inline {
			goName += "."
			continue
		}
		c.owner, c.base = c.object, slices.Clone(c.at)
		if !f.whole {
			c.at = append(c.at, f.step())
		}
		c.node, c.object, goName = f.node, f.node.object, ""
	}
	return located{finding{at: c.at}, c}
}

// describe fills in the facts.
func (j *judgement) describe(f *located, e validator.FieldError) {
	f.Rule, f.Param = e.ActualTag(), e.Param()
	switch {
	case builtinAliases[e.Tag()]:
		f.Rule, f.Param = e.Tag(), ""
	case strings.Contains(f.Rule, "|"):
		f.Param = "" // of the last alternative only
	}
	s := f.scope.section
	if s != nil {
		f.Want, f.OneOf, f.Min, f.Max = s.node.want, s.oneOf, s.min, s.max
	}
	if f.Rule == "noneof" || f.Rule == "noneofci" {
		f.OneOf = splitList(f.Param)
	}
	if own, ok := j.v.cfg.Rules[f.Rule]; ok {
		f.Message = own.Text
	}
	value := reflect.ValueOf(e.Value())
	f.zero = !value.IsValid() || value.IsZero()
	field := f.scope.field
	if field == nil {
		return
	}
	f.Label, f.In = field.label, field.in
	if field.message != "" {
		f.Message = field.message
	}
	f.compared()
}

// compared names the other fields that the rule looks at as the wire does.
func (f *located) compared() {
	r := rule{name: f.Rule, param: f.Param}
	if r.name == "unique" {
		f.unique = true
		if n := f.scope.node; r.param != "" && n != nil && n.elem != nil && n.elem.object != nil {
			if other := n.elem.object.byGo[r.param]; other != nil {
				f.Param = other.name
			}
		}
		return
	}
	owner, names := f.scope.owner, r.others()
	if owner == nil || len(names) == 0 {
		return
	}
	wire := make([]string, len(names))
	for i, name := range names {
		at, other := owner.follow(name)
		if other == nil {
			wire[i] = name
			continue
		}
		f.others = append(f.others, append(slices.Clone(f.scope.base), at...))
		var shown problem.FieldError
		shown.Path = at.path()
		wire[i] = string(shown.AppendPath(nil, problem.Brackets))
		if i == 0 {
			f.Other = other.label
		}
	}
	f.Param = strings.Join(wire, " ")
	if r.comparesValues() {
		words := splitList(r.param)
		for i := range wire {
			words[2*i] = wire[i]
		}
		f.Param = strings.Join(words, " ")
	}
}

// follow finds the field that a rule of o names, such as Address.City.
func (o *object) follow(goPath string) (place, *field) {
	l := scope{object: o}.resolve(goPath)
	if l.scope.field == nil || l.scope.field.inline {
		return nil, nil
	}
	return l.at, l.scope.field
}

// builtinAliases are validator's own aliases, which have sentences.
var builtinAliases = map[string]bool{"iscolor": true, "country_code": true, "eu_country_code": true}
