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
		{"path", problem.InPath}, {"query", problem.InQuery}, {"header", problem.InHeader},
		{"cookie", problem.InCookie}, {"form", problem.InForm},
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

// decodeParams fills the parameters of root and adds what is wrong with them.
func (v *Validator) decodeParams(p *plan, root reflect.Value, r *http.Request, body []byte, found *findings) error {
	var query, form pairs
	var err error
	if p.query {
		if query, err = v.parsePairs(r.URL.RawQuery, "query string"); err != nil {
			return err
		}
	}
	if p.form {
		if form, err = v.parsePairs(string(body), "form body"); err != nil {
			return err
		}
	}
	for _, f := range p.params {
		var values []string
		switch f.in {
		case problem.InQuery:
			values = query[f.name]
		case problem.InForm:
			values = form[f.name]
		case problem.InHeader:
			values = r.Header.Values(f.name)
			if len(values) == 0 && strings.EqualFold(f.name, "Host") && r.Host != "" {
				values = []string{r.Host} // net/http takes it out of the header
			}
		case problem.InCookie:
			for _, c := range r.CookiesNamed(f.name) {
				values = append(values, c.Value)
			}
		case problem.InPath:
			if value := r.PathValue(f.name); value != "" {
				values = []string{value}
			}
		}
		fault, ok := decodeParam(fieldAt(root, f.index), f, values)
		if ok && f.presence && len(values) == 0 {
			fault, ok = problem.FieldError{Rule: "required", Want: f.node.want, Presence: problem.Absent}, false
		}
		if ok {
			continue
		}
		fault.In, fault.Label, fault.Message = f.in, f.label, f.message
		if s := f.rules; s != nil {
			fault.OneOf = s.oneOf
			if fault.Rule != "range" {
				fault.Min, fault.Max = s.min, s.max
			}
		}
		found.add(finding{FieldError: fault, at: place{f.step()}})
	}
	found.cut()
	return nil
}

// pairs are the values of a query or form by name.
type pairs map[string][]string

// parsePairs reads a query or form. Unlike package url it says no to what it
// cannot read, and reads nothing before it has counted.
func (v *Validator) parsePairs(text, what string) (pairs, error) {
	if text == "" {
		return nil, nil
	}
	if strings.Count(text, "&") >= v.cfg.MaxParams {
		return nil, problem.InvalidRequest.New("Too many parameters")
	}
	malformed := problem.InvalidRequest.New("Malformed " + what)
	if strings.Contains(text, ";") {
		return nil, malformed
	}
	out := pairs{}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return nil, malformed
		}
		out[name] = append(out[name], value)
	}
	return out, nil
}

// decodeParam sets v to the values of a parameter.
func decodeParam(v reflect.Value, f *field, values []string) (fault problem.FieldError, ok bool) {
	if len(values) == 0 {
		if !f.hasPreset {
			return fault, true
		}
		values = []string{f.preset}
	}
	for _, value := range values {
		if !utf8.ValidString(value) || strings.Contains(value, "\x00") {
			return problem.FieldError{Rule: "encoding", Want: f.node.want, Presence: problem.Present}, false
		}
	}
	n := f.node
	if n.shape != shapeList {
		if len(values) > 1 {
			return problem.FieldError{Rule: "repeat", Want: n.want, Got: problem.TypeArray, Presence: problem.Present}, false
		}
		return decodeText(settle(v), n, values[0])
	}
	v = settle(v)
	v.Set(reflect.MakeSlice(v.Type(), len(values), len(values)))
	for i, value := range values {
		if fault, ok := decodeText(settle(v.Index(i)), n.elem, value); !ok {
			return fault, false
		}
	}
	return fault, true
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
	mismatch := problem.FieldError{Rule: "type", Want: n.want, Got: problem.TypeString, Presence: problem.Present}
	if text == "" {
		mismatch.Presence = problem.Zero
	}
	switch n.want {
	case problem.TypeString:
		v.SetString(text)
		return fault, true
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
		if _, err := strconv.ParseInt(text, 10, 64); errors.Is(err, strconv.ErrSyntax) || text[0] == '+' {
			return mismatch, false
		}
		return setInteger(text, v)
	case problem.TypeNumber:
		if !isDecimal(text) {
			return mismatch, false
		}
		return setFloat(text, v)
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
	if err != nil {
		v.SetZero()
		return mismatch, false
	}
	return fault, true
}

// isDecimal reports whether text is a number in decimal: neither infinite, nor
// hexadecimal, nor with underscores.
func isDecimal(text string) bool {
	for i := range len(text) {
		if !strings.Contains("+-.0123456789eE", text[i:i+1]) {
			return false
		}
	}
	_, err := strconv.ParseFloat(text, 64)
	return err == nil || errors.Is(err, strconv.ErrRange)
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
		v := reflect.New(f.typ).Elem()
		if _, ok := decodeParam(v, f, nil); !ok {
			return fmt.Errorf("has a default %q, which is no %v", f.preset, f.typ)
		}
	}
	return nil
}
