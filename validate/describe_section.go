package validate

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// A section is the part of a tag that is about one value: the part before dive,
// between keys and endkeys, or after dive. A nil section has no rules.
type section struct {
	typ   reflect.Type // of the value
	node  *node        // of typ
	skip  bool         // the tag is "-": no rules run, not even those of a struct's fields
	rules []rule
	keys  *section // of the keys of a map
	next  *section // of the elements, behind dive

	oneOf    []string // alternatives
	min, max string   // inclusive bounds

	own    string // the tag of this section, for the engine
	engine string // own with the sections behind it, as far as the engine dives
	dive   string // engine behind dive
	plain  bool   // no rule in engine can fail, except on nil
}

// noRules is the section of elements if there is no dive.
var noRules = section{skip: true}

// A rule is one entry of a tag.
type rule struct {
	tag   string // as written
	name  string
	param string // with 0x2C and 0x7C replaced
}

// A comma and a bar in a parameter are written as hexadecimal numbers.
var (
	unescape = strings.NewReplacer("0x2C", ",", "0x7C", "|")
	escape   = strings.NewReplacer(",", "0x2C", "|", "0x7C")
)

func newRule(tag string) rule {
	name, param, _ := strings.Cut(tag, "=")
	if strings.Contains(tag, "|") {
		return rule{tag: tag, name: tag}
	}
	return rule{tag: tag, name: name, param: unescape.Replace(param)}
}

var (
	// Names that steer validator. Of these only skip_unless can fail.
	steering = words("omitempty omitnil omitzero structonly nostructlevel skip_unless dive keys endkeys")
	// Rules that end a section without a failure.
	omits = words("omitempty omitnil omitzero")
	// Rules whose parameter names another field, several fields, or pairs of a field
	// and a value.
	namesOne = words(`eqfield nefield gtfield gtefield ltfield ltefield eqcsfield necsfield gtcsfield gtecsfield
		ltcsfield ltecsfield fieldcontains fieldexcludes postcode_iso3166_alpha2_field`)
	namesMany = words(`required_with required_with_all required_without required_without_all
		excluded_with excluded_with_all excluded_without excluded_without_all`)
	namesPairs = words("required_if required_unless excluded_if excluded_unless skip_unless")
)

func words(text string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
	return set
}

// section reads the rules of f. It finds no faults: checkField does.
func (b *builder) section(tag string, f *field) *section {
	switch tag {
	case "":
		return nil
	case "-":
		return &section{typ: f.Type, node: f.node, skip: true}
	}
	return b.parse(b.v.expand(strings.Split(tag, ",")), f.Type, f.node)
}

func (b *builder) parse(tags []string, t reflect.Type, n *node) *section {
	s := &section{typ: t, node: n}
	for i, tag := range tags {
		if tag == "dive" {
			b.parseDive(s, tags[i+1:])
			break
		}
		s.rules = append(s.rules, newRule(tag))
		s.learn(newRule(tag))
	}
	return s
}

// parseDive reads the tags behind dive.
func (b *builder) parseDive(s *section, tags []string) {
	n := s.node
	if len(tags) > 0 && tags[0] == "keys" {
		end := slices.Index(append(tags, "endkeys"), "endkeys")
		if n.want == problem.TypeMap {
			s.keys = b.parse(tags[1:end], n.typ.Key(), b.node(n.typ.Key(), ""))
		}
		tags = tags[min(end+1, len(tags)):]
	}
	if n.elem == nil {
		s.next = b.parse(tags, n.typ, &node{typ: n.typ, want: problem.TypeAny})
		return
	}
	s.next = b.parse(tags, n.typ.Elem(), n.elem)
}

// learn keeps the bounds and alternatives of a section, which messages may name.
func (s *section) learn(r rule) {
	if r.name == "oneof" || r.name == "oneofci" {
		s.oneOf = splitList(r.param)
	}
	counts := hasLength(s.node.typ)
	if !counts && !isNumber(s.node.typ) {
		return
	}
	n, err := strconv.ParseInt(r.param, 0, 64)
	whole := counts && err == nil
	switch {
	case r.name == "min", r.name == "gte":
		s.min = r.param
	case r.name == "max", r.name == "lte":
		s.max = r.param
	case r.name == "len" && counts, r.name == "eq" && counts && s.node.typ.Kind() != reflect.String:
		s.min, s.max = r.param, r.param
	case r.name == "gt" && whole:
		s.min = strconv.FormatInt(n+1, 10)
	case r.name == "lt" && whole:
		s.max = strconv.FormatInt(n-1, 10)
	}
}

// hasLength reports whether the bounds of a rule on t count characters or elements,
// instead of comparing a number.
func hasLength(t reflect.Type) bool {
	k := t.Kind()
	return k == reflect.String || k == reflect.Slice || k == reflect.Array || k == reflect.Map
}

func (s *section) has(name string) bool {
	return s != nil && slices.ContainsFunc(s.rules, func(r rule) bool { return r.name == name })
}

// skipsZero reports whether a zero value passes without its rules.
func (s *section) skipsZero() bool { return s.has("omitempty") || s.has("omitzero") }

// isOpaque reports whether the rules of a struct's fields do not run.
func (s *section) isOpaque() bool {
	return s != nil && s.skip || s.has("structonly") || s.has("nostructlevel")
}

// elements returns the section of the elements.
func (s *section) elements() *section {
	if s == nil || s.next == nil {
		return &noRules
	}
	return s.next
}

// isVisited reports whether the visit dives into a value, and not the engine: into
// maps, and into lists of structs and of lists.
func (s *section) isVisited() bool {
	if s == nil || s.next == nil {
		return false
	}
	n := s.node
	return n.want == problem.TypeMap || n.want == problem.TypeArray && (n.elem.object != nil || s.next.next != nil)
}

// render writes the section for the engine. It leaves out the rules that the walk
// enforces, and the sections that the visit runs.
func (b *builder) render(s *section) string {
	switch {
	case s == nil:
		return ""
	case s.skip:
		return "-"
	}
	var tags []string
	for _, r := range s.rules {
		if r.name != "required" || s.typ.Kind() == reflect.Pointer || !b.asksPresence(s.node) {
			tags = append(tags, r.tag)
		}
	}
	if len(tags) > 0 && s.node.isClosed() {
		tags = append(tags, "nostructlevel")
	}
	s.own = strings.Join(tags, ",")
	b.render(s.keys)
	rest := b.render(s.next)
	if s.next != nil && !s.isVisited() && (rest != "" || !s.next.node.isClosed()) {
		tags = append(tags, "dive")
	}
	if rest != "" && !s.isVisited() {
		tags = append(tags, rest)
	}
	s.engine = strings.Join(tags, ",")
	s.dive = "dive," + s.engine
	s.plain = !slices.ContainsFunc(tags, func(tag string) bool { return !omits[tag] && tag != "required" })
	return s.engine
}

// asksPresence reports whether required on n means "was sent", instead of "is not
// zero".
func (b *builder) asksPresence(n *node) bool {
	return n.object != nil || b.v.cfg.RequiredByPresence &&
		(n.typ == timeType || n.isScalar() && (isNumber(n.typ) || n.typ.Kind() == reflect.Bool))
}

// listed finds the words of a parameter. Quotes join words.
var listed = regexp.MustCompile(`'[^']*'|\S+`)

// splitList splits a parameter at white space outside of quotes, and removes the
// quotes.
func splitList(param string) []string {
	list := listed.FindAllString(param, -1)
	for i, word := range list {
		list[i] = strings.ReplaceAll(word, "'", "")
	}
	return list
}

// operands splits the parameter of a rule that names other fields: each
// stride-th word is such a name.
func (r rule) operands() (list []string, stride int) {
	switch {
	case namesOne[r.name]:
		return []string{r.param}, 1
	case namesMany[r.name]:
		return splitList(r.param), 1
	case namesPairs[r.name]:
		return splitList(r.param), 2
	}
	return nil, 1
}

// expand replaces the aliases of the Config by their rules, so that a failure names
// the rule. Aliases of validator stay: styles have sentences for them.
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
