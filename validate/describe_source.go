package validate

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-go/backstop/problem"
)

// binding is the tag of gin's rules. With [Config].TagName set to it, the other
// tags are read as gin reads them, too.
const binding = "binding"

// A source is where a request has the value of a field that is no member of a
// JSON body.
type source struct {
	tag       string
	in        problem.In
	name      string
	whole     bool // body:"json": the field is the whole body
	preset    string
	hasPreset bool
	layout    string // of times, if it is not RFC 3339
	zone      *time.Location
}

func (s source) String() string { return fmt.Sprintf("%s %q", s.tag, s.name) }

var sourceTags = []source{
	{tag: "path", in: problem.InPath},
	{tag: "query", in: problem.InQuery},
	{tag: "header", in: problem.InHeader},
	{tag: "cookie", in: problem.InCookie},
	{tag: "form", in: problem.InForm},
	{tag: "uri", in: problem.InPath},
}

// sources returns where the tags of a field say that it comes from. More than
// one is a mistake.
func (b *builder) sources(o *object, sf reflect.StructField) []source {
	var found []source
	if sf.Tag.Get("body") == "json" {
		found = append(found, source{tag: "body", name: "json", in: problem.InBody, whole: true})
	}
	for _, s := range sourceTags {
		tag := sf.Tag.Get(s.tag)
		if tag == "" || tag == "-" || b.skips(o, sf, s.tag) {
			continue
		}
		if s.tag == "uri" && b.v.cfg.TagName != binding {
			b.fault("has the tag uri:%q, which is gin's: write path:%q", tag, tag)
			continue
		}
		b.options(&s, sf, tag)
		found = append(found, s)
	}
	return found
}

// skips reports whether gin has no use for a tag where it stands. A form tag
// beside the members of a JSON body speaks of forms, which are another plan, and
// below such a member of nothing. Tags that gin does not know are for others if
// there is one that it knows.
func (b *builder) skips(o *object, sf reflect.StructField, tag string) bool {
	if b.v.cfg.TagName != binding {
		return tag == "uri" && sf.Tag.Get("path") != ""
	}
	name := jsonName(sf.Tag.Get("json"))
	member, form := name != "" && name != "-", hasForm(sf)
	switch tag {
	case "form":
		return !b.forms || o.typ != b.root
	case "uri":
		return member && o.typ != b.root
	case "header":
		return (member || form) && o.typ != b.root
	}
	return member || form || tag == "path" && sf.Tag.Get("uri") != ""
}

func hasForm(sf reflect.StructField) bool {
	tag := sf.Tag.Get("form")
	return tag != "" && tag != "-"
}

// options reads a tag such as "sort,default=asc".
func (b *builder) options(s *source, sf reflect.StructField, tag string) {
	name, options, _ := strings.Cut(tag, ",")
	if s.name = name; name == "" {
		s.name = sf.Name
	}
	s.preset, s.hasPreset = sf.Tag.Lookup("default")
	for options != "" {
		var option string
		option, options, _ = strings.Cut(options, ",")
		preset, ok := strings.CutPrefix(option, "default=")
		if !ok {
			b.fault("has the option %q in its tag %s:%q: the only one is default=", option, s.tag, tag)
			continue
		}
		s.preset, s.hasPreset = preset, true
	}
	if b.v.cfg.TagName != binding {
		return
	}
	if how := sf.Tag.Get("collection_format"); how != "" && how != "multi" {
		b.fault("has collection_format %q: lists are values that are repeated", how)
	}
	s.layout, s.zone = sf.Tag.Get("time_format"), time.Local
	if strings.HasPrefix(strings.ToLower(s.layout), "unix") {
		b.fault("has time_format %q: give it an integer type", s.layout)
	}
	if utc, _ := strconv.ParseBool(sf.Tag.Get("time_utc")); utc {
		s.zone = time.UTC
	}
	if name := sf.Tag.Get("time_location"); name != "" {
		zone, err := time.LoadLocation(name)
		if err != nil {
			b.fault("has time_location %q, which nobody knows", name)
		}
		s.zone = zone
	}
}

// checkTags finds rules that nobody reads: those of the other tag name where
// there is none of this one.
func (b *builder) checkTags(found []*candidate) {
	foreign := map[string]string{"validate": binding, binding: "validate"}[b.v.cfg.TagName]
	var first *candidate
	for _, c := range found {
		if c.sf.Tag.Get(b.v.cfg.TagName) != "" {
			return
		}
		if tag := c.sf.Tag.Get(foreign); first == nil && foreign != "" && tag != "" && tag != "-" {
			first = c
		}
	}
	if first != nil {
		defer b.at(first.goName)()
		b.fault("has %s rules, and TagName is %s: rename the tag, or set TagName to %s", foreign, b.v.cfg.TagName, foreign)
	}
}

// parseTime reads a time as the tags of its field have it.
func (s source) parseTime(text string) (time.Time, error) {
	if s.layout == "" {
		return time.Parse(time.RFC3339, text)
	}
	return time.ParseInLocation(s.layout, text, s.zone)
}
