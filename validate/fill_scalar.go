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

// jsonTypes names the JSON type by the first byte of a value, except for numbers.
var jsonTypes = [256]problem.Type{
	'"': problem.TypeString, '{': problem.TypeObject, '[': problem.TypeArray,
	't': problem.TypeBoolean, 'f': problem.TypeBoolean, 'n': problem.TypeNull,
}

// typeOf names the JSON type of a value. A number with a fraction or an exponent is a
// [problem.TypeFloat].
func typeOf(raw []byte) problem.Type {
	if t := jsonTypes[raw[0]]; t != problem.TypeUnknown {
		return t
	}
	if bytes.ContainsAny(raw, ".eE") {
		return problem.TypeFloat
	}
	return problem.TypeNumber
}

// mismatch is the fault of a value of the wrong type.
func mismatch(want, got problem.Type) fault { return fault{rule: "type", want: want, got: got} }

// malformed is the fault of a string that does not stand for a value of the type.
func malformed(want problem.Type) fault {
	return fault{rule: "format", want: want, got: problem.TypeString}
}

// scalar decodes a value that has no parts.
func (w *walk) scalar(v reflect.Value, n *node) fault {
	want := n.want
	if want == problem.TypeDuration {
		want = problem.TypeInteger // encoding/json writes a duration so
	}
	plain := want == problem.TypeBoolean || want == problem.TypeInteger || want == problem.TypeNumber && n.typ != numberType
	if plain || w.Peek() != '"' {
		raw := w.Raw()
		switch got := jsonTypes[raw[0]]; {
		case want == problem.TypeBoolean && got == want:
			v.SetBool(raw[0] == 't')
			return fault{}
		case want == problem.TypeNumber && got == problem.TypeUnknown:
			return setNumber(raw, v)
		case want == problem.TypeInteger && got == problem.TypeUnknown:
			if bad := setInteger(raw, v); bad.rule != "type" { // a float is named below
				return bad
			}
		}
		return mismatch(want, typeOf(raw))
	}
	switch want {
	case problem.TypeBytes:
		return w.base64(v)
	case problem.TypeNumber:
		return setNumber(w.Text(), v)
	case problem.TypeString:
		text := string(w.Text())
		w.take(len(text), 1)
		v.SetString(text)
		return fault{}
	}
	var err error
	if want == problem.TypeTime {
		err = v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(w.Raw())
	} else {
		err = v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(w.Text())
	}
	if err != nil {
		return malformed(want)
	}
	return fault{}
}

// base64 decodes a string into bytes.
func (w *walk) base64(v reflect.Value) fault {
	text := w.Text()
	if !w.take(len(text), 1) {
		return fault{}
	}
	data, err := base64.StdEncoding.AppendDecode(make([]byte, 0, base64.StdEncoding.DecodedLen(len(text))), text)
	if err != nil {
		return malformed(problem.TypeBytes)
	}
	v.SetBytes(data)
	return fault{}
}

// any decodes a value into an interface.
func (w *walk) any() any {
	const word = 16 // bytes of an interface, or of the string or number in it
	if !w.take(2, word) {
		w.Raw()
		return nil
	}
	switch w.Peek() {
	case '{':
		size := w.Open()
		object := make(map[string]any, size)
		for range size {
			name := string(w.Name())
			w.take(len(name), 1)
			object[name] = w.any()
			w.Next()
		}
		return object
	case '[':
		list := make([]any, w.Open())
		for i := range list {
			list[i] = w.any()
			w.Next()
		}
		return list
	case '"':
		text := string(w.Text())
		w.take(len(text), 1)
		return text
	}
	switch raw := w.Raw(); raw[0] {
	case 't', 'f':
		return raw[0] == 't'
	case 'n':
		return nil
	default:
		x, err := strconv.ParseFloat(string(raw), 64)
		w.huge = w.huge || err != nil
		return x
	}
}

// quoted decodes the value in a string, for the json option ",string". The scan has
// not checked the text in the string. encoding/json accepts null there, 007, and
// floats as strconv reads them, and so does quoted. For a [json.Number] versions of
// encoding/json differ; quoted accepts what all of them accept.
func (w *walk) quoted(v reflect.Value, n *node) fault {
	if w.Peek() != '"' {
		if got := typeOf(w.Raw()); got != problem.TypeNull {
			return mismatch(problem.TypeString, got)
		}
		return fault{}
	}
	text := w.Text()
	if string(text) == "null" && n.typ != numberType {
		return fault{}
	}
	v = settle(v)
	switch {
	case n.want == problem.TypeString:
		inner, ok := strictjson.Unquote(text)
		v.SetString(inner)
		if ok {
			return fault{}
		}
	case v.Kind() == reflect.Bool:
		v.SetBool(string(text) == "true")
		if v.Bool() || string(text) == "false" {
			return fault{}
		}
	case len(text) == 0, text[0] != '-' && (text[0] < '0' || '9' < text[0]):
	case n.want == problem.TypeNumber:
		return setNumber(text, v)
	default:
		return setInteger(text, v)
	}
	return mismatch(n.want, problem.TypeString)
}

// setInteger sets v to a decimal number. If the number is out of range, the fault
// names the bound.
func setInteger(text []byte, v reflect.Value) fault {
	var err error
	bits := v.Type().Bits()
	least, most := int64(math.MinInt64)>>(64-bits), uint64(math.MaxInt64)>>(64-bits)
	if v.CanUint() {
		var u uint64
		u, err = strconv.ParseUint(string(text), 10, bits)
		v.SetUint(u)
		least, most = 0, math.MaxUint64>>(64-bits)
	} else {
		var i int64
		i, err = strconv.ParseInt(string(text), 10, bits)
		v.SetInt(i)
	}
	if err == nil {
		return fault{}
	}
	v.SetZero()
	if _, err := strconv.ParseInt(string(text), 10, 64); errors.Is(err, strconv.ErrSyntax) {
		return mismatch(problem.TypeInteger, problem.TypeString)
	}
	bad := fault{rule: "range", want: problem.TypeInteger, got: problem.TypeNumber, below: text[0] == '-'}
	if bad.param = strconv.FormatUint(most, 10); bad.below {
		bad.param = strconv.FormatInt(least, 10)
	}
	return bad
}

// setNumber sets v, a float or a [json.Number], to a number.
func setNumber(text []byte, v reflect.Value) fault {
	if v.Kind() == reflect.String {
		if !strictjson.IsNumber(text) {
			return mismatch(problem.TypeNumber, problem.TypeString)
		}
		v.SetString(string(text))
		return fault{}
	}
	x, err := strconv.ParseFloat(string(text), v.Type().Bits())
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return mismatch(problem.TypeNumber, problem.TypeString)
	case err != nil:
		return fault{rule: "range", want: problem.TypeNumber, got: problem.TypeNumber}
	}
	v.SetFloat(x)
	return fault{}
}

// decodeKey sets key, the key of a map entry, from a name.
func decodeKey(name string, key reflect.Value) fault {
	u, ok := key.Addr().Interface().(encoding.TextUnmarshaler)
	switch {
	case ok:
		key.SetZero()
		if err := u.UnmarshalText([]byte(name)); err != nil {
			return malformed(textType(key.Type()))
		}
	case key.Kind() == reflect.String:
		key.SetString(name)
	default:
		return setInteger([]byte(name), key)
	}
	return fault{}
}
