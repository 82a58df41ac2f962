package strictjson

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// peek returns the next byte. At the end it returns 0, which is not valid anywhere.
func (s *Scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *Scanner) space() { s.pos = afterSpace(s.data, s.pos) }

// afterSpace returns the index of the first byte from i on that is not white space,
// or the length of data.
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
	if !bytes.HasPrefix(s.data[s.pos:], []byte(want)) {
		return s.fault("want a value")
	}
	s.pos += len(want)
	return nil
}

// number reads a number of RFC 8259, section 6.
func (s *Scanner) number() error {
	start := s.pos
	s.accept("-")
	if !s.accept("0") && !s.digits() {
		return s.fault("want a digit")
	}
	if s.accept(".") && !s.digits() {
		return s.fault("want a digit after the point")
	}
	if s.accept("eE") {
		s.accept("+-")
		if !s.digits() {
			return s.fault("want a digit in the exponent")
		}
	}
	if s.pos-start > maxNumber {
		return s.refuse(Number, "a number of too many bytes")
	}
	return nil
}

// accept reads the next byte if it is one of set.
func (s *Scanner) accept(set string) bool {
	ok := strings.IndexByte(set, s.peek()) >= 0
	if ok {
		s.pos++
	}
	return ok
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
	for s.pos++; ; {
		s.pos = afterPlain(s.data, s.pos)
		n, reason := 0, ""
		switch c := s.peek(); {
		case s.pos == len(s.data):
			reason = "unfinished string"
		case c == '"':
			s.pos++
			return escaped, nil
		case c == '\\':
			escaped, reason = true, "invalid escape"
			_, n = unescape(s.data[s.pos:])
		case c < ' ':
			reason = "control character in a string"
		default:
			if _, n = utf8.DecodeRune(s.data[s.pos:]); n == 1 {
				n, reason = 0, "invalid UTF-8"
			}
		}
		if n == 0 {
			return false, s.fault(reason)
		}
		s.pos += n
	}
}

// afterPlain returns the index of the first byte from i on that is special in a
// string: a quote, a backslash, a control character or a byte that is not ASCII. It
// looks at eight bytes at once, each in its lane of a word; the highest bit of a lane
// says that the byte is special. A subtraction may borrow from the lanes above the
// first special one, but not from those below, so the first one found is right.
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

// unescape returns the rune of the escape at the start of data, and the length of the
// escape, or 0 if it is invalid. The two escapes of a surrogate pair count as one.
func unescape(data []byte) (r rune, n int) {
	if len(data) < 2 {
		return 0, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, data[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2
	}
	r = codeUnit(data)
	if r >= 0 && !utf16.IsSurrogate(r) {
		return r, 6
	}
	if r = utf16.DecodeRune(r, codeUnit(data[min(6, len(data)):])); r == unicode.ReplacementChar {
		return 0, 0
	}
	return r, 12
}

// codeUnit returns the code unit of \u and four hexadecimal digits at the start of
// data, or -1.
func codeUnit(data []byte) rune {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(unit)
}

// appendUnescaped appends the text of a string that str has accepted. The string is
// given without its quotes.
func appendUnescaped(dst, in []byte) []byte {
	for {
		i := bytes.IndexByte(in, '\\')
		if i < 0 {
			return append(dst, in...)
		}
		r, n := unescape(in[i:])
		dst = utf8.AppendRune(append(dst, in[:i]...), r)
		in = in[i+n:]
	}
}

// IsNumber reports whether text is a number that the Scanner would accept.
func IsNumber(text []byte) bool {
	s := Scanner{data: text}
	return s.number() == nil && s.pos == len(text)
}
