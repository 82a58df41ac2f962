package validate

import (
	"reflect"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// checkField tries the rules of a field, section by section.
func (b *builder) checkField(f *field) {
	_, preset := f.Tag.Lookup("default")
	switch {
	case f.in != problem.InBody:
		b.checkParam(f)
	case preset:
		b.fault(f.path, "has a default, which only parameters have: drop it, or give the field a source such as query")
	case f.node.isFile() && !f.hasForm():
		b.fault(f.path, "is a file, which only forms have: write form:%q", f.name)
	}
	if f.quoted && decodesItself(f.node.typ) {
		b.fault(f.path, "has the json option string, but %v decodes itself, and what it is given depends on the version of Go: drop the option", f.node.typ)
	}
	if f.in == problem.InForm && f.jsonName() != "" && f.owner == b.top.object && !b.gin {
		b.fault(f.path, "has %v beside json %q: keep one, or set TagName to binding, which reads forms by the one and JSON by the other", f.source, f.jsonName())
	}
	if f.rules == nil || f.rules.skip {
		return
	}
	before := len(b.faults)
	for s := f.rules; s != nil; s = s.next {
		b.checkSection(f, s)
		if s.keys != nil {
			b.checkSection(f, s.keys)
		}
		if s.next != nil && s.node.elem == nil {
			b.fault(f.path, "dive on %v, which has no elements", s.node.typ)
			return
		}
	}
	if tag := f.Tag.Get(b.v.cfg.TagName); len(b.faults) == before && !parses(b.engine, tag) {
		b.fault(f.path, "validator cannot read the rules %q", tag)
	}
}

// checkSection tries each rule of s.
func (b *builder) checkSection(f *field, s *section) {
	nilable := s.typ.Kind() == reflect.Pointer || s.typ.Kind() == reflect.Interface
	if nilable && !s.settlesNil() {
		b.fault(f.path, "has rules that fail when it is nil: add required, omitnil or omitempty")
	}
	for _, r := range s.rules {
		for alternative := range strings.SplitSeq(r.tag, "|") {
			b.checkRule(f, s, newRule(alternative))
		}
	}
}

// settlesNil reports whether nil never reaches a rule about the value: validator
// panics or fails there. Rules such as required_with may pass nil on to the next rule.
func (s *section) settlesNil() bool {
	for i, r := range s.rules {
		switch {
		case r.name == "required", omits[r.name], r.name == "isdefault" && i == 0:
			return true
		case !r.aboutPresence(), s.isOpaque():
			return false
		}
	}
	return true
}

// aboutPresence reports whether r asks whether there is a value.
func (r rule) aboutPresence() bool {
	return steering[r.name] || r.name == "isdefault" || strings.HasPrefix(r.name, "required") || strings.HasPrefix(r.name, "excluded")
}

func (b *builder) checkRule(f *field, s *section, r rule) {
	t := s.node.typ
	_, own := b.v.cfg.Rules[r.name]
	others, stride := r.operands()
	switch {
	case r.tag == "keys", r.tag == "endkeys": // in a wrong place; checkField tests the whole tag
	case !parses(b.engine, r.tag):
		b.fault(f.path, "unknown rule %q", r.tag)
	case outside[r.name] && !b.v.cfg.AllowOutsideTags:
		b.fault(f.path, "rule %q touches files or DNS, which AllowOutsideTags allows", r.tag)
	case t.Kind() == reflect.Interface && !own && !r.aboutPresence():
		b.fault(f.path, "rule %q on an interface: it may not work on all its values", r.tag)
	case len(others) > 0 && isDived(t) && (s != f.rules || !r.aboutPresence()):
		b.fault(f.path, "rule %q on %v, a struct that validator does not compare", r.tag, t)
	case !b.checkOthers(f, r, others, stride):
	case outside[r.name], own, steering[r.name] && r.name != "skip_unless":
	case !fits(r.name, t):
		b.fault(f.path, "rule %q is about text, not %v", r.tag, t)
	default:
		if r.name == "unique" {
			b.checkUnique(f, t, r)
		}
		if err := b.try(f.owner, s.node, r.tag); err != nil {
			b.fault(f.path, "rule %q does not work on %v: %w", r.tag, t, err)
		}
	}
}

// checkOthers checks the fields that a rule names, and the values that it compares
// them with.
func (b *builder) checkOthers(f *field, r rule, others []string, stride int) bool {
	for i := 0; i < len(others); i += stride {
		other := f.owner.follow(others[i])
		// The field behind an index is known only at run time.
		if other.field == nil && !strings.Contains(others[i], "[") {
			b.fault(f.path, "rule %q names %s, which is not a field beside it that a request fills", r.tag, others[i])
			return false
		}
		if stride == 2 && i+1 < len(others) && !b.compares(other, others[i+1]) {
			b.fault(f.path, "rule %q compares %s with %q, which does not fit all its values", r.tag, others[i], others[i+1])
			return false
		}
	}
	return true
}

// checkParam finds the reasons why a parameter could not be filled.
func (b *builder) checkParam(f *field) {
	n, found := f.node, findings{limit: 1}
	if n.want == problem.TypeArray && f.Type.Kind() == reflect.Slice {
		n = n.elem
	}
	switch {
	case n.typ == fileType && f.in == problem.InForm:
	case !n.isScalar() && !reflect.PointerTo(n.typ).Implements(textUnmarshaler), n.want == problem.TypeBytes:
		b.fault(f.path, "has type %v, which no parameter can fill", f.Type)
	case f.layout != "" && n.typ != timeType:
		b.fault(f.path, "has a time_format, which is only for times, and type %v", f.Type)
	default:
		if decodeParam(reflect.New(f.Type).Elem(), f, nil, &found); len(found.list) > 0 {
			b.fault(f.path, "has a default %q, which is not a %v", f.preset, f.Type)
		}
	}
}
