package jsonobject_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/jsonobject"
)

func TestParse(t *testing.T) {
	tests := []struct {
		data string
		want string // names, or "no"
	}{
		{`{}`, ""},
		{` {"b":1,"a":{"x":[1]},"b":2} `, "b a b"},
		{`{"B":null}`, "B"},
		{`{"a":1}x`, "no"},
		{`{"a":1}{}`, "no"},
		{`{"a":1,}`, "no"},
		{`{"a"}`, "no"},
		{`{"a":1`, "no"},
		{`{"a":}`, "no"},
		{`{1:2}`, "no"},
		{`[]`, "no"},
		{`null`, "no"},
		{``, "no"},
		{`{"a":` + strings.Repeat("[", 100_000) + `}`, "no"},
	}
	for _, test := range tests {
		o, ok := jsonobject.Parse([]byte(test.data))
		var names []string
		for _, m := range o {
			names = append(names, m.Name)
		}
		got := strings.Join(names, " ")
		if !ok {
			got = "no"
		}
		if got != test.want {
			t.Errorf("Parse(%.40q) = %q, want %q", test.data, got, test.want)
		}
	}
}

func TestMembers(t *testing.T) {
	o, _ := jsonobject.Parse([]byte(`{"s":"a\u00e9","n":7,"f":7.5,"o":{"k":"v"},"a":[1,"x"],"z":null,"s":"second"}`))
	if s, ok := o.String("s"); !ok || s != "aé" {
		t.Errorf("String(s) = %q, %t, want the first member", s, ok)
	}
	if n, ok := o.Int("n"); !ok || n != 7 {
		t.Errorf("Int(n) = %d, %t, want 7", n, ok)
	}
	if inner, ok := o.Object("o"); !ok || len(inner) != 1 || inner[0].Name != "k" {
		t.Errorf("Object(o) = %v, %t, want one member", inner, ok)
	}
	elements, ok := jsonobject.Array(o.Get("a"))
	if !ok || !slices.Equal([]string{string(elements[0]), string(elements[1])}, []string{"1", `"x"`}) {
		t.Errorf("Array(a) = %q, %t, want two elements", elements, ok)
	}
	for _, name := range []string{"n", "o", "z", "S", "absent"} {
		if s, ok := o.String(name); ok {
			t.Errorf("String(%s) = %q, want none", name, s)
		}
	}
	for _, name := range []string{"s", "f", "z", "absent"} {
		if n, ok := o.Int(name); ok {
			t.Errorf("Int(%s) = %d, want none", name, n)
		}
		if inner, ok := o.Object(name); ok {
			t.Errorf("Object(%s) = %v, want none", name, inner)
		}
		if elements, ok := jsonobject.Array(o.Get(name)); ok {
			t.Errorf("Array(%s) = %q, want none", name, elements)
		}
	}
}

func TestStrings(t *testing.T) {
	o, _ := jsonobject.Parse([]byte(`{"b":"1","n":7,"a":"2","b":"3"}`))
	var got []string
	for name, text := range o.Strings() {
		if got = append(got, name+text); len(got) == 2 {
			break
		}
	}
	if want := []string{"b1", "a2"}; !slices.Equal(got, want) {
		t.Errorf("Strings() = %q, want %q and no more after the break", got, want)
	}
}

func TestVendor(t *testing.T) {
	for body, want := range map[string]int{`{"a":1,"b":2}`: 2, `{"a":1,"title":"x"}`: 0, `{"Title":"x"}`: 1, `{"a":1`: 0, `[]`: 0} {
		if got := len(jsonobject.Vendor([]byte(body))); got != want {
			t.Errorf("Vendor(%s) has %d members, want %d", body, got, want)
		}
	}
}
