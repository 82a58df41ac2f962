package validate

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/internal/strictjson"
	"github.com/backstop-go/backstop/problem"
)

// A judgement is one run of the rules on a value.
type judgement struct {
	ctx     context.Context
	v       *Validator
	p       *plan
	decoded findings // values that did not decode
	rules   findings // values that break a rule
	at      place    // of the visit
	notSent bool     // the value did not come with a request, see [Validator.Validate]

	findsZeros bool // the visit looks for zero values, see visit
}

// counted is the number of dropped failures after which the visit stops to look for
// more: a client chooses how many there are.
const counted = 1000

// isEnough reports whether a failure at j.at would be neither reported nor counted.
func (j *judgement) isEnough() bool {
	if j.rules.dropped < counted || !j.rules.cuts(j.at) {
		return false
	}
	j.rules.more = true
	return true
}

// judge runs the rules on root, which is addressable and has the type of the plan. It
// returns the rule failures together with decoded. If the value was not sent, judge
// reports a zero value as missing where the field must be sent.
func (p *plan) judge(ctx context.Context, v *Validator, root reflect.Value, decoded findings, notSent bool) (findings, error) {
	broken := p.engine.StructCtx(ctx, root.Addr().Interface())
	if broken == nil && !p.top.needsVisit {
		return decoded, nil
	}
	j := &judgement{ctx: ctx, v: v, p: p, decoded: decoded, rules: findings{limit: v.cfg.MaxErrors}, notSent: notSent, findsZeros: notSent}
	if notSent && p.top.needsVisit {
		_ = j.visit(root, p.top.object, true) // fails only when it asks the engine
		j.findsZeros = false
		j.decoded.cut()
	}
	if err := j.engine(broken, scope{node: p.top}, false); err != nil {
		return findings{}, err
	}
	if p.top.needsVisit {
		if err := j.visit(root, p.top.object, broken == nil); err != nil {
			return findings{}, err
		}
	}
	j.rules.list = append(j.rules.list, j.decoded.list...)
	j.rules.dropped += j.decoded.dropped
	j.rules.cut()
	return j.rules, nil
}

// engine turns the errors of validator about c into findings. c is at the place of the
// visit. The namespaces of the errors hold Go names and indexes, never map keys.
func (j *judgement) engine(err error, c scope, key bool) error {
	if err == nil {
		return nil
	}
	failed, ok := err.(validator.ValidationErrors)
	if !ok {
		return fmt.Errorf("validate: run the rules: %w", err)
	}
	c.at = j.at
	prefix := c.prefix()
	for i, e := range failed {
		if len(j.rules.list) >= j.v.cfg.MaxErrors && i >= j.v.cfg.MaxErrors {
			// validator keeps the struct order, so the rest would be dropped.
			j.rules.dropped += len(failed) - i
			break
		}
		f := j.describe(e, c.resolve(strings.TrimPrefix(e.StructNamespace(), prefix)))
		f.Key = key
		j.rules.addRule(f, &j.decoded)
	}
	return nil
}

// A scope is the place where a namespace of validator begins, or to which it leads.
type scope struct {
	node    *node
	field   *field
	section *section
	at      place
	depth   int    // number of steps in at that lead to the owner of field
	rest    string // end of the namespace that is not on the wire

	zeroPasses bool // an element that is zero has broken no rule
}

// resolve follows a namespace, such as Items[1].Name, as far as it is on the wire.
func (c scope) resolve(namespace string) scope {
	c.at = slices.Clone(c.at)
	goName := ""
	for c.rest = namespace; c.rest != ""; {
		if c.rest[0] == '[' {
			index, rest, _ := strings.Cut(c.rest[1:], "]")
			if c.node.elem == nil {
				break
			}
			i, _ := strconv.Atoi(index)
			c.at = append(c.at, step{kind: stepElement, rank: i})
			c.section, c.node, c.rest = c.section.elements(), c.node.elem, rest
			continue
		}
		name := strings.TrimPrefix(c.rest, ".")
		end := strings.IndexAny(name, ".[")
		if end < 0 {
			end = len(name)
		}
		goName += name[:end]
		if c.node.object == nil || c.node.object.byGo[goName] == nil {
			break
		}
		c.field, c.rest = c.node.object.byGo[goName], name[end:]
		c.section = c.field.rules
		if c.field.inline {
			goName += "."
			continue
		}
		c.depth = len(c.at)
		c.at = c.at.to(c.field)
		c.node, goName = c.field.node, ""
	}
	return c
}

// describe states the facts about a broken rule.
func (j *judgement) describe(e validator.FieldError, c scope) finding {
	f := finding{at: c.at}
	f.Rule, f.Param = e.ActualTag(), e.Param()
	switch {
	case builtinAliases[e.Tag()]:
		f.Rule, f.Param = e.Tag(), ""
	case strings.Contains(f.Rule, "|"):
		f.Param = "" // it belongs to the last alternative only
	}
	if s := c.section; s != nil && s.node != nil {
		f.Want, f.OneOf, f.Min, f.Max = s.node.want, s.oneOf, s.min, s.max
	}
	if f.Rule == "noneof" || f.Rule == "noneofci" {
		f.OneOf = splitList(f.Param)
	}
	f.Message = j.v.cfg.Rules[f.Rule].Text
	switch value := reflect.ValueOf(e.Value()); {
	case j.notSent:
	case !value.IsValid(), value.IsZero():
		f.Presence = problem.Zero
	default:
		f.Presence = problem.Present
	}
	if c.field != nil {
		f.Label, f.In, f.Message = c.field.label, c.field.in, cmp.Or(c.field.message, f.Message)
		c.compare(&f)
	}
	return f
}

// compare names the other fields that the rule looks at by their names on the wire.
func (c scope) compare(f *finding) {
	if f.unique = f.Rule == "unique"; f.unique {
		if elem := c.node.elem; elem != nil && elem.object != nil && elem.object.byGo[f.Param] != nil {
			f.Param = elem.object.byGo[f.Param].name
		}
		return
	}
	list, stride := rule{name: f.Rule, param: f.Param}.operands()
	for i := 0; i < len(list); i += stride {
		other := c.field.owner.follow(list[i])
		if other.field == nil {
			continue
		}
		f.others = append(f.others, slices.Concat(c.at[:c.depth], other.at))
		shown := problem.FieldError{Path: other.at.path()}
		list[i] = string(shown.AppendPath(nil, problem.Brackets))
		if i == 0 {
			f.Other = other.field.label
		}
	}
	if list != nil {
		f.Param = strings.Join(list, " ")
	}
}

// follow finds the field that a rule of o names, such as Address.City.
func (o *object) follow(goPath string) scope {
	c := scope{node: &node{typ: o.typ, object: o}}.resolve(goPath)
	if c.field != nil && c.field.inline {
		c.field = nil
	}
	return c
}

// builtinAliases are the aliases of validator for which styles have sentences.
var builtinAliases = words("iscolor country_code eu_country_code")

// locate finds out whether the values of wanted were sent, in one pass over the body.
// The first depth steps of each lead to the value at the cursor. locate reorders
// wanted.
func locate(c *strictjson.Cursor, wanted []*finding, depth int) {
	open := c.Peek()
	here := first(wanted, func(f *finding) bool { return len(f.at) == depth })
	for _, f := range wanted[:here] {
		if open == 'n' {
			f.Presence = problem.Null
		}
	}
	wanted = wanted[here:]
	if len(wanted) == 0 || open != '{' && open != '[' {
		c.Raw()
	} else {
		for i := range c.Open() {
			var name []byte
			if open == '{' {
				name = c.Name()
			}
			n := first(wanted, func(f *finding) bool { return f.at[depth].leadsTo(name, i) })
			locate(c, wanted[:n], depth+1)
			wanted = wanted[n:]
			c.Next()
		}
	}
	for _, f := range wanted {
		f.Presence = problem.Absent
	}
}

// first moves the findings for which is returns true to the begin of list, and counts
// them.
func first(list []*finding, is func(*finding) bool) (n int) {
	for i, f := range list {
		if is(f) {
			list[i], list[n] = list[n], f
			n++
		}
	}
	return n
}

// leadsTo reports whether s is the step to a member of that name or, if name is
// nil, to the element of that index.
func (s *step) leadsTo(name []byte, index int) bool {
	switch {
	case s.kind == stepElement || name == nil:
		return s.kind == stepElement && name == nil && s.rank == index
	case s.kind == stepMember:
		return s.field.name == string(name)
	}
	return s.name == string(name)
}
