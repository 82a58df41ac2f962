package validate

import (
	"bytes"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// A cursor is a place in a body.
type cursor struct {
	data []byte
	pos  int
}

// peek returns the next byte, or 0 at the end, which no grammar allows.
func (c *cursor) peek() byte {
	if c.pos < len(c.data) {
		return c.data[c.pos]
	}
	return 0
}

func (c *cursor) space() {
	for c.pos < len(c.data) {
		switch c.data[c.pos] {
		case ' ', '\t', '\n', '\r':
			c.pos++
		default:
			return
		}
	}
}

// enter reads the bracket that opens a container, and reports whether the
// container has anything in it. Like skip, raw and more it reads only what the
// scan has accepted.
func (c *cursor) enter() bool {
	c.pos++
	c.space()
	return !c.leave()
}

// more reads what follows a member or an element, and reports whether it was a
// comma.
func (c *cursor) more() bool {
	c.space()
	if c.leave() {
		return false
	}
	c.pos++
	c.space()
	return true
}

func (c *cursor) leave() bool {
	b := c.data[c.pos]
	if b != ']' && b != '}' {
		return false
	}
	c.pos++
	return true
}

// member reads a name and the colon, and returns the name.
func (c *cursor) member() string {
	raw := c.raw()
	c.space()
	c.pos++
	c.space()
	return unquote(raw)
}

// raw reads a value and returns its bytes.
func (c *cursor) raw() []byte {
	start := c.pos
	for depth := 0; ; {
		switch c.data[c.pos] {
		case '"':
			for c.pos++; c.data[c.pos] != '"'; c.pos++ {
				if c.data[c.pos] == '\\' {
					c.pos++
				}
			}
			c.pos++
		case '{', '[':
			depth++
			c.pos++
		case '}', ']':
			depth--
			c.pos++
		case ',', ':', ' ', '\t', '\n', '\r':
			c.pos++
			continue
		default:
			for c.pos < len(c.data) && !isDelimiter(c.data[c.pos]) {
				c.pos++
			}
		}
		if depth == 0 {
			return c.data[start:c.pos]
		}
	}
}

func isDelimiter(b byte) bool {
	switch b {
	case ',', ']', '}', ' ', '\t', '\n', '\r':
		return true
	}
	return false
}

// unquote returns the text of a string.
func unquote(raw []byte) string {
	raw = raw[1 : len(raw)-1]
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw)
	}
	return string(appendUnescaped(nil, raw))
}

func (s *scanner) literal(want string) error {
	if len(s.data)-s.pos < len(want) || string(s.data[s.pos:s.pos+len(want)]) != want {
		return s.fault("want a value")
	}
	s.pos += len(want)
	return nil
}

// number reads a number as RFC 8259 section 6 has it.
func (s *scanner) number() error {
	start := s.pos
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return s.fault("want a digit")
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return s.fault("want a digit after the point")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return s.fault("want a digit in the exponent")
		}
	}
	if s.pos-start > maxNumber {
		return s.refuse("a number of too many bytes", textNumber)
	}
	return nil
}

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && '0' <= s.data[s.pos] && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}

// plain marks the bytes that a string may hold without a second look.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// str reads a string and reports whether it contains escapes.
func (s *scanner) str() (escaped bool, err error) {
	data, i := s.data, s.pos+1
	for i < len(data) {
		c := data[i]
		switch {
		case plain[c]:
			i++
		case c == '"':
			s.pos = i + 1
			return escaped, nil
		case c == '\\':
			escaped = true
			n := escapeLen(data[i:])
			if n == 0 {
				s.pos = i
				return false, s.fault("invalid escape")
			}
			i += n
		case c < ' ':
			s.pos = i
			return false, s.fault("control character in a string")
		default:
			_, n := utf8.DecodeRune(data[i:])
			if n == 1 {
				s.pos = i
				return false, s.fault("invalid UTF-8")
			}
			i += n
		}
	}
	s.pos = len(data)
	return false, s.fault("unfinished string")
}

// escapeLen returns the length of the escape at the start of data, two for a
// surrogate pair being one, and 0 if it is invalid.
func escapeLen(data []byte) int {
	if len(data) < 2 {
		return 0
	}
	switch data[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		r := hexRune(data)
		switch {
		case r < 0:
			return 0
		case !utf16.IsSurrogate(r):
			return 6
		case utf16.DecodeRune(r, hexRune(data[6:])) != unicode.ReplacementChar:
			return 12
		}
	}
	return 0
}

// hexRune returns the code unit of \uXXXX at the start of data, or -1.
func hexRune(data []byte) rune {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range data[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// appendUnescaped appends the text of a string that str has accepted, given
// without its quotes.
func appendUnescaped(dst, in []byte) []byte {
	for i := 0; i < len(in); {
		if in[i] != '\\' {
			dst = append(dst, in[i])
			i++
			continue
		}
		switch c := in[i+1]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hexRune(in[i:])
			if utf16.IsSurrogate(r) {
				r = utf16.DecodeRune(r, hexRune(in[i+6:]))
				i += 6
			}
			dst = utf8.AppendRune(dst, r)
			i += 4
		default:
			dst = append(dst, c)
		}
		i += 2
	}
	return dst
}

// appendFolded appends a name so that two names are equal exactly if
// encoding/json takes one for the other.
func appendFolded(dst, name []byte) []byte {
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRune(name[i:])
		dst = utf8.AppendRune(dst, foldRune(r))
		i += n
	}
	return dst
}

// foldRune returns the smallest of the runes that differ from r in case only.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}
