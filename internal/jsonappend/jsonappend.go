// Package jsonappend appends JSON strings to byte slices. It exists because an
// error envelope is a handful of strings, and encoding/json needs eleven
// allocations for them.
package jsonappend

import "unicode/utf8"

const hex = "0123456789abcdef"

// String appends s as a JSON string. Control characters, U+2028 and U+2029 are
// escaped, invalid UTF-8 becomes U+FFFD, HTML is left alone.
func String[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	dst = Text(dst, s)
	return append(dst, '"')
}

// Text appends s as the inside of a JSON string, for a string that is put
// together from parts.
func Text[T string | []byte](dst []byte, s T) []byte {
	start := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\b':
				dst = append(dst, `\b`...)
			case '\f':
				dst = append(dst, `\f`...)
			case '\n':
				dst = append(dst, `\n`...)
			case '\r':
				dst = append(dst, `\r`...)
			case '\t':
				dst = append(dst, `\t`...)
			default:
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\ufffd"...)
			i++
			start = i
			continue
		}
		// JavaScript took these two for line ends inside a string literal.
		if r == '\u2028' || r == '\u2029' {
			dst = append(dst, s[start:i]...)
			dst = append(dst, `\u202`...)
			dst = append(dst, hex[r&15])
			i += size
			start = i
			continue
		}
		i += size
	}
	return append(dst, s[start:]...)
}
