package validate_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/backstop-go/backstop/validate"
)

type (
	word  string
	level int8
)

// scalars are the types without members in random structs.
var scalars = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint64](),
	reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[string](), reflect.TypeFor[[]byte](), reflect.TypeFor[[3]byte](),
	reflect.TypeFor[any](), reflect.TypeFor[json.RawMessage](), reflect.TypeFor[json.Number](), reflect.TypeFor[time.Time](),
	reflect.TypeFor[time.Duration](), reflect.TypeFor[netip.Addr](), reflect.TypeFor[word](), reflect.TypeFor[level](), reflect.TypeFor[color](),
	reflect.TypeFor[embedded](), reflect.TypeFor[item](),
}

var keyTypes = []reflect.Type{
	reflect.TypeFor[string](), reflect.TypeFor[int](), reflect.TypeFor[uint8](), reflect.TypeFor[word](), reflect.TypeFor[level](),
	reflect.TypeFor[netip.Addr](),
}

// names are the names of members. Some differ only in case or in letters that fold to the same
// letter, and some need escapes.
var names = []string{"a", "A", "b", "name", "Name", "kelvin", "\u212aelvin", "x-y", "π", "s", "ſ", "in ner", "inner"}

// A maker makes random types, and random bodies for them.
type maker struct{ *rand.Rand }

func (m maker) typ(depth int) reflect.Type {
	if depth == 0 || m.IntN(3) == 0 {
		return scalars[m.IntN(len(scalars))]
	}
	switch m.IntN(6) {
	case 0:
		return reflect.PointerTo(m.typ(depth - 1))
	case 1:
		return reflect.SliceOf(m.typ(depth - 1))
	case 2:
		return reflect.ArrayOf(m.IntN(3), m.typ(depth-1))
	case 3:
		return reflect.MapOf(keyTypes[m.IntN(len(keyTypes))], m.typ(depth-1))
	default:
		return m.structure(depth - 1)
	}
}

func (m maker) structure(depth int) reflect.Type {
	var fields []reflect.StructField
	for i := range 1 + m.IntN(5) {
		f := reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: m.typ(depth)}
		switch m.IntN(6) {
		case 0:
		case 1:
			if f.Type.Kind() == reflect.Pointer || f.Type == reflect.TypeFor[json.Number]() {
				break // versions of encoding/json decode it differently
			}
			f.Tag = reflect.StructTag(fmt.Sprintf(`json:"%s,string"`, names[m.IntN(len(names))]))
		case 2:
			f.Tag = `json:"-"`
		default:
			f.Tag = reflect.StructTag(fmt.Sprintf(`json:"%s,omitempty"`, names[m.IntN(len(names))]))
		}
		fields = append(fields, f)
	}
	return reflect.StructOf(fields)
}

// body returns random JSON that mostly fits the type t.
func (m maker) body(t reflect.Type, quoted bool) string {
	switch {
	case m.IntN(12) == 0:
		return m.anything(2)
	case quoted && m.IntN(4) > 0:
		return fmt.Sprintf("%q", m.body(t, false))
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return m.pick(`"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05.5+01:00"`, `"2026-1-2"`, `null`)
	case reflect.TypeFor[netip.Addr]():
		return m.pick(`"::1"`, `"1.2.3.4"`, `""`, `"x"`)
	case reflect.TypeFor[json.Number]():
		return m.pick(`1`, `-1.5e3`, `"12"`, `"x"`, `1e999`)
	case reflect.TypeFor[color]():
		return m.pick(`"red"`, `"blue"`, `null`)
	case reflect.TypeFor[[]byte]():
		return m.pick(`"YQ=="`, `"YQ"`, `""`, `"Y\nQ=="`, `"\u0059Q=="`)
	}
	switch t.Kind() {
	case reflect.Bool:
		return m.pick(`true`, `false`)
	case reflect.String:
		return m.pick(`"x"`, `""`, `"\u00e9\n\"\ud83d\ude00"`, `"π"`)
	case reflect.Pointer:
		return m.body(t.Elem(), quoted)
	case reflect.Slice, reflect.Array:
		var parts []string
		for range m.IntN(4) {
			parts = append(parts, m.body(t.Elem(), false))
		}
		return m.space("[") + strings.Join(parts, m.space(",")) + m.space("]")
	case reflect.Map:
		return m.object(func() (string, string) { return m.key(t.Key()), m.body(t.Elem(), false) })
	case reflect.Struct:
		return m.object(func() (string, string) {
			if t.NumField() == 0 || m.IntN(8) == 0 {
				return names[m.IntN(len(names))], m.anything(1)
			}
			f := t.Field(m.IntN(t.NumField()))
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" {
				name = f.Name
			}
			return name, m.body(f.Type, options == "string")
		})
	case reflect.Interface:
		return m.anything(2)
	default:
		return m.pick(`0`, `1`, `-1`, `127`, `128`, `-129`, `65535`, `1e2`, `1.5`, `-0`, `18446744073709551615`, `1e40`, `1e400`)
	}
}

func (m maker) key(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[netip.Addr]():
		return m.pick("::1", "1.2.3.4", "x", "")
	case t.Kind() == reflect.String:
		return names[m.IntN(len(names))]
	default:
		return m.pick("1", "-1", "300", "x", "", "007", "+1", "-0")
	}
}

func (m maker) object(member func() (name, value string)) string {
	seen := map[string]bool{}
	var parts []string
	for range m.IntN(5) {
		name, value := member()
		if !seen[name] {
			parts = append(parts, fmt.Sprintf("%s%s%s", m.quote(name), m.space(":"), value))
		}
		seen[name] = true
	}
	return m.space("{") + strings.Join(parts, m.space(",")) + m.space("}")
}

func (m maker) quote(name string) string {
	if name != "" && m.IntN(6) == 0 {
		return fmt.Sprintf(`"\u%04x%s"`, []rune(name)[0], string([]rune(name)[1:]))
	}
	return `"` + name + `"`
}

func (m maker) anything(depth int) string {
	if depth > 0 {
		switch m.IntN(6) {
		case 0:
			return "[" + m.anything(depth-1) + "," + m.anything(depth-1) + "]"
		case 1:
			return m.object(func() (string, string) { return names[m.IntN(len(names))], m.anything(depth - 1) })
		}
	}
	return m.pick(`null`, `true`, `"null"`, `"true"`, `"1"`, `"x"`, `""`, `1`, `-2.5`, `[]`, `{}`, `1e400`)
}

func (m maker) pick(from ...string) string { return from[m.IntN(len(from))] }

func (m maker) space(sign string) string {
	return m.pick("", "", " ", "\n") + sign + m.pick("", "", "\t")
}

// For random structs and bodies, this package and encoding/json accept the same bodies and decode
// the same values. The exceptions are names in another case, null elements, and arrays of numbers
// for bytes.
func TestRandomStructsAgreeWithEncodingJSON(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	m := maker{rand.New(rand.NewPCG(seed, 0))}
	types, bodies, good := 0, 0, 0
	for range 1500 {
		typ := m.structure(3)
		v, err := validate.New(validate.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if validate.TypeFault(v, typ) != nil {
			continue
		}
		types++
		for range 12 {
			body := m.body(typ, false)
			walked, rules, ok := validate.WalkType(v, typ, []byte(body))
			if !ok {
				continue
			}
			bodies++
			want := reflect.New(typ)
			err := json.Unmarshal([]byte(body), want.Interface())
			switch {
			case err == nil && len(rules) == 0:
				good++
				if !reflect.DeepEqual(walked.Interface(), want.Elem().Interface()) {
					t.Fatalf("seed %d: a body of %v\n%s\n  = %+v\nwant %+v", seed, typ, body, walked, want.Elem())
				}
			case err != nil && len(rules) == 0:
				t.Fatalf("seed %d: a body of %v\n%s\n  is accepted, want a fault: %v", seed, typ, body, err)
			case err == nil && !onlyRefusals(rules):
				t.Fatalf("seed %d: a body of %v\n%s\n  fails the rules %v, want none, because encoding/json accepts it", seed, typ, body, rules)
			}
		}
	}
	t.Logf("%d types, %d bodies, %d of them good", types, bodies, good)
	if good < 500 {
		t.Errorf("only %d of %d bodies of %d types are good, so this test proves little", good, bodies, types)
	}
}

func onlyRefusals(rules []string) bool {
	for _, rule := range rules {
		if rule != "null" && rule != "unknown" && rule != "array for bytes" {
			return false
		}
	}
	return true
}
