// Package jsonappend appends JSON strings to byte slices. It exists because an
// error envelope is a handful of strings, and encoding/json needs eleven
// allocations for them.
package jsonappend

import (
	"strings"
	"unicode/utf8"
)

const hex = "0123456789abcdef"

// String appends s as a JSON string. Control characters, U+2028 and U+2029 are
// escaped, invalid UTF-8 becomes U+FFFD, HTML is left alone.
func String[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	dst = Text(dst, s)
	return append(dst, '"')
}

// plain is the bytes that stand in a JSON string as they are.
var plain = func() (table [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// Text appends s as the inside of a JSON string, for a string that is put
// together from parts.
func Text[T string | []byte](dst []byte, s T) []byte {
	for i := range len(s) {
		if !plain[s[i]] {
			return escaped(append(dst, s[:i]...), s[i:])
		}
	}
	return append(dst, s...)
}

// escaped is Text for what is not all plain.
func escaped[T string | []byte](dst []byte, s T) []byte {
	start := 0 // of what is not yet appended
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			switch {
			case r == utf8.RuneError && size == 1:
				dst = append(append(dst, s[start:i]...), "\ufffd"...)
				start = i + 1
			case r == '\u2028', r == '\u2029': // JavaScript took them for line ends
				dst = append(append(dst, s[start:i]...), `\u202`...)
				dst = append(dst, hex[r&15])
				start = i + size
			}
			i += size
			continue
		}
		if c < ' ' || c == '"' || c == '\\' {
			dst = escape(append(dst, s[start:i]...), c)
			start = i + 1
		}
		i++
	}
	return append(dst, s[start:]...)
}

// Enum appends a JSON Schema with words in the place of its empty enum. Without
// words any text that is not empty will do.
func Enum(dst []byte, schema string, words []string) []byte {
	before, after, _ := strings.Cut(schema, `"enum":[]`)
	dst = append(dst, before...)
	if len(words) == 0 {
		return append(append(dst, `"minLength":1`...), after...)
	}
	dst = append(dst, `"enum":`...)
	for i, word := range words {
		dst = String(append(dst, "[,"[min(i, 1)]), word)
	}
	return append(append(dst, ']'), after...)
}

// escape appends a character that may not stand in a JSON string.
func escape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
