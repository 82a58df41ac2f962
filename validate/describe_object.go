package validate

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-go/backstop/problem"
)

// An object describes a struct as the wire sees it: members of embedded structs
// stand beside the others.
type object struct {
	typ     reflect.Type
	path    string            // from T, in Go names, for faults
	fields  []*field          // all that a request can fill, in struct order
	byName  map[string]*field // members of the body
	folded  map[string]*field // the same by folded name
	byGo    map[string]*field // by Go name, with dots through embedded structs
	longest int               // bytes of the longest folded name

	asksPresence bool               // the walk looks for members that did not come
	absent       []problem.Presence // all fields absent
	embedded     [][]int            // embedded struct pointers, outer ones first
}

// A field is one member of a body, or one parameter.
type field struct {
	name     string // on the wire
	segment  any    // name, as a path has it
	goName   string // with dots through embedded structs
	position int    // in object.fields, the struct order
	index    []int  // from the object, for reflect
	in       problem.In
	source   source // if it is no member
	whole    bool   // body:"json": the field is the whole body
	hidden   bool   // json:"-"
	json     bool   // has a json tag with a name
	form     bool   // has a form tag
	typ      reflect.Type
	node     *node
	quoted   bool // json ",string"
	inline   bool // an embedded struct, which has no name of its own
	rules    *section
	label    string // label tag
	message  string // msg tag

	// presence says that required asks whether the value was sent, not whether
	// it is zero. The engine does not see such a rule: the walk enforces it.
	presence bool
}

// find returns the member of that exact name, looking at position next first:
// clients tend to send members in order.
func (o *object) find(name []byte, next int) *field {
	if next < len(o.fields) {
		if f := o.fields[next]; f.name == string(name) && f.in == problem.InBody && !f.whole {
			return f
		}
	}
	return o.byName[string(name)]
}

// appendFolded appends a name so that two names are equal exactly if
// encoding/json takes one for the other.
func appendFolded(dst, name []byte) []byte {
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRune(name[i:])
		dst = utf8.AppendRune(dst, foldRune(r))
		i += n
	}
	return dst
}

// foldRune returns the smallest of the runes that differ from r in case only.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// object describes the struct type of n.
func (b *builder) object(n *node) {
	o := &object{typ: n.typ, path: b.path, byName: map[string]*field{}, folded: map[string]*field{}, byGo: map[string]*field{}}
	n.object = o
	found := b.collect(o, n.typ, nil, "", nil)
	b.checkTags(found)
	byName := map[string][]*candidate{}
	for _, c := range found {
		if c.wire {
			byName[c.name] = append(byName[c.name], c)
		}
	}
	for _, c := range found {
		if c.wire && !dominates(c, byName[c.name]) {
			b.hidden(o, c, byName[c.name])
			continue
		}
		b.field(o, c)
	}
	o.absent = slices.Repeat([]problem.Presence{problem.Absent}, len(o.fields))
}

// A candidate is a Go field before it is known whether a request can fill it.
type candidate struct {
	sf     reflect.StructField
	goName string // with dots through embedded structs
	index  []int
	name   string
	tagged bool
	wire   bool // member of the body
	source source
	quoted bool
	inline bool
	reason string // why nothing can fill it
	skip   bool   // embedded in a struct whose rules are skipped
}

// collect lists the fields of t, embedded structs in place, in struct order.
func (b *builder) collect(o *object, t reflect.Type, index []int, prefix string, above []reflect.Type) []*candidate {
	var found []*candidate
	for i := range t.NumField() {
		sf := t.Field(i)
		c := &candidate{sf: sf, goName: prefix + sf.Name, index: append(slices.Clone(index), i)}
		restore := b.at(c.goName)
		sources := b.sources(o, sf)
		restore()
		tag := sf.Tag.Get("json")
		inner := sf.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		embedded := sf.Anonymous && inner.Kind() == reflect.Struct
		embeds := embedded && jsonName(tag) == "" && tag != "-" && len(sources) == 0
		switch {
		case embedded && !sf.IsExported() && sf.Type.Kind() == reflect.Pointer && tag != "-":
			b.faultAt(o, c.goName, "embedded pointer to an unexported struct, which encoding/json cannot fill: export the struct, or embed it by value")
			continue
		case embeds && b.decodesItself(inner):
			b.faultAt(o, c.goName, "embeds %v, which decodes itself, but is not asked to: give it a json tag", inner)
			continue
		case embeds:
			if slices.Contains(above, inner) || inner == o.typ {
				b.faultAt(o, c.goName, "embeds itself")
				continue
			}
			if sf.Type.Kind() == reflect.Pointer {
				o.embedded = append(o.embedded, c.index)
			}
			c.inline = true
			found = append(found, c)
			inside := b.collect(o, inner, c.index, c.goName+".", append(above, inner))
			for _, in := range inside {
				in.skip = in.skip || sf.Tag.Get(b.v.cfg.TagName) == "-"
			}
			found = append(found, inside...)
			continue
		case !sf.IsExported() && (!embedded || jsonName(tag) == ""):
			c.reason = "is unexported"
		case len(sources) > 0:
			if len(sources) > 1 {
				b.faultAt(o, c.goName, "has %d sources, %v and %v: keep one", len(sources), sources[0], sources[1])
			}
			c.source, c.name = sources[0], sources[0].name
			if c.source.whole {
				c.name = ""
			}
		case tag == "-":
			c.reason = `is json:"-" and has no other source`
		default:
			c.wire = true
			c.name, c.tagged = jsonName(tag), jsonName(tag) != ""
			if !c.tagged {
				c.name = sf.Name
			}
			c.quoted = strings.Contains(tag+",", ",string,") && isQuotable(sf.Type)
		}
		found = append(found, c)
	}
	return found
}

// dominates reports whether c is the one that encoding/json chooses among the
// fields of one name: the least deep, then the only tagged one.
func dominates(c *candidate, rivals []*candidate) bool {
	for _, r := range rivals {
		if r == c {
			continue
		}
		switch d := cmp.Compare(len(c.index), len(r.index)); {
		case d > 0:
			return false
		case d == 0 && !(c.tagged && !r.tagged):
			return false
		}
	}
	return true
}

// jsonName returns the name of a json tag as encoding/json reads it, or "".
func jsonName(tag string) string {
	name, _, _ := strings.Cut(tag, ",")
	for _, r := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return ""
		}
	}
	return name
}

func isQuotable(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	switch k := t.Kind(); k {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64:
		return true
	default:
		return reflect.Int <= k && k <= reflect.Uintptr
	}
}

// field adds a candidate to its object, with its rules.
func (b *builder) field(o *object, c *candidate) {
	f := &field{
		name: c.name, segment: c.name, goName: c.goName, index: c.index, in: c.source.in, source: c.source, typ: c.sf.Type,
		quoted: c.quoted, inline: c.inline, whole: c.source.whole, hidden: c.sf.Tag.Get("json") == "-",
		json: jsonName(c.sf.Tag.Get("json")) != "" && c.sf.Tag.Get("json") != "-", form: hasForm(c.sf),
	}
	o.byGo[c.goName] = f
	tag := c.sf.Tag.Get(b.v.cfg.TagName)
	if c.skip {
		tag = "-"
	}
	f.label, f.message = c.sf.Tag.Get("label"), c.sf.Tag.Get("msg")
	owner := ownerOf(o.typ, c.index)
	defer b.at(c.goName)()
	if c.inline {
		f.node = &node{typ: c.sf.Type, want: problem.TypeObject}
		f.rules = b.section(tag, f.node)
		b.described = append(b.described, described{o, c, f})
		return
	}
	if c.reason != "" {
		if tag != "" && tag != "-" {
			b.fault("has rules, but %s", c.reason)
		}
		if !c.skip {
			b.engineRule(owner, c.sf.Name, "-")
		}
		return
	}
	f.node = b.node(c.sf.Type)
	f.rules = b.section(tag, f.node)
	b.described = append(b.described, described{o, c, f})
	value := c.sf.Type.Kind() != reflect.Pointer
	if value && b.asksPresence(f.node) && f.rules.has("required") {
		f.presence = true
	}
	rules := b.render(f.rules, f.node, value)
	if rules == "" && !f.node.concernsEngine() {
		rules = "-"
	}
	if !c.skip { // else the engine never gets there; elsewhere the same struct may have rules
		b.engineRule(owner, c.sf.Name, rules)
	}
	f.position = len(o.fields)
	o.fields = append(o.fields, f)
	if !c.wire {
		return
	}
	o.byName[f.name] = f
	fold := string(appendFolded(nil, []byte(f.name)))
	o.folded[fold] = f
	o.longest = max(o.longest, len(fold))
	o.asksPresence = o.asksPresence || f.presence || f.holdsPresence()
}

// holdsPresence reports whether the absence of f is also that of values below
// it whose presence is required: f is a struct that exists all the same.
func (f *field) holdsPresence() bool {
	o := f.node.object
	return o != nil && o.asksPresence && f.typ.Kind() != reflect.Pointer && !f.rules.skipsZero() && !f.rules.isOpaque()
}

// ownerOf returns the struct type that declares the field at index.
func ownerOf(t reflect.Type, index []int) reflect.Type {
	for _, i := range index[:len(index)-1] {
		t = t.Field(i).Type
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	return t
}

// hidden reports a member that encoding/json never fills, because another one
// has its name.
func (b *builder) hidden(o *object, c *candidate, rivals []*candidate) {
	defer b.in(o, c.goName)()
	tag := c.sf.Tag.Get(b.v.cfg.TagName)
	for _, r := range rivals {
		switch {
		case len(r.index) < len(c.index):
			if tag != "" && tag != "-" {
				b.fault("has rules, but is hidden by %s, which has the same name", r.goName)
			}
			return
		case r == c || len(r.index) > len(c.index):
		case r.tagged && !c.tagged, r.tagged == c.tagged && slices.Compare(r.index, c.index) < 0:
			b.fault("has the same name on the wire as %s", r.goName)
			return
		}
	}
}
