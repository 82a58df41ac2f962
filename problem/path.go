package problem

import (
	"strconv"
	"strings"

	"github.com/backstop-go/backstop/internal/jsonappend"
)

// Path leads from a body, or from the parameters, to a value. Its elements are member
// names (string), list indexes (int) and map keys ([Key]). Any other element prints as
// "?".
type Path []any

// Key is a map key in a [Path].
type Key string

// PathSyntax is a way to print a path.
type PathSyntax uint8

// The values of [PathSyntax].
const (
	Brackets PathSyntax = iota // items[1].name
	Dots                       // items.1.name
	Pointer                    // #/items/1/name, a JSON Pointer (RFC 6901) as URI fragment
)

const (
	maxSegment = 64  // runes of one name
	maxPath    = 256 // bytes of a printed path
)

// AppendPath appends the path of f. For a parameter it appends only the name. Because
// names may come from the client, it cuts each to 64 runes, and the path to 256 bytes,
// in front of a segment. A "…" marks each cut. Only a pointer that ends in front of a
// segment has none, and leads to a container of the value. A pointer with a name that
// was cut leads to nothing.
func (f FieldError) AppendPath(dst []byte, syntax PathSyntax) []byte {
	if f.In != InBody && f.In != InForm && syntax != Pointer && len(f.Path) == 1 {
		if name, ok := f.Path[0].(string); ok {
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
		if len(dst)-start <= maxPath {
			continue
		}
		if dst = dst[:end]; syntax != Pointer {
			dst = append(dst, "…"...)
		}
		break
	}
	return dst
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

// appendPointer appends a reference token, escaped as RFC 6901 says in section 3, and
// in section 6 for a URI fragment.
func appendPointer(dst []byte, token string) []byte {
	const hex = "0123456789ABCDEF"
	for _, c := range []byte(strings.ToValidUTF8(token, "\ufffd")) {
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
