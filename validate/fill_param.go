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
	form   []pair          // of a urlencoded body or, where gin reads it so, of the query
	parts  *multipart.Form // or of a multipart body
	buffer []string        // of values
}

// params reads what has to be read as a whole.
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

// values returns what was sent for f, until it is called again.
func (in *params) values(f *field) []string {
	in.buffer = in.buffer[:0]
	switch f.in {
	case problem.InQuery:
		in.pick(in.query, f.name)
	case problem.InForm:
		if in.parts != nil {
			return in.parts.Value[f.name]
		}
		in.pick(in.form, f.name)
	case problem.InHeader:
		if !strings.EqualFold(f.name, "Host") {
			return in.r.Header.Values(f.name)
		}
		in.buffer = append(in.buffer, in.r.Host) // net/http takes it out of the header
	case problem.InPath:
		if value := in.r.PathValue(f.name); value != "" {
			in.buffer = append(in.buffer, value)
		}
	case problem.InCookie:
		for _, c := range in.r.CookiesNamed(f.name) {
			in.buffer = append(in.buffer, c.Value)
		}
	}
	return in.buffer
}

func (in *params) pick(from []pair, name string) {
	for _, p := range from {
		if p.name == name {
			in.buffer = append(in.buffer, p.value)
		}
	}
}

// files returns the files that were sent for f.
func (in *params) files(f *field) []*multipart.FileHeader {
	if in.parts == nil || f.in != problem.InForm {
		return nil
	}
	return in.parts.File[f.name]
}

// decode fills the parameters of root and adds what is wrong with them.
func (in *params) decode(p *plan, root reflect.Value, found *findings) {
	for _, f := range p.params {
		values, files := in.values(f), in.files(f)
		switch {
		case f.node.isFile() || len(files) > 0:
			found.addParam(decodeFiles(root, f, values, files), f)
		case f.presence && len(values) == 0 && !f.hasPreset:
			found.addParam(fault{rule: "required", want: f.node.want, presence: problem.Absent}, f)
		default:
			decodeParam(fieldAt(root, f.Index), f, values, found)
		}
	}
	found.cut()
}

// addParam adds what is wrong with a parameter, if anything is.
func (fs *findings) addParam(bad fault, f *field) {
	if bad.rule != "" {
		fs.add(newFinding(bad, place{}.to(f), f, f.rules))
	}
}

// isAbsent reports whether nothing was sent for f.
func (in *params) isAbsent(f *field) bool { return len(in.values(f))+len(in.files(f)) == 0 }

// checkPath returns an error if nobody can have set a path value that p needs:
// a mistake in the program's text, which must neither fill in zero nor blame the
// client.
func (p *plan) checkPath(r *http.Request) error {
	for _, f := range p.params {
		if f.in != problem.InPath || f.hasPreset || r.PathValue(f.name) != "" || inPattern(r.Pattern, f.name) {
			continue
		}
		if r.Pattern == "" {
			return fmt.Errorf("validate: %v has path %q, and the router has set neither a path value nor Request.Pattern", p.typ, f.name)
		}
		return fmt.Errorf("validate: %v has path %q, which the pattern %q has not", p.typ, f.name, r.Pattern)
	}
	return nil
}

// inPattern reports whether a pattern has a part of that name, as net/http and
// chi write it, {name}, {name...} and {name:…}, or as gin and echo do, :name and
// *name.
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

// decodeFiles fills a field with the files of its name. A browser sends an empty
// text for a file that nobody has chosen.
func decodeFiles(root reflect.Value, f *field, values []string, files []*multipart.FileHeader) fault {
	list := f.node.want == problem.TypeArray
	switch {
	case !f.node.isFile():
		return mismatch(f.node.want, problem.TypeBytes)
	case strings.Join(values, "") != "":
		return malformed(f.node.want)
	case len(files) == 0:
		return fault{}
	case !list && len(files) > 1:
		return fault{rule: "repeat", want: f.node.want, got: problem.TypeArray}
	}
	v := settle(fieldAt(root, f.Index))
	if !list {
		v.Set(reflect.ValueOf(files[0]).Elem())
		return fault{}
	}
	v.Set(reflect.MakeSlice(v.Type(), len(files), len(files)))
	for i, file := range files {
		settle(v.Index(i)).Set(reflect.ValueOf(file).Elem())
	}
	return fault{}
}

// decodeParam sets v to the values of a parameter, or adds what is wrong. gin
// writes the default values of a list with semicolons.
func decodeParam(v reflect.Value, f *field, values []string, found *findings) {
	n, list := f.node, f.node.want == problem.TypeArray
	switch {
	case len(values) == 0 && !f.hasPreset:
		return
	case len(values) == 0 && list:
		values = strings.Split(f.preset, ";")
	case len(values) == 0:
		values = []string{f.preset}
	}
	v = settle(v)
	switch {
	case list:
		n = n.elem
		v.Set(reflect.MakeSlice(v.Type(), len(values), len(values)))
	case len(values) > 1:
		found.addParam(fault{rule: "repeat", want: n.want, got: problem.TypeArray}, f)
		return
	}
	for i, value := range values {
		target, at, s := v, place{}.to(f), f.rules
		if list {
			target, at, s = settle(v.Index(i)), append(at, step{kind: stepElement, rank: i}), s.elements()
		}
		if bad := decodeText(target, n, f, value); bad.rule != "" {
			if value == "" {
				bad.presence = problem.Zero
			}
			found.add(newFinding(bad, at, f, s))
		}
	}
}

// settle follows pointers, and allocates what they lack.
func settle(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	return v
}

// decodeText sets v to the value that a text stands for. If it stands for none,
// decodeText says why.
func decodeText(v reflect.Value, n *node, f *field, text string) fault {
	bad := mismatch(n.want, problem.TypeString)
	if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		bad.rule = "encoding"
		return bad
	}
	switch n.want {
	case problem.TypeString:
		v.SetString(text)
		return fault{}
	case problem.TypeBoolean:
		v.SetBool(text == "true" || text == "1" || text == "on" && f.in == problem.InForm) // as a checkbox says
		if v.Bool() || text == "false" || text == "0" {
			return fault{}
		}
	case problem.TypeInteger:
		if !strings.HasPrefix(text, "+") {
			return setInteger([]byte(text), v)
		}
	case problem.TypeNumber:
		// In decimal: neither infinite, nor hexadecimal, nor with underscores.
		if strings.Trim(text, "+-.0123456789eE") == "" {
			return setNumber([]byte(text), v)
		}
	default:
		if err := decodeOwn(v, n, f, text); err == nil && text != "" {
			return fault{}
		}
		v.SetZero()
		bad.rule = "format"
	}
	return bad
}

// decodeOwn decodes text into a type with a text form of its own.
func decodeOwn(v reflect.Value, n *node, f *field, text string) error {
	switch n.want {
	case problem.TypeDuration:
		d, err := time.ParseDuration(text)
		v.SetInt(int64(d))
		return err
	case problem.TypeTime:
		t, err := f.parseTime(text)
		v.Set(reflect.ValueOf(t))
		return err
	}
	return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
}
