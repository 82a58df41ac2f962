package openapi

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/backstop-go/backstop/internal/jsonappend"
	"github.com/backstop-go/backstop/internal/jsonobject"
)

// object is a JSON object to which members can be added. All other members keep their
// order and their text, because people read the document, too.
type object struct{ members []*member }

type member struct {
	name string
	text []byte  // the value as JSON, unless it was opened
	obj  *object // the value, once it was opened
}

// parseObject reads one JSON object. It reports false if a name comes twice.
func parseObject(text []byte) (*object, bool) {
	members, ok := jsonobject.Parse(text)
	if !ok {
		return nil, false
	}
	o := &object{}
	for _, m := range members {
		if o.get(m.Name) != nil {
			return nil, false
		}
		o.set(m.Name, m.Value)
	}
	return o, true
}

func (o *object) get(name string) *member {
	for _, m := range o.members {
		if m.name == name {
			return m
		}
	}
	return nil
}

// set adds a member. The object must not have one of that name.
func (o *object) set(name string, text []byte) {
	o.members = append(o.members, &member{name: name, text: text})
}

// setString is set for a text.
func (o *object) setString(name, text string) { o.set(name, jsonappend.String(nil, text)) }

// open returns the object in a member, or a new one if there is no such member. It
// reports false if the member is not an object.
func (o *object) open(name string) (*object, bool) {
	m := o.get(name)
	switch {
	case m == nil:
		m = &member{name: name, obj: &object{}}
		o.members = append(o.members, m)
	case m.obj == nil:
		obj, ok := parseObject(m.text)
		if !ok {
			return nil, false
		}
		m.obj = obj
	}
	return m.obj, true
}

// add adds an object. The object o must not have a member of that name.
func (o *object) add(name string) *object {
	obj, _ := o.open(name)
	return obj
}

// stringOf returns the text of a member, or "" if it is not a string.
func (o *object) stringOf(name string) string {
	m := o.get(name)
	if m == nil {
		return ""
	}
	text, _ := jsonobject.String(m.text)
	return text
}

func (o *object) append(dst []byte) []byte {
	dst = append(dst, '{')
	for i, m := range o.members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(jsonappend.String(dst, m.name), ':')
		dst = m.append(dst)
	}
	return append(dst, '}')
}

func (m *member) append(dst []byte) []byte {
	if m.obj != nil {
		return m.obj.append(dst)
	}
	return append(dst, m.text...)
}

// isSame reports whether two texts are the same JSON value. White space and the order of
// members do not count.
func isSame(a, b []byte) bool {
	value := func(text []byte) (v any) {
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		if dec.Decode(&v) != nil {
			return text
		}
		return v
	}
	return reflect.DeepEqual(value(a), value(b))
}
