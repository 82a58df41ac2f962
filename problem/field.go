package problem

import (
	"strconv"
	"unicode/utf8"

	"github.com/backstop-go/backstop/internal/jsonappend"
)

// FieldError says what is wrong with one value of a request: facts, not a
// sentence. The style's FieldText turns the facts into the words of its
// vendor. Package validate makes FieldErrors; an application may too:
//
//	problem.FieldError{Path: problem.Path{"email"}, Message: "is already taken"}
//
// No member ever holds the value that the client sent.
type FieldError struct {
	In       In       // where the value stands
	Path     Path     // how to get there; empty means the whole body
	Key      bool     // the map key at Path failed, not its value
	Rule     string   // a validator tag, or a decode rule, see [FieldError.Shape]
	Param    string   // as in the tag, unescaped; other fields by their wire names; the right name for a case variant
	OneOf    []string // the alternatives of the rule's section, on type errors too
	Want     Type     // what the field holds, which is also the unit of its lengths
	Got      Type     // what came
	Min, Max string   // inclusive bounds of the rule's section, "" is none
	Presence Presence
	Label    string // a name for people
	Other    string // label of the other field
	Message  string // wins over the style's sentence; in lower case it is a predicate
}

// Shape reports whether the value failed while it was decoded, before any rule
// was asked: type, range, format, null, unknown, repeat, encoding.
func (f FieldError) Shape() bool {
	switch f.Rule {
	case "type", "range", "format", "null", "unknown", "repeat", "encoding":
		return true
	}
	return false
}

// In is the part of a request in which a value stands.
type In uint8

// The places of [In].
const (
	InBody In = iota
	InQuery
	InPath
	InHeader
	InCookie
	InForm
)

// Type is a JSON type, or a Go type that travels as one.
type Type uint8

// The types of [FieldError]. TypeNull and TypeFloat are only ever received:
// a float is a number with a fraction or an exponent where an integer was due.
const (
	TypeUnknown Type = iota
	TypeString
	TypeInteger
	TypeNumber
	TypeBoolean
	TypeArray
	TypeObject // a struct
	TypeMap
	TypeBytes
	TypeTime
	TypeDuration
	TypeUUID
	TypeIP
	TypePrefix
	TypeText // any other type that decodes itself from a string
	TypeAny
	TypeNull
	TypeFloat
)

// Presence says in what form a value was there.
type Presence uint8

// The forms of [Presence].
const (
	PresenceUnknown Presence = iota
	Absent
	Null
	Zero // sent, and the zero value of its type
	Present
)

// Path leads from the root of a body, or of the parameters, to a value. Its
// elements are member names (string), list indexes (int) and map keys ([Key]);
// anything else prints as "?".
type Path []any

// Key is a map key as an element of a [Path].
type Key string

// PathSyntax is a way to print a path.
type PathSyntax uint8

// The syntaxes of a path.
const (
	Brackets PathSyntax = iota // items[1].name
	Dots                       // items.1.name
	Pointer                    // #/items/1/name, a JSON Pointer (RFC 6901) as URI fragment
)

const (
	maxSegment = 64  // runes of one name
	maxPath    = 256 // bytes of a printed path
)

// AppendPath appends the path of f. Parameters print their name alone. Names
// that come from the client are cut to 64 runes, and the path to 256 bytes at
// the border of a segment.
func (f FieldError) AppendPath(dst []byte, syntax PathSyntax) []byte {
	if f.In != InBody && f.In != InForm && syntax != Pointer {
		if name, ok := firstName(f.Path); ok && len(f.Path) == 1 {
			return append(dst, cut(name)...)
		}
	}
	start := len(dst)
	if syntax == Pointer {
		dst = append(dst, '#')
	}
	for i, segment := range f.Path {
		end := len(dst)
		dst = appendSegment(dst, segment, i == 0, syntax)
		if len(dst)-start > maxPath {
			return append(dst[:end], "…"...)
		}
	}
	return dst
}

func firstName(p Path) (string, bool) {
	if len(p) == 0 {
		return "", false
	}
	name, ok := p[0].(string)
	return name, ok
}

func appendSegment(dst []byte, segment any, first bool, syntax PathSyntax) []byte {
	var name string
	key := false
	switch s := segment.(type) {
	case int:
		switch {
		case syntax == Brackets:
			dst = strconv.AppendInt(append(dst, '['), int64(s), 10)
			return append(dst, ']')
		case syntax == Pointer:
			dst = append(dst, '/')
		case !first:
			dst = append(dst, '.')
		}
		return strconv.AppendInt(dst, int64(s), 10)
	case string:
		name = s
	case Key:
		name, key = string(s), true
	default:
		name = "?"
	}
	name = cut(name)
	switch syntax {
	case Pointer:
		return appendPointer(append(dst, '/'), name)
	case Dots:
		if !first {
			dst = append(dst, '.')
		}
		return append(dst, name...)
	}
	switch bare := isBare(name); {
	case key && bare:
		dst = append(append(dst, '['), name...)
		return append(dst, ']')
	case !bare:
		dst = jsonappend.String(append(dst, '['), name)
		return append(dst, ']')
	case !first:
		dst = append(dst, '.')
	}
	return append(dst, name...)
}

// cut shortens a name to maxSegment runes.
func cut(name string) string {
	if len(name) <= maxSegment {
		return name
	}
	n := 0
	for i := range name {
		if n++; n > maxSegment {
			return name[:i] + "…"
		}
	}
	return name
}

func isBare(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return name != ""
}

// appendPointer escapes a reference token first as RFC 6901 section 3 has it
// and then for a URI fragment, section 6.
func appendPointer(dst []byte, token string) []byte {
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(token); {
		c := token[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(token[i:])
			for _, b := range utf8.AppendRune(make([]byte, 0, utf8.UTFMax), r) {
				dst = append(dst, '%', hex[b>>4], hex[b&15])
			}
			i += size
			continue
		}
		switch {
		case c == '~':
			dst = append(dst, "~0"...)
		case c == '/':
			dst = append(dst, "~1"...)
		case isFragment(c):
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
		i++
	}
	return dst
}

// isFragment reports whether c may stand unescaped in a URI fragment:
// https://www.rfc-editor.org/rfc/rfc3986#section-3.5
func isFragment(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	switch c {
	case '-', '.', '_', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=', ':', '@', '?':
		return true
	}
	return false
}
