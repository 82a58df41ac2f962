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

// binding is the tag of gin's rules. With [Config].TagName set to it, the other
// tags are read as gin reads them, too.
const binding = "binding"

// A source is where a request has the value of a field.
type source struct {
	from      string // the tag that says so
	in        problem.In
	name      string // on the wire
	whole     bool   // body:"json": the field is the whole body
	preset    string
	hasPreset bool
	layout    string // of times, if it is not RFC 3339
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

// sources returns where the tags of a field say that it comes from, unless it is
// a member of a JSON body. More than one is a mistake.
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

// ignores reports whether gin has no use for a tag where it stands. A form tag
// beside the members of a JSON body speaks of forms, which are another plan, and
// below such a member of nothing. Tags that gin does not know are for others if
// there is one that it knows.
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
			b.fault(f.path, "has time_location %q, which nobody knows", name)
		}
		s.zone = zone
	}
}

// checkTags finds rules that nobody reads: those of the other tag name where
// there is none of this one.
func (b *builder) checkTags(found []*field) {
	own := b.v.cfg.TagName
	foreign := map[string]string{"validate": binding, binding: "validate"}[own]
	i := slices.IndexFunc(found, func(f *field) bool { return f.Tag.Get(own) != "" })
	j := slices.IndexFunc(found, func(f *field) bool { return f.Tag.Get(foreign) != "" && f.Tag.Get(foreign) != "-" })
	if i < 0 && j >= 0 {
		b.fault(found[j].path, "has %s rules, and TagName is %s: rename the tag, or set TagName to %s", foreign, own, foreign)
	}
}

// parseTime reads a time as the tags of its field have it.
func (s source) parseTime(text string) (time.Time, error) {
	if s.layout == "" {
		return time.Parse(time.RFC3339, text)
	}
	return time.ParseInLocation(s.layout, text, s.zone)
}
