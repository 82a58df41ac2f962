package validate

import (
	"encoding"
	"fmt"
	"mime/multipart"
	"net/http"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/backstop-go/backstop/problem"
)

// params gives access to the parameters of one request.
type params struct {
	r      *http.Request
	query  []pair
	form   []pair          // of a urlencoded body, or of the query if gin takes it for a form
	parts  *multipart.Form // of a multipart body
	buffer []string        // for the result of values
}

// params parses the query and the form.
func (v *Validator) params(p *plan, r *http.Request, doc *document) (in params, err error) {
	in.r, in.parts = r, doc.parts
	if p.query || p.formsInQuery(r) {
		if in.query, err = v.parsePairs(r.URL.RawQuery, "query string"); err != nil {
			return in, err
		}
	}
	switch {
	case p.formsInQuery(r):
		in.form = in.query
	case p.form && doc.parts == nil:
		in.form, err = v.parsePairs(string(doc.data), "form body")
	}
	return in, err
}

// values returns the values that were sent for f. The next call may overwrite them.
func (in *params) values(f *field) []string {
	values, from := in.buffer[:0], in.query
	switch {
	case f.in == problem.InForm && in.parts != nil:
		return in.parts.Value[f.name]
	case f.in == problem.InForm:
		from = in.form
	case f.in == problem.InHeader && strings.EqualFold(f.name, "Host"):
		return append(values, in.r.Host) // net/http removes it from the header
	case f.in == problem.InHeader:
		return in.r.Header.Values(f.name)
	case f.in == problem.InPath:
		if value := in.r.PathValue(f.name); value != "" {
			return append(values, value)
		}
		return nil
	case f.in == problem.InCookie:
		for _, c := range in.r.CookiesNamed(f.name) {
			values = append(values, c.Value)
		}
		return values
	}
	for _, p := range from {
		if p.name == f.name {
			values = append(values, p.value)
		}
	}
	in.buffer = values
	return values
}

// files returns the files that were sent for f.
func (in *params) files(f *field) []*multipart.FileHeader {
	if in.parts == nil || f.in != problem.InForm {
		return nil
	}
	return in.parts.File[f.name]
}

// decode fills the parameters of root, and adds their faults to found. A text for a
// file field must be empty: a browser sends that if nobody has chosen a file.
func (in *params) decode(p *plan, root reflect.Value, found *findings) {
	for _, f := range p.params {
		values, files, bad := in.values(f), in.files(f), fault{}
		switch isFile := f.node.isFile(); {
		case isFile && strings.Join(values, "") != "":
			bad = malformed(f.node.want)
		case !isFile && len(files) > 0:
			bad = mismatch(f.node.want, problem.TypeBytes)
		case isFile:
			set := func(v reflect.Value, i int) fault {
				v.Set(reflect.ValueOf(files[i]).Elem())
				return fault{}
			}
			f.fill(fieldAt(root, f.Index), len(files), set, found)
		case f.mustBeSent && len(values) == 0 && !f.hasPreset:
			bad = fault{rule: "required", want: f.node.want, presence: problem.Absent}
		default:
			decodeParam(fieldAt(root, f.Index), f, values, found)
		}
		found.note(bad, make(place, 0, 2).to(f), f, f.rules)
	}
	found.cut()
}

// isAbsent reports whether nothing was sent for f.
func (in *params) isAbsent(f *field) bool { return len(in.values(f))+len(in.files(f)) == 0 }

// checkPath returns an error if the router cannot have set a path value that p needs.
// That is a mistake of the program: the client is not to blame, and zero would be
// wrong.
func (p *plan) checkPath(r *http.Request) error {
	for _, f := range p.params {
		if f.in != problem.InPath || f.hasPreset || r.PathValue(f.name) != "" || inPattern(r.Pattern, f.name) {
			continue
		}
		if r.Pattern == "" {
			return fmt.Errorf("validate: %v has path %q, and the router has set neither a path value nor Request.Pattern", p.top.typ, f.name)
		}
		return fmt.Errorf("validate: %v has path %q, but the pattern %q has no such part", p.top.typ, f.name, r.Pattern)
	}
	return nil
}

// inPattern reports whether a pattern has a wildcard of that name: {name}, {name...}
// or {name:…} as in net/http and chi, :name or *name as in gin and echo.
func inPattern(pattern, name string) bool {
	for segment := range strings.SplitSeq(pattern, "/") {
		if segment == "*" && name == "*" || segment == ":"+name || segment == "*"+name {
			return true
		}
		for i, part := range strings.Split(segment, "{") {
			if end, ok := strings.CutPrefix(part, name); i > 0 && ok && strings.IndexAny(end, "}.:") == 0 {
				return true
			}
		}
	}
	return false
}

// decodeParam sets v to the values of a parameter, or to its default, and adds faults
// to found. Semicolons separate the default values of a list, as in gin.
func decodeParam(v reflect.Value, f *field, values []string, found *findings) {
	switch {
	case len(values) > 0 || !f.hasPreset:
	case f.node.elem != nil:
		values = strings.Split(f.preset, ";")
	default:
		values = []string{f.preset}
	}
	f.fill(v, len(values), func(v reflect.Value, i int) fault { return decodeText(v, f, values[i]) }, found)
}

// fill calls set for each of n values of v, and adds faults to found.
func (f *field) fill(v reflect.Value, n int, set func(v reflect.Value, i int) fault, found *findings) {
	at := make(place, 0, 2).to(f)
	switch list := f.node.elem != nil; {
	case n == 0:
	case n > 1 && !list:
		found.note(fault{rule: "repeat", want: f.node.want, got: problem.TypeArray}, at, f, f.rules)
	case !list:
		found.note(set(settle(v), 0), at, f, f.rules)
	default:
		v = settle(v)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			found.note(set(settle(v.Index(i)), i), append(at, step{kind: stepElement, rank: i}), f, f.rules.elements())
		}
	}
}

// settle follows pointers, and allocates where one is nil.
func settle(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	return v
}

// decodeText sets v to the value that a text stands for. v has the type of f or of its
// elements.
func decodeText(v reflect.Value, f *field, text string) fault {
	n := f.node
	if n.elem != nil {
		n = n.elem
	}
	bad := mismatch(n.want, problem.TypeString)
	if text == "" {
		bad.presence = problem.Zero
	}
	if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		bad.rule = "encoding"
		return bad
	}
	switch n.want {
	case problem.TypeString:
		v.SetString(text)
		return fault{}
	case problem.TypeBoolean:
		v.SetBool(text == "true" || text == "1" || text == "on" && f.in == problem.InForm) // a checkbox sends "on"
		if v.Bool() || text == "false" || text == "0" {
			return fault{}
		}
		return bad
	case problem.TypeInteger:
		if text == "" || text[0] == '+' {
			return bad
		}
		return setInteger([]byte(text), v)
	case problem.TypeNumber:
		// Only decimal numbers: strconv also reads hexadecimal ones, underscores and Inf.
		if text == "" || strings.Trim(text, "+-.0123456789eE") != "" {
			return bad
		}
		return setNumber([]byte(text), v)
	}
	var err error
	switch x := v.Addr().Interface().(type) {
	case *time.Duration:
		*x, err = time.ParseDuration(text)
	case *time.Time:
		*x, err = f.parseTime(text)
	case encoding.TextUnmarshaler:
		err = x.UnmarshalText([]byte(text))
	}
	if err == nil && text != "" {
		return fault{}
	}
	v.SetZero()
	bad.rule = "format"
	return bad
}
