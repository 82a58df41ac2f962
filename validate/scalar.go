package validate

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/backstop-go/backstop/internal/jsonappend"
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

// decodeScalar decodes a value that has no parts. If it cannot, it says why.
func decodeScalar(raw []byte, v reflect.Value, n *node, quoted bool) (fault problem.FieldError, ok bool) {
	got := typeOf(raw)
	mismatch := problem.FieldError{Rule: "type", Want: n.want, Got: got}
	if quoted {
		return decodeQuoted(raw, v, n)
	}
	switch n.want {
	case problem.TypeString:
		if got != problem.TypeString {
			return mismatch, false
		}
		v.SetString(unquote(raw))
		return fault, true
	case problem.TypeBoolean:
		if got != problem.TypeBoolean {
			return mismatch, false
		}
		v.SetBool(raw[0] == 't')
		return fault, true
	case problem.TypeInteger, problem.TypeDuration:
		mismatch.Want = problem.TypeInteger // as which a duration travels in JSON
		if got == problem.TypeFloat {
			mismatch.Got = got
		}
		if got != problem.TypeNumber {
			return mismatch, false
		}
		return setInteger(string(raw), v)
	case problem.TypeNumber:
		if v.Kind() == reflect.String {
			break // json.Number
		}
		if got != problem.TypeNumber && got != problem.TypeFloat {
			return mismatch, false
		}
		return setFloat(string(raw), v)
	case problem.TypeBytes:
		if got == problem.TypeArray {
			mismatch.Want = problem.TypeBytes
			break
		}
		fallthrough
	default:
		if got != problem.TypeString {
			return mismatch, false
		}
		mismatch = problem.FieldError{Rule: "format", Want: n.want, Got: got}
	}
	if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil {
		return mismatch, false
	}
	return fault, true
}

// decodeQuoted decodes the value in a string, for the json option ",string".
// What stands in the string was not scanned: encoding/json takes 007 there, and
// the strconv syntax of floats.
func decodeQuoted(raw []byte, v reflect.Value, n *node) (fault problem.FieldError, ok bool) {
	mismatch := problem.FieldError{Rule: "type", Want: problem.TypeString, Got: typeOf(raw)}
	if mismatch.Got != problem.TypeString {
		return mismatch, false
	}
	text := unquote(raw)
	if n.want != problem.TypeString {
		mismatch.Want = n.want
	}
	switch {
	case text == "":
		return mismatch, false
	case v.Kind() == reflect.Bool || v.Kind() == reflect.String:
		return mismatch, strings.TrimSpace(text) == text && json.Unmarshal([]byte(text), v.Addr().Interface()) == nil
	case text[0] != '-' && (text[0] < '0' || '9' < text[0]):
		return mismatch, false
	case v.CanFloat():
		_, err := strconv.ParseFloat(text, 64)
		if errors.Is(err, strconv.ErrSyntax) {
			return mismatch, false
		}
		return setFloat(text, v)
	}
	mismatch.Want = problem.TypeInteger
	if _, err := strconv.ParseInt(text, 10, 64); errors.Is(err, strconv.ErrSyntax) {
		return mismatch, false
	}
	return setInteger(text, v)
}

// setInteger sets v to a decimal number. If that is out of its range, the fault
// names the bound.
func setInteger(text string, v reflect.Value) (fault problem.FieldError, ok bool) {
	bits := v.Type().Bits()
	if v.CanUint() {
		u, err := strconv.ParseUint(text, 10, bits)
		switch {
		case err == nil:
			v.SetUint(u)
			return fault, true
		case text[0] == '-':
			return outOfRange("0", ""), false
		}
		return outOfRange("", strconv.FormatUint(math.MaxUint64>>(64-bits), 10)), false
	}
	i, err := strconv.ParseInt(text, 10, bits)
	switch {
	case err == nil:
		v.SetInt(i)
		return fault, true
	case text[0] == '-':
		return outOfRange(strconv.FormatInt(math.MinInt64>>(64-bits), 10), ""), false
	}
	return outOfRange("", strconv.FormatInt(math.MaxInt64>>(64-bits), 10)), false
}

func outOfRange(least, most string) problem.FieldError {
	return problem.FieldError{Rule: "range", Want: problem.TypeInteger, Got: problem.TypeNumber, Min: least, Max: most}
}

func setFloat(text string, v reflect.Value) (fault problem.FieldError, ok bool) {
	x, err := strconv.ParseFloat(text, v.Type().Bits())
	if err != nil {
		return problem.FieldError{Rule: "range", Want: problem.TypeNumber, Got: problem.TypeNumber}, false
	}
	v.SetFloat(x)
	return fault, true
}

// decodeKey makes a map key of a name.
func decodeKey(name string, t reflect.Type) (key reflect.Value, fault *problem.FieldError) {
	key = reflect.New(t).Elem()
	if t.Kind() == reflect.String && !reflect.PointerTo(t).Implements(textUnmarshaler) {
		key.SetString(name)
		return key, nil
	}
	// A map of one entry is the only way to have encoding/json decode a name.
	one := reflect.New(reflect.MapOf(t, reflect.TypeFor[any]()))
	raw := append(jsonappend.String([]byte{'{'}, name), ":0}"...)
	if err := json.Unmarshal(raw, one.Interface()); err == nil {
		for k := range one.Elem().Seq2() {
			return k, nil
		}
	}
	if !isNumber(t) {
		return key, &problem.FieldError{Rule: "format", Want: textType(t), Got: problem.TypeString}
	}
	f := problem.FieldError{Rule: "type", Want: problem.TypeInteger, Got: problem.TypeString}
	if _, err := strconv.ParseInt(name, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		f, _ = setInteger(name, key)
	}
	return key, &f
}
