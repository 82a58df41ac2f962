// Package jsonobject reads a JSON object member by member: in order, by exact
// names, and without giving up when a member has another type than expected. An
// error of another service is read in this way, because a part of an error is worth
// more than none. encoding/json has maps, which lose the order, and structs, which
// accept names in any case and fail as a whole.
package jsonobject

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strconv"
)

// Object is the members of an object, in order. Of several with one name the
// first is found. The zero Object is empty.
type Object []Member

// Member is a name and a value.
type Member struct {
	Name  string
	Value json.RawMessage
}

// Parse reads data, which is to be one object and nothing else.
func Parse(data []byte) (Object, bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, false
	}
	o := Object{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, false
		}
		m := Member{Name: name.(string)} // syntax has it so
		if err := dec.Decode(&m.Value); err != nil {
			return nil, false
		}
		o = append(o, m)
	}
	if _, err := dec.Token(); err != nil {
		return nil, false
	}
	_, err := dec.Token()
	return o, errors.Is(err, io.EOF)
}

// Vendor reads the error body of a vendor, like [Parse]. A problem detail of RFC
// 9457 is none: it may have the marks of any vendor among its extensions, but it
// alone has a title. The Object is then empty, and has no marks.
func Vendor(body []byte) Object {
	o, _ := Parse(body)
	if o.Get("title") != nil {
		return nil
	}
	return o
}

// Get returns the value of a member, nil if there is none.
func (o Object) Get(name string) json.RawMessage {
	for _, m := range o {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

// String returns a member, and whether it is a string.
func (o Object) String(name string) (string, bool) { return String(o.Get(name)) }

// Object returns a member, and whether it is an object.
func (o Object) Object(name string) (Object, bool) { return Parse(o.Get(name)) }

// Strings are the members that are strings, by name.
func (o Object) Strings() iter.Seq2[string, string] {
	return func(yield func(name, text string) bool) {
		for _, m := range o {
			if text, ok := String(m.Value); ok && !yield(m.Name, text) {
				return
			}
		}
	}
}

// Int returns a member, and whether it is an integer.
func (o Object) Int(name string) (int, bool) {
	n, err := strconv.Atoi(string(o.Get(name)))
	return n, err == nil
}

// String returns a value, and whether it is a string.
func String(value json.RawMessage) (string, bool) {
	if len(value) == 0 || value[0] != '"' {
		return "", false
	}
	var s string
	err := json.Unmarshal(value, &s)
	return s, err == nil
}

// Array returns the elements of a value, and whether it is an array.
func Array(value json.RawMessage) ([]json.RawMessage, bool) {
	if len(value) == 0 || value[0] != '[' {
		return nil, false
	}
	var a []json.RawMessage
	err := json.Unmarshal(value, &a)
	return a, err == nil
}
