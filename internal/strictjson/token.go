package strictjson

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// peek returns the next byte, or 0 at the end, which no grammar allows.
func (s *Scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *Scanner) space() { s.pos = afterSpace(s.data, s.pos) }

// afterSpace returns the index of the first byte from i on that is no white
// space, or the length of data.
func afterSpace(data []byte, i int) int {
	for i < len(data) && data[i] <= ' ' && isSpace(data[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// IsBlank reports whether data is white space only.
func IsBlank(data []byte) bool { return afterSpace(data, 0) == len(data) }

func (s *Scanner) literal(want string) error {
	if len(s.data)-s.pos < len(want) || string(s.data[s.pos:s.pos+len(want)]) != want {
		return s.fault("want a value")
	}
	s.pos += len(want)
	return nil
}

// number reads a number as RFC 8259 section 6 has it.
func (s *Scanner) number() error {
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
		return s.refuse(Number, "a number of too many bytes")
	}
	return nil
}

func (s *Scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && '0' <= s.data[s.pos] && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}

// str reads a string and reports whether it contains escapes.
func (s *Scanner) str() (escaped bool, err error) {
	data, i := s.data, s.pos+1
	for {
		i = afterPlain(data, i)
		if i >= len(data) {
			s.pos = len(data)
			return false, s.fault("unfinished string")
		}
		n := 0
		switch c := data[i]; {
		case c == '"':
			s.pos = i + 1
			return escaped, nil
		case c == '\\':
			escaped = true
			if n = escapeLen(data[i:]); n == 0 {
				s.pos = i
				return false, s.fault("invalid escape")
			}
		case c < ' ':
			s.pos = i
			return false, s.fault("control character in a string")
		default:
			if _, n = utf8.DecodeRune(data[i:]); n == 1 {
				s.pos = i
				return false, s.fault("invalid UTF-8")
			}
		}
		i += n
	}
}

// afterPlain returns the index of the first byte from i on that a string may not
// hold without a second look: a quote, a backslash, a control character or a
// byte that is not ASCII. It looks at eight bytes at once, each in its lane of a
// word: a lane's highest bit says that the byte is one of these. Below the first
// such lane there is no borrow, so the first one is always right.
func afterPlain(data []byte, i int) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(data); i += 8 {
		w := binary.LittleEndian.Uint64(data[i:])
		quote, backslash := w^('"'*ones), w^('\\'*ones)
		if found := (w | (w - ' '*ones) | (quote - ones) | (backslash - ones)) & high; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(data) && ' ' <= data[i] && data[i] < utf8.RuneSelf && data[i] != '"' && data[i] != '\\' {
		i++
	}
	return i
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

// IsNumber reports whether text is a number that the Scanner would accept.
func IsNumber(text []byte) bool {
	s := Scanner{data: text}
	return s.number() == nil && s.pos == len(text)
}
