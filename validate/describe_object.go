package validate

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/backstop-go/backstop/problem"
)

// An object describes a struct as the wire sees it: members of embedded structs
// stand beside its own.
type object struct {
	typ     reflect.Type
	path    string            // Go names from T down to this struct, for faults
	fields  []*field          // those that a request can fill, in struct order
	byName  map[string]*field // members of the body
	folded  map[string]*field // members of the body by folded name
	byGo    map[string]*field // by Go name, with dots through embedded structs
	longest int               // bytes of the longest folded name

	asksPresence bool               // the walk must look for members that were not sent
	absent       []problem.Presence // one Absent for each field
	embedded     uintptr            // bytes of the structs that are embedded by pointers
}

// A field is one member of a body, or one parameter.
type field struct {
	source
	position int // in object.fields, the struct order
	node     *node
	rules    *section
	quoted   bool   // json ",string"
	inline   bool   // an embedded struct, which has no name on the wire
	segment  any    // name as a segment of a path
	label    string // label tag
	message  string // msg tag

	// mustBeSent says that required asks whether the value was sent, not whether it
	// is zero. The engine does not see such a rule: the walk enforces it.
	mustBeSent bool

	reflect.StructField              // its Index leads from owner
	owner               *object      // the struct on the wire
	declared            reflect.Type // the struct in Go: the type of owner, or an embedded one
	outer               *field       // the embedded struct that declares it, or nil
	goName              string       // with dots through embedded structs
	path                string       // Go names from T, for faults
	reason              string       // why no request can fill it
	skip                bool         // embedded in a struct whose rules are skipped
}

// isMember reports whether f is a member of a JSON body, and not a parameter or
// the whole body.
func (f *field) isMember() bool { return f.in == problem.InBody && !f.whole }

// find returns the member of that exact name. It looks at position next first,
// because clients tend to send members in order.
func (o *object) find(name []byte, next int) *field {
	if next < len(o.fields) {
		if f := o.fields[next]; f.name == string(name) && f.isMember() {
			return f
		}
	}
	return o.byName[string(name)]
}

// folded returns the same text for two names exactly if encoding/json takes one for
// the other.
func folded(name []byte) string { return string(bytes.Map(foldRune, name)) }

// foldRune returns the smallest of the runes that differ from r only in case.
func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// object describes the struct type of n.
func (b *builder) object(n *node, path string) {
	o := &object{typ: n.typ, path: path, byName: map[string]*field{}, folded: map[string]*field{}, byGo: map[string]*field{}}
	if path != "" {
		o.path += "."
	}
	n.object = o
	found := b.collect(o, n.typ, nil)
	b.checkTags(found)
	rivals := map[string][]*field{}
	for _, f := range found {
		rivals[f.name] = append(rivals[f.name], f)
	}
	for _, f := range found {
		if f.from != "json" || b.dominates(f, rivals[f.name]) {
			b.add(f)
		}
	}
	o.absent = slices.Repeat([]problem.Presence{problem.Absent}, len(o.fields))
}

// collect lists the fields of t in struct order, with those of embedded structs in
// their place. If outer is not nil, it is the field that embeds t.
func (b *builder) collect(o *object, t reflect.Type, outer *field) (found []*field) {
	for sf := range t.Fields() {
		f := &field{StructField: sf, owner: o, declared: t, outer: outer, goName: sf.Name}
		if outer != nil {
			f.goName, f.Index = outer.goName+"."+sf.Name, append(slices.Clone(outer.Index), sf.Index...)
			f.skip = outer.skip || outer.Tag.Get(b.v.cfg.TagName) == "-"
		}
		f.path = o.path + f.goName
		sources, tag, name := b.sources(f), f.Tag.Get("json"), f.jsonName()
		embedded := f.Anonymous && indirect(f.Type).Kind() == reflect.Struct
		switch {
		case embedded && !f.IsExported() && f.Type.Kind() == reflect.Pointer && tag != "-":
			b.fault(f.path, "embedded pointer to an unexported struct, which encoding/json cannot fill: export the struct, or embed it by value")
			continue
		case embedded && name == "" && tag != "-" && len(sources) == 0:
			found = append(found, b.embed(f)...)
			continue
		case !f.IsExported() && (!embedded || name == ""):
			f.reason = "is unexported"
		case len(sources) > 0:
			if len(sources) > 1 {
				b.fault(f.path, "has %d sources, %v and %v: keep one", len(sources), sources[0], sources[1])
			}
			f.source = sources[0]
		case tag == "-":
			f.reason = `is json:"-" and has no other source`
		default:
			f.source = source{from: "json", name: cmp.Or(name, f.Name)}
			f.quoted = strings.Contains(tag+",", ",string,") && isQuotable(f.Type)
		}
		found = append(found, f)
	}
	return found
}

// embed returns f, an embedded struct, and its fields.
func (b *builder) embed(f *field) []*field {
	inner := indirect(f.Type)
	if decodesItself(inner) {
		b.fault(f.path, "embeds %v, which decodes itself, but is not asked to: give it a json tag", inner)
		return nil
	}
	for outer := f; outer != nil; outer = outer.outer {
		if outer.declared == inner {
			b.fault(f.path, "embeds itself")
			return nil
		}
	}
	if f.Type.Kind() == reflect.Pointer {
		f.owner.embedded += inner.Size()
		b.embedsPointers = true
	}
	f.inline = true
	return append([]*field{f}, b.collect(f.owner, inner, f)...)
}

// dominates reports whether encoding/json chooses f among the members of one name: the
// one that is embedded least deeply, then the only one with a tag. It is a fault if
// the choice leaves out a field of the same depth, or a field with rules.
func (b *builder) dominates(f *field, rivals []*field) bool {
	wins, tagged := true, f.jsonName() != ""
	for _, r := range rivals {
		named := r.jsonName() != ""
		switch deeper := len(r.Index) - len(f.Index); {
		case r == f, r.from != "json", deeper > 0, deeper == 0 && tagged && !named:
		case deeper < 0:
			if b.hasRules(f.StructField) {
				b.fault(f.path, "has rules, but is hidden by %s, which has the same name", r.goName)
			}
			return false
		case named && !tagged, slices.Compare(r.Index, f.Index) < 0:
			b.fault(f.path, "has the same name on the wire as %s", r.goName)
			return false
		default: // r is left out, too, and reports the fault
			wins = false
		}
	}
	return wins
}

// jsonName returns the name in a json tag as encoding/json reads it, or "".
func (f *field) jsonName() string {
	tag := f.Tag.Get("json")
	name, _, _ := strings.Cut(tag, ",")
	isOdd := func(r rune) bool {
		return !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}
	if tag == "-" || strings.ContainsFunc(name, isOdd) {
		return ""
	}
	return name
}

func (b *builder) hasRules(sf reflect.StructField) bool {
	tag := sf.Tag.Get(b.v.cfg.TagName)
	return tag != "" && tag != "-"
}

func isQuotable(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	return isNumber(t) || t.Kind() == reflect.Bool || t.Kind() == reflect.String
}

// add adds a field to its object, with its rules.
func (b *builder) add(f *field) {
	o, tag := f.owner, f.Tag.Get(b.v.cfg.TagName)
	if f.skip {
		tag = "-"
	}
	if f.reason != "" {
		if tag != "" && tag != "-" {
			b.fault(f.path, "has rules, but %s", f.reason)
		}
		b.engineRule(f, "-")
		return
	}
	o.byGo[f.goName] = f
	b.described = append(b.described, f)
	f.segment, f.label, f.message = f.name, f.Tag.Get("label"), f.Tag.Get("msg")
	if f.inline {
		f.node = &node{typ: f.Type, want: problem.TypeObject}
		f.rules = b.section(tag, f)
		return
	}
	f.node = b.node(f.Type, f.path)
	f.rules = b.section(tag, f)
	f.mustBeSent = f.Type.Kind() != reflect.Pointer && b.asksPresence(f.node) && f.rules.has("required")
	rules := b.render(f.rules)
	if rules == "" && !f.node.concernsEngine() {
		rules = "-"
	}
	b.engineRule(f, rules)
	f.position = len(o.fields)
	o.fields = append(o.fields, f)
	if !f.isMember() {
		return
	}
	o.byName[f.name] = f
	fold := folded([]byte(f.name))
	o.folded[fold] = f
	o.longest = max(o.longest, len(fold))
	o.asksPresence = o.asksPresence || f.mustBeSent || f.holdsPresence()
}

// holdsPresence reports whether the absence of f means that values below it are
// missing, too: f is a struct, not a pointer, and has members that must be sent.
func (f *field) holdsPresence() bool {
	o := f.node.object
	return o != nil && o.asksPresence && f.Type.Kind() != reflect.Pointer && !f.rules.skipsZero() && !f.rules.isOpaque()
}
