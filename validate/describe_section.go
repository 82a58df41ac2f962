package validate

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// A section is a part of a tag that speaks about one value: what stands before
// dive, between keys and endkeys, or after. A nil section has no rules.
type section struct {
	node  *node
	skip  bool // the tag is "-": no rules run, not even those of a struct's fields
	rules []rule
	keys  *section // of the keys, if the value is a map
	next  *section // of the elements, behind dive

	oneOf    []string // alternatives
	min, max string   // inclusive bounds

	own    string // the tag of this section, for the engine
	engine string // the same with what follows, down to what the visitor enters
	dive   string // engine behind dive
	plain  bool   // nothing in engine can fail, but for nil
}

// A rule is one entry of a tag.
type rule struct {
	tag   string // as written
	name  string
	param string // with 0x2C and 0x7C replaced
}

// unescape writes out the bytes that stand for themselves in no tag.
var (
	unescape = strings.NewReplacer("0x2C", ",", "0x7C", "|")
	escape   = strings.NewReplacer(",", "0x2C", "|", "0x7C")
)

// Names that steer validator, of which only skip_unless can fail.
var steering = map[string]bool{
	"omitempty": true, "omitnil": true, "omitzero": true, "structonly": true,
	"nostructlevel": true, "skip_unless": true, "dive": true, "keys": true, "endkeys": true,
}

// omits are the rules that end a section without a failure.
var omits = map[string]bool{"omitempty": true, "omitnil": true, "omitzero": true}

// section reads a tag whose value is described by n. Mistakes are left to the
// self check, which asks validator.
func (b *builder) section(tag string, n *node) *section {
	switch tag {
	case "":
		return nil
	case "-":
		return &section{node: n, skip: true}
	}
	return b.parse(b.v.expand(strings.Split(tag, ",")), n)
}

func (b *builder) parse(tags []string, n *node) *section {
	s := &section{node: n}
	for i, tag := range tags {
		if tag == "dive" {
			s.parseDive(b, tags[i+1:])
			return s
		}
		r := rule{tag: tag}
		r.name, r.param, _ = strings.Cut(tag, "=")
		r.param = unescape.Replace(r.param)
		if strings.Contains(tag, "|") {
			r.name, r.param = tag, ""
		}
		s.rules = append(s.rules, r)
		s.learn(r)
	}
	return s
}

// parseDive reads what stands behind dive.
func (s *section) parseDive(b *builder, tags []string) {
	n := s.node
	if len(tags) > 0 && tags[0] == "keys" {
		end := slices.Index(tags, "endkeys")
		if end < 0 {
			end = len(tags)
		}
		if n.shape == shapeMap {
			s.keys = b.parse(tags[1:end], b.node(n.typ.Key()))
		}
		tags = tags[min(end+1, len(tags)):]
	}
	if n.elem == nil {
		n = &node{typ: n.typ, want: problem.TypeAny}
		s.next = b.parse(tags, n)
		return
	}
	s.next = b.parse(tags, n.elem)
}

// learn keeps what messages want to know about the section as a whole.
func (s *section) learn(r rule) {
	switch r.name {
	case "oneof", "oneofci":
		s.oneOf = splitList(r.param)
	}
	counts := hasLength(s.node.typ)
	if !counts && !isNumber(s.node.typ) {
		return
	}
	switch r.name {
	case "min", "gte":
		s.min = r.param
	case "max", "lte":
		s.max = r.param
	case "len":
		if counts {
			s.min, s.max = r.param, r.param
		}
	case "eq":
		if counts && s.node.typ.Kind() != reflect.String {
			s.min, s.max = r.param, r.param
		}
	case "gt", "lt":
		n, err := strconv.ParseInt(r.param, 0, 64)
		switch {
		case !counts || err != nil:
		case r.name == "gt":
			s.min = strconv.FormatInt(n+1, 10)
		default:
			s.max = strconv.FormatInt(n-1, 10)
		}
	}
}

func isNumber(t reflect.Type) bool {
	k := t.Kind()
	return reflect.Int <= k && k <= reflect.Float64
}

func isInteger(t reflect.Type) bool {
	return isNumber(t) && t.Kind() != reflect.Float32 && t.Kind() != reflect.Float64
}

func (s *section) has(name string) bool {
	if s == nil {
		return false
	}
	return slices.ContainsFunc(s.rules, func(r rule) bool { return r.name == name })
}

// skipsZero reports whether a zero value passes without a look at its rules.
func (s *section) skipsZero() bool { return s.has("omitempty") || s.has("omitzero") }

// isOpaque reports whether the rules of a struct's fields do not run.
func (s *section) isOpaque() bool {
	return s != nil && s.skip || s.has("structonly") || s.has("nostructlevel")
}

// isVisited reports whether the visitor, and not the engine, dives into n: into
// maps, and into lists of anything in which more than one rule can fail.
func (s *section) isVisited(n *node) bool {
	if s.dived() == nil {
		return false
	}
	return n.shape == shapeMap || n.shape == shapeList && (n.elem.shape == shapeStruct || s.next.next != nil)
}

// render writes the section for the engine: without what the walk enforces,
// and without what the visitor enters. Only of values, not of pointers, is
// presence asked.
func (b *builder) render(s *section, n *node, value bool) string {
	switch {
	case s == nil:
		return ""
	case s.skip:
		return "-"
	}
	var tags []string
	for _, r := range s.rules {
		if r.name == "required" && value && b.asksPresence(n) {
			continue
		}
		tags = append(tags, r.tag)
	}
	if len(tags) > 0 && n.isClosed() {
		tags = append(tags, "nostructlevel")
	}
	s.own = strings.Join(tags, ",")
	if s.keys != nil {
		b.render(s.keys, s.keys.node, true)
	}
	if s.next != nil {
		elem, value := s.next.node, false
		if n.elem != nil {
			value = n.typ.Elem().Kind() != reflect.Pointer
		}
		rest := b.render(s.next, elem, value)
		switch {
		case s.isVisited(n):
		case rest != "":
			tags = append(tags, "dive", rest)
		case !elem.isClosed():
			tags = append(tags, "dive")
		}
	}
	s.engine = strings.Join(tags, ",")
	s.dive = "dive," + s.engine
	s.plain = !slices.ContainsFunc(tags, func(tag string) bool { return !omits[tag] && tag != "required" })
	return s.engine
}

// asksPresence reports whether required means sent, rather than not zero.
func (b *builder) asksPresence(n *node) bool {
	if n.shape == shapeStruct {
		return true
	}
	if !b.v.cfg.RequiredByPresence {
		return false
	}
	return n.typ == timeType || n.shape == shapeScalar && (isNumber(n.typ) || n.typ.Kind() == reflect.Bool)
}

// splitList splits a parameter at white space, outside of quotes, which it
// removes.
func splitList(param string) []string {
	var list []string
	for param = strings.TrimSpace(param); param != ""; param = strings.TrimSpace(param) {
		var item string
		if quoted, ok := strings.CutPrefix(param, "'"); ok && strings.Contains(quoted, "'") {
			item, param, _ = strings.Cut(quoted, "'")
		} else {
			end := strings.IndexAny(param, " \t\n\r\f\v")
			if end < 0 {
				end = len(param)
			}
			item, param = strings.ReplaceAll(param[:end], "'", ""), param[end:]
		}
		list = append(list, item)
	}
	return list
}

// others returns the parameters of r that name other fields.
func (r rule) others() []string {
	switch r.name {
	case "eqfield", "nefield", "gtfield", "gtefield", "ltfield", "ltefield",
		"eqcsfield", "necsfield", "gtcsfield", "gtecsfield", "ltcsfield", "ltecsfield",
		"fieldcontains", "fieldexcludes", "postcode_iso3166_alpha2_field":
		return []string{r.param}
	case "required_with", "required_with_all", "required_without", "required_without_all",
		"excluded_with", "excluded_with_all", "excluded_without", "excluded_without_all":
		return splitList(r.param)
	}
	if !r.comparesValues() {
		return nil
	}
	var names []string
	for i, word := range splitList(r.param) {
		if i%2 == 0 {
			names = append(names, word)
		}
	}
	return names
}

// comparesValues reports whether the parameter of r alternates the names of
// other fields with values.
func (r rule) comparesValues() bool {
	switch r.name {
	case "required_if", "required_unless", "excluded_if", "excluded_unless", "skip_unless":
		return true
	}
	return false
}

// comparedWith returns the value for the i-th of r.others, if there is one.
func (r rule) comparedWith(i int) (value string, ok bool) {
	if words := splitList(r.param); r.comparesValues() && 2*i+1 < len(words) {
		return words[2*i+1], true
	}
	return "", false
}

// expand replaces the user's aliases by what they stand for, so that the rule
// inside speaks. The built-in ones have sentences of their own.
func (v *Validator) expand(tags []string) []string {
	var out []string
	for _, tag := range tags {
		if list, ok := v.cfg.Aliases[tag]; ok {
			out = append(out, v.expand(strings.Split(list, ","))...)
			continue
		}
		out = append(out, tag)
	}
	return out
}

// section returns the rules of f. A nil field, which is the root, has none.
func (f *field) section() *section {
	if f == nil {
		return nil
	}
	return f.rules
}

// ofElements returns the section of the elements, or one which says that no
// rules run where there is no dive.
func (s *section) ofElements() *section {
	if next := s.dived(); next != nil {
		return next
	}
	return &noRules
}

// dived returns the section of the elements.
func (s *section) dived() *section {
	if s == nil {
		return nil
	}
	return s.next
}

var noRules = section{skip: true}
