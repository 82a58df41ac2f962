package validate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-go/backstop/problem"
)

// binding is the name of gin's tag for rules. If [Config.TagName] is binding, all tags
// are read as gin reads them.
const binding = "binding"

// A source says where in a request the value of a field is.
type source struct {
	from      string // name of the tag
	in        problem.In
	name      string // on the wire
	whole     bool   // body:"json": the field is the whole body
	preset    string
	hasPreset bool
	layout    string // of times; "" is RFC 3339
	zone      *time.Location
}

func (s source) String() string { return fmt.Sprintf("%s %q", s.from, s.name) }

var sourceTags = []source{
	{from: "path", in: problem.InPath},
	{from: "query", in: problem.InQuery},
	{from: "header", in: problem.InHeader},
	{from: "cookie", in: problem.InCookie},
	{from: "form", in: problem.InForm},
	{from: "uri", in: problem.InPath},
}

// sources returns the sources that the tags of a field name, none for a member of a
// JSON body. More than one is a fault.
func (b *builder) sources(f *field) (found []source) {
	if f.Tag.Get("body") == "json" {
		found = append(found, source{from: "body", name: "json", whole: true})
	}
	for _, s := range sourceTags {
		tag := f.Tag.Get(s.from)
		switch {
		case tag == "" || tag == "-" || b.ignores(f, s.from):
		case s.from == "uri" && !b.gin:
			b.fault(f.path, "has the tag uri:%q, which is gin's: write path:%q", tag, tag)
		default:
			b.options(&s, f, tag)
			found = append(found, s)
		}
	}
	return found
}

// ignores reports whether gin ignores a tag in this place. In the plan for JSON bodies
// it ignores form tags; they belong to the plan for forms. In an inner struct, form
// tags mean nothing. A tag that gin does not know is for somebody else if the field
// also has a tag that gin knows.
func (b *builder) ignores(f *field, tag string) bool {
	inner, known := f.owner.typ != b.root, f.jsonName() != "" || f.hasForm()
	switch {
	case !b.gin:
		return tag == "uri" && f.Tag.Get("path") != ""
	case tag == "form":
		return !b.isForm || inner
	case tag == "uri":
		return inner && f.jsonName() != ""
	case tag == "header":
		return inner && known
	}
	return known || tag == "path" && f.Tag.Get("uri") != ""
}

func (f *field) hasForm() bool {
	tag := f.Tag.Get("form")
	return tag != "" && tag != "-"
}

// options reads a tag such as "sort,default=asc".
func (b *builder) options(s *source, f *field, tag string) {
	name, options, _ := strings.Cut(tag, ",")
	s.name = cmp.Or(name, f.Name)
	s.preset, s.hasPreset = f.Tag.Lookup("default")
	for option := range strings.FieldsFuncSeq(options, func(r rune) bool { return r == ',' }) {
		preset, ok := strings.CutPrefix(option, "default=")
		if !ok {
			b.fault(f.path, "has the option %q in its tag %s:%q: the only one is default=", option, s.from, tag)
			continue
		}
		s.preset, s.hasPreset = preset, true
	}
	if !b.gin {
		return
	}
	if how := f.Tag.Get("collection_format"); how != "" && how != "multi" {
		b.fault(f.path, "has collection_format %q: lists are values that are repeated", how)
	}
	s.layout, s.zone = f.Tag.Get("time_format"), time.Local
	if strings.HasPrefix(strings.ToLower(s.layout), "unix") {
		b.fault(f.path, "has time_format %q: give it an integer type", s.layout)
	}
	if utc, _ := strconv.ParseBool(f.Tag.Get("time_utc")); utc {
		s.zone = time.UTC
	}
	if name := f.Tag.Get("time_location"); name != "" {
		zone, err := time.LoadLocation(name)
		if err != nil {
			b.fault(f.path, "has time_location %q, which is not the name of a time zone", name)
		}
		s.zone = zone
	}
}

// checkTags finds rules that would not run: the struct has the other tag, validate or
// binding, and none of [Config.TagName].
func (b *builder) checkTags(found []*field) {
	own := b.v.cfg.TagName
	foreign := map[string]string{"validate": binding, binding: "validate"}[own]
	i := slices.IndexFunc(found, func(f *field) bool { return f.Tag.Get(own) != "" })
	j := slices.IndexFunc(found, func(f *field) bool { return f.Tag.Get(foreign) != "" && f.Tag.Get(foreign) != "-" })
	if i < 0 && j >= 0 {
		b.fault(found[j].path, "has %s rules, and TagName is %s: rename the tag, or set TagName to %s", foreign, own, foreign)
	}
}

// parseTime reads a time in the layout that the tags of its field name.
func (s source) parseTime(text string) (time.Time, error) {
	if s.layout == "" {
		return time.Parse(time.RFC3339, text)
	}
	return time.ParseInLocation(s.layout, text, s.zone)
}
