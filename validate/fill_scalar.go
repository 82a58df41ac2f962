package validate

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"

	"github.com/backstop-go/backstop/internal/strictjson"
	"github.com/backstop-go/backstop/problem"
)

// typeOf names the JSON type of a value. A number with a fraction or an
// exponent is a float.
func typeOf(raw []byte) problem.Type {
	switch raw[0] {
	case '"':
		return problem.TypeString
	case '{':
		return problem.TypeObject
	case '[':
		return problem.TypeArray
	case 't', 'f':
		return problem.TypeBoolean
	case 'n':
		return problem.TypeNull
	}
	if bytes.ContainsAny(raw, ".eE") {
		return problem.TypeFloat
	}
	return problem.TypeNumber
}

// mismatch says that a value is of another type than wanted.
func mismatch(want problem.Type, raw []byte) fault {
	return fault{rule: "type", want: want, got: typeOf(raw)}
}

// scalar decodes a value that has no parts. If it cannot, it says why.
func (w *walk) scalar(v reflect.Value, n *node) fault {
	switch n.want {
	case problem.TypeBoolean:
		raw := w.Raw()
		if raw[0] != 't' && raw[0] != 'f' {
			return mismatch(n.want, raw)
		}
		v.SetBool(raw[0] == 't')
		return fault{}
	case problem.TypeInteger, problem.TypeDuration:
		raw := w.Raw()
		if typeOf(raw) != problem.TypeNumber {
			return mismatch(problem.TypeInteger, raw) // as which a duration travels in JSON
		}
		return setInteger(raw, v)
	case problem.TypeNumber:
		return w.number(v, n)
	}
	if w.Peek() != '"' {
		return mismatch(n.want, w.Raw())
	}
	if n.want == problem.TypeString {
		text := string(w.Text())
		w.take(len(text), 1)
		v.SetString(text)
		return fault{}
	}
	if n.want == problem.TypeBytes {
		return w.base64(v)
	}
	var err error
	if n.want == problem.TypeTime {
		err = v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(w.Raw())
	} else {
		err = v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(w.Text())
	}
	if err != nil {
		return fault{rule: "format", want: n.want, got: problem.TypeString}
	}
	return fault{}
}

// base64 decodes a string into bytes.
func (w *walk) base64(v reflect.Value) fault {
	text := w.Text()
	if !w.take(len(text), 1) {
		return fault{}
	}
	data := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(data, text)
	if err != nil {
		return fault{rule: "format", want: problem.TypeBytes, got: problem.TypeString}
	}
	v.SetBytes(data[:n])
	return fault{}
}

// number decodes a float or a [json.Number], which may also be a string.
func (w *walk) number(v reflect.Value, n *node) fault {
	number := v.Kind() == reflect.String
	if number && w.Peek() == '"' {
		text := w.Text()
		if !strictjson.IsNumber(text) {
			return fault{rule: "format", want: n.want, got: problem.TypeString}
		}
		v.SetString(string(text))
		return fault{}
	}
	raw := w.Raw()
	switch t := typeOf(raw); {
	case t != problem.TypeNumber && t != problem.TypeFloat:
		return mismatch(n.want, raw)
	case number:
		v.SetString(string(raw))
		return fault{}
	}
	return setFloat(raw, v)
}

// any decodes a value that nobody has described. It fails for a number that no
// float64 holds.
func (w *walk) any() (x any, ok bool) {
	const word = 16 // of an interface, or of the string or number in it
	if !w.take(2, word) {
		return nil, true
	}
	switch w.Peek() {
	case '{':
		return w.anyObject()
	case '[':
		list := make([]any, w.Open())
		ok = true
		for i := range list {
			elem, fine := w.any()
			if w.room < 0 {
				return nil, true
			}
			list[i], ok = elem, ok && fine
			w.Next()
		}
		return list, ok
	case '"':
		text := string(w.Text())
		w.take(len(text), 1)
		return text, true
	}
	switch raw := w.Raw(); raw[0] {
	case 't', 'f':
		return raw[0] == 't', true
	case 'n':
		return nil, true
	default:
		f, err := strconv.ParseFloat(string(raw), 64)
		return f, err == nil
	}
}

func (w *walk) anyObject() (x any, ok bool) {
	size := w.Open()
	object := make(map[string]any, size)
	ok = true
	for range size {
		name := string(w.Name())
		w.take(len(name), 1)
		elem, fine := w.any()
		if w.room < 0 {
			return nil, true
		}
		object[name], ok = elem, ok && fine
		w.Next()
	}
	return object, ok
}

// quoted decodes the value in a string, for the json option ",string". What
// stands in the string was not scanned: encoding/json takes null there, 007, and
// the strconv syntax of floats. Of a [json.Number] one version of it takes more
// than the other; here it takes what both take.
func (w *walk) quoted(v reflect.Value, n *node, f *field, s *section) {
	switch w.Peek() {
	case 'n':
		w.Raw()
		return
	case '"':
	default:
		w.note(mismatch(problem.TypeString, w.Raw()), f, s)
		return
	}
	text := w.Text()
	if string(text) == "null" && n.typ != numberType {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	w.note(decodeQuoted(text, v, n), f, s)
}

func decodeQuoted(text []byte, v reflect.Value, n *node) fault {
	bad := fault{rule: "type", want: n.want, got: problem.TypeString}
	switch {
	case v.Kind() == reflect.Bool:
		v.SetBool(string(text) == "true")
		if v.Bool() || string(text) == "false" {
			return fault{}
		}
		return bad
	case n.want == problem.TypeNumber && v.Kind() == reflect.String:
		if strictjson.IsNumber(text) {
			v.SetString(string(text))
			return fault{}
		}
		return bad
	case v.Kind() == reflect.String:
		inner, ok := strictjson.Unquote(text)
		v.SetString(inner)
		if ok {
			return fault{}
		}
		return bad
	case len(text) == 0, text[0] != '-' && (text[0] < '0' || '9' < text[0]):
		return bad
	case v.CanFloat():
		if _, err := strconv.ParseFloat(string(text), 64); errors.Is(err, strconv.ErrSyntax) {
			return bad
		}
		return setFloat(text, v)
	}
	bad.want = problem.TypeInteger
	if _, err := strconv.ParseInt(string(text), 10, 64); errors.Is(err, strconv.ErrSyntax) {
		return bad
	}
	return setInteger(text, v)
}

// setInteger sets v to a decimal number. If that is out of its range, the fault
// names the bound.
func setInteger(text []byte, v reflect.Value) fault {
	bits := v.Type().Bits()
	var least, most string
	if v.CanUint() {
		u, err := strconv.ParseUint(string(text), 10, bits)
		if err == nil {
			v.SetUint(u)
			return fault{}
		}
		least, most = "0", strconv.FormatUint(math.MaxUint64>>(64-bits), 10)
	} else {
		i, err := strconv.ParseInt(string(text), 10, bits)
		if err == nil {
			v.SetInt(i)
			return fault{}
		}
		least, most = strconv.FormatInt(math.MinInt64>>(64-bits), 10), strconv.FormatInt(math.MaxInt64>>(64-bits), 10)
	}
	if text[0] == '-' {
		most = ""
	} else {
		least = ""
	}
	return fault{rule: "range", want: problem.TypeInteger, got: problem.TypeNumber, min: least, max: most}
}

func setFloat(text []byte, v reflect.Value) fault {
	x, err := strconv.ParseFloat(string(text), v.Type().Bits())
	if err != nil {
		return fault{rule: "range", want: problem.TypeNumber, got: problem.TypeNumber}
	}
	v.SetFloat(x)
	return fault{}
}

// decodeKey sets key, of a map, to a name.
func decodeKey(name string, key reflect.Value) fault {
	if u, ok := key.Addr().Interface().(encoding.TextUnmarshaler); ok {
		key.SetZero()
		if err := u.UnmarshalText([]byte(name)); err != nil {
			return fault{rule: "format", want: textType(key.Type()), got: problem.TypeString}
		}
		return fault{}
	}
	if key.Kind() == reflect.String {
		key.SetString(name)
		return fault{}
	}
	if _, err := strconv.ParseInt(name, 10, 64); errors.Is(err, strconv.ErrSyntax) {
		return fault{rule: "type", want: problem.TypeInteger, got: problem.TypeString}
	}
	return setInteger([]byte(name), key)
}
