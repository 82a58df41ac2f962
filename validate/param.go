package validate

import (
	"encoding"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/backstop-go/backstop/problem"
)

// source returns where a field is filled from, by its tags, and how many of
// them there are.
func source(sf reflect.StructField) (in problem.In, name string, sources int) {
	for _, s := range []struct {
		tag string
		in  problem.In
	}{
		{"path", problem.InPath},
		{"query", problem.InQuery},
		{"header", problem.InHeader},
		{"cookie", problem.InCookie},
		{"form", problem.InForm},
	} {
		if value, ok := sf.Tag.Lookup(s.tag); ok && value != "" && value != "-" {
			in, name = s.in, value
			sources++
		}
	}
	if sf.Tag.Get("body") == "json" {
		sources++
		in, name = problem.InBody, ""
	}
	return in, name, sources
}

// params gives access to the parameters of one request.
type params struct {
	r      *http.Request
	query  []pair
	form   []pair
	buffer []string // of values
}

// A pair is one name and its value in a query or form.
type pair struct{ name, value string }

func (v *Validator) params(p *plan, r *http.Request, body []byte) (in params, err error) {
	in.r = r
	if p.query {
		if in.query, err = v.parsePairs(r.URL.RawQuery, "query string"); err != nil {
			return in, err
		}
	}
	if p.form {
		in.form, err = v.parsePairs(string(body), "form body")
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

// decode fills the parameters of root and adds what is wrong with them.
func (in *params) decode(p *plan, root reflect.Value, found *findings) {
	for _, f := range p.params {
		values := in.values(f)
		if f.presence && len(values) == 0 && !f.hasPreset {
			fault := problem.FieldError{Rule: "required", Want: f.node.want, Presence: problem.Absent}
			found.add(newFinding(fault, place{f.step()}, f, f.rules))
			continue
		}
		decodeParam(fieldAt(root, f.index), f, values, found)
	}
	found.cut()
}

// locate looks up how the parameters that break a rule were sent.
func (in *params) locate(p *plan, list []finding) {
	for i := range list {
		f := &list[i]
		if f.In == problem.InBody || f.Presence != problem.PresenceUnknown {
			continue
		}
		switch field := p.top.fields[f.at[0].rank]; {
		case len(in.values(field)) == 0:
			f.Presence = problem.Absent
		case f.zero:
			f.Presence = problem.Zero
		default:
			f.Presence = problem.Present
		}
	}
}

// parsePairs reads a query or form. Unlike package url it says no to what it
// cannot read, and reads nothing before it has counted.
func (v *Validator) parsePairs(text, what string) ([]pair, error) {
	if text == "" {
		return nil, nil
	}
	n := strings.Count(text, "&") + 1
	if n > v.cfg.MaxParams {
		return nil, problem.InvalidRequest.New("Too many parameters")
	}
	if strings.Contains(text, ";") {
		return nil, problem.InvalidRequest.New("Malformed " + what)
	}
	pairs := make([]pair, 0, n)
	for part := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return nil, problem.InvalidRequest.New("Malformed " + what)
		}
		if part != "" {
			pairs = append(pairs, pair{name, value})
		}
	}
	return pairs, nil
}

// decodeParam sets v to the values of a parameter, or adds what is wrong.
func decodeParam(v reflect.Value, f *field, values []string, found *findings) {
	if len(values) == 0 && f.hasPreset {
		values = []string{f.preset}
	}
	if len(values) == 0 {
		return
	}
	v, n := settle(v), f.node
	if n.shape != shapeList {
		fault, ok := decodeText(v, n, values[0])
		if len(values) > 1 {
			fault, ok = problem.FieldError{Rule: "repeat", Want: n.want, Got: problem.TypeArray}, false
		}
		if !ok {
			found.add(newFinding(fault, place{f.step()}, f, f.rules))
		}
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(values), len(values)))
	for i, value := range values {
		if fault, ok := decodeText(settle(v.Index(i)), n.elem, value); !ok {
			found.add(newFinding(fault, place{f.step(), {kind: stepElement, rank: i}}, f, f.rules.dived()))
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

// decodeText sets v to the value that a text stands for.
func decodeText(v reflect.Value, n *node, text string) (fault problem.FieldError, ok bool) {
	mismatch := problem.FieldError{Rule: "type", Want: n.want, Got: problem.TypeString}
	switch {
	case !utf8.ValidString(text) || strings.Contains(text, "\x00"):
		mismatch.Rule = "encoding"
		return mismatch, false
	case n.want == problem.TypeString:
		v.SetString(text)
		return fault, true
	case text == "":
		mismatch.Presence = problem.Zero
	}
	switch n.want {
	case problem.TypeBoolean:
		switch text {
		case "true", "1":
			v.SetBool(true)
		case "false", "0":
		default:
			return mismatch, false
		}
		return fault, true
	case problem.TypeInteger:
		if _, err := strconv.ParseInt(text, 10, 64); errors.Is(err, strconv.ErrSyntax) || strings.HasPrefix(text, "+") {
			return mismatch, false
		}
		return fail(setInteger([]byte(text), v))
	case problem.TypeNumber:
		if !isDecimal(text) {
			return mismatch, false
		}
		return fail(setFloat([]byte(text), v))
	}
	mismatch.Rule = "format"
	var err error
	switch n.want {
	case problem.TypeDuration:
		var d time.Duration
		d, err = time.ParseDuration(text)
		v.SetInt(int64(d))
	case problem.TypeTime:
		var t time.Time
		t, err = time.Parse(time.RFC3339, text)
		v.Set(reflect.ValueOf(t))
	default:
		u, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
		if !ok {
			return mismatch, false // the self check has refused such a field
		}
		err = u.UnmarshalText([]byte(text))
	}
	if err != nil || text == "" {
		v.SetZero()
		return mismatch, false
	}
	return fault, true
}

// checkParam returns what keeps a parameter from being filled.
func checkParam(f *field) error {
	n := f.node
	if n.shape == shapeList && f.typ.Kind() == reflect.Slice {
		n = n.elem
	}
	if n.shape != shapeScalar && !reflect.PointerTo(n.typ).Implements(textUnmarshaler) || n.want == problem.TypeBytes {
		return fmt.Errorf("has type %v, which no parameter can fill", f.typ)
	}
	if f.hasPreset {
		found := findings{limit: 1}
		if decodeParam(reflect.New(f.typ).Elem(), f, nil, &found); len(found.list) > 0 {
			return fmt.Errorf("has a default %q, which is no %v", f.preset, f.typ)
		}
	}
	return nil
}

func fail(fault *problem.FieldError) (problem.FieldError, bool) {
	if fault != nil {
		return *fault, false
	}
	return problem.FieldError{}, true
}
