package validate

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// checkField tries the rules of a field, section by section.
func (b *builder) checkField(o *object, c *candidate, f *field) {
	defer b.in(o, c.goName)()
	tag := c.sf.Tag.Get(b.v.cfg.TagName)
	_, preset := c.sf.Tag.Lookup("default")
	switch {
	case f.in != problem.InBody:
		if err := checkParam(f); err != nil {
			b.fault("%w", err)
		}
	case preset:
		b.fault("has a default, which only parameters have: drop it, or give the field a source such as query")
	case f.isFile() && !f.form:
		b.fault("is a file, which only forms have: write form:%q", c.name)
	}
	if f.quoted && b.decodesItself(f.node.typ) {
		b.fault("has the json option string, of which %v, which decodes itself, sees another part with each version of Go: drop it", f.node.typ)
	}
	if f.in == problem.InForm && f.json && o.typ == b.root && b.v.cfg.TagName != binding {
		b.fault("has %v beside json %q: keep one, or set TagName to binding, which reads forms by the one and JSON by the other", f.source, jsonName(c.sf.Tag.Get("json")))
	}
	if f.rules == nil || f.rules.skip {
		return
	}
	before := len(b.faults)
	t, n := c.sf.Type, f.node
	for s := f.rules; s != nil; s = s.next {
		b.checkSection(o, s, t)
		if s.keys != nil {
			b.checkSection(o, s.keys, n.typ.Key())
		}
		if s.next == nil {
			break
		}
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if n.elem == nil {
			b.fault("dive on %v, which has no elements", t)
			return
		}
		t, n = t.Elem(), s.next.node
	}
	if len(b.faults) == before && !b.parses(tag) {
		b.fault("validator cannot read the rules %q", tag)
	}
}

// checkSection tries each rule of s, which speaks about a value of type t.
func (b *builder) checkSection(o *object, s *section, t reflect.Type) {
	nilable := t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface
	if nilable && !s.settlesNil() {
		b.fault("has rules that fail when it is nil: add required, omitnil or omitempty")
	}
	for _, r := range s.rules {
		for alternative := range strings.SplitSeq(r.tag, "|") {
			b.checkRule(o, s, alternative)
		}
	}
}

// settlesNil reports whether no rule about the value is asked about nil, on
// which validator panics or fails. Rules such as required_with may pass nil on
// to the next one.
func (s *section) settlesNil() bool {
	for i, r := range s.rules {
		switch {
		case r.name == "required", r.name == "omitnil", r.name == "omitempty", r.name == "omitzero", r.name == "isdefault" && i == 0:
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

func (b *builder) checkRule(o *object, s *section, tag string) {
	r := rule{tag: tag}
	r.name, r.param, _ = strings.Cut(tag, "=")
	r.param = unescape.Replace(r.param)
	if tag == "keys" || tag == "endkeys" {
		return // in a wrong place, as reading the whole tag will tell
	}
	if !b.parses(tag) {
		b.fault("unknown rule %q", tag)
		return
	}
	if outside[r.name] && !b.v.cfg.AllowOutsideTags {
		b.fault("rule %q touches files or DNS, which AllowOutsideTags allows", tag)
		return
	}
	_, own := b.v.cfg.Rules[r.name]
	if s.node.typ.Kind() == reflect.Interface && !own && !r.aboutPresence() {
		b.fault("rule %q on an interface, whose values it may not fit", tag)
		return
	}
	if r.name == "unique" {
		b.checkUnique(s, r)
	}
	others := r.others()
	if len(others) > 0 && isDived(s.node.typ) && (s != o.byGo[b.goName].rules || !r.aboutPresence()) {
		b.fault("rule %q on %v, a struct that validator does not compare", tag, s.node.typ)
		return
	}
	for i, name := range others {
		// What an index leads to is only known at run time.
		if _, other := o.follow(name); other == nil && !strings.Contains(name, "[") {
			b.fault("rule %q names %s, which is no field beside it", tag, name)
			return
		}
		if value, ok := r.comparedWith(i); ok && !b.checkCompared(o, name, value) {
			b.fault("rule %q compares %s with %q, which does not fit all its values", tag, name, value)
			return
		}
	}
	if outside[r.name] || own || steering[r.name] && r.name != "skip_unless" {
		return
	}
	if !fits(r.name, s.node.typ) {
		b.fault("rule %q is about text, not %v", tag, s.node.typ)
		return
	}
	if err := b.try(o, s, tag); err != nil {
		b.fault("rule %q does not work on %v: %w", tag, s.node.typ, err)
	}
}

// checkUnique refuses elements that cannot be keys of a map, which validator
// would make them: with some of them a client could choose to make it panic.
func (b *builder) checkUnique(s *section, r rule) {
	t := s.node.typ
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		t = t.Elem()
	default:
		return // does not work at all, as the try will tell
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if r.param != "" && t.Kind() == reflect.Struct {
		sf, ok := t.FieldByName(r.param)
		if !ok {
			return
		}
		t = sf.Type
	}
	if !isKey(t) {
		b.fault("rule %q on elements of type %v, which cannot be compared", r.tag, t)
	}
}

// checkSources looks at what the root has and other structs must not have:
// parameters.
func (b *builder) checkSources(p *plan) {
	seen := map[string]string{}
	for _, f := range p.params {
		id := fmt.Sprint(f.in, f.name)
		if f.in == problem.InHeader {
			id = fmt.Sprint(f.in, http.CanonicalHeaderKey(f.name))
		}
		if other, ok := seen[id]; ok {
			b.faultAt(p.top, f.goName, "has the same source as %s, %v: give each its own", other, f.source)
		}
		seen[id] = f.goName
	}
	for _, n := range b.nodes {
		if n.object == nil || n.object == p.top {
			continue
		}
		for _, f := range n.object.fields {
			if f.in != problem.InBody || f.whole {
				b.faultAt(n.object, f.goName, "has a source, which only fields of the outermost struct have: move %v there, or write json instead of %s", f.source, f.source.tag)
			}
		}
	}
}

// checkParam returns what keeps a parameter from being filled.
func checkParam(f *field) error {
	n := f.node
	if n.shape == shapeList && f.typ.Kind() == reflect.Slice {
		n = n.elem
	}
	switch {
	case n.typ == fileType && f.in == problem.InForm:
		return nil
	case n.shape != shapeScalar && !reflect.PointerTo(n.typ).Implements(textUnmarshaler) || n.want == problem.TypeBytes:
		return fmt.Errorf("has type %v, which no parameter can fill", f.typ)
	case f.source.layout != "" && n.typ != timeType:
		return fmt.Errorf("has a time_format and type %v: it is for times", f.typ)
	}
	if f.source.hasPreset {
		found := findings{limit: 1}
		if decodeParam(reflect.New(f.typ).Elem(), f, nil, &found); len(found.list) > 0 {
			return fmt.Errorf("has a default %q, which is no %v", f.source.preset, f.typ)
		}
	}
	return nil
}
