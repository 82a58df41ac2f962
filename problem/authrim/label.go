package authrim

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-go/backstop/problem"
)

// appendLabel appends the label of f, or else its path in words.
func appendLabel(dst []byte, f problem.FieldError) []byte {
	switch {
	case f.Label != "":
		return append(dst, f.Label...)
	case len(f.Path) == 0:
		return append(dst, wholeBody...)
	}
	last := f.Path[len(f.Path)-1:]
	_, isName := last[0].(string)
	switch {
	case isName && (f.In == problem.InHeader || f.In == problem.InCookie || f.Rule == "unknown"):
		// These names are not made into words. AppendPath appends the name of a
		// parameter as it is, except that it cuts a long one.
		return problem.FieldError{In: problem.InQuery, Path: last}.AppendPath(dst, problem.Brackets)
	case f.Key:
		return appendPathLabel(dst, f.Path[:len(f.Path)-1])
	}
	return appendPathLabel(dst, f.Path)
}

const wholeBody = "Request body"

// otherLabel names the field that f is compared with.
func otherLabel(f problem.FieldError) string {
	if f.Other != "" {
		return f.Other
	}
	return string(appendWords(nil, f.Param[strings.LastIndexByte(f.Param, '.')+1:]))
}

// appendPathLabel appends the name of the last member of a path, and the position in
// it if the path leads into a list or a map: "Tags item 1", "Meta entry".
func appendPathLabel(dst []byte, path problem.Path) []byte {
	if len(path) == 0 {
		return append(dst, wholeBody...)
	}
	i, item, entry := len(path)-1, "Item ", "Entry"
	if name, ok := path[i].(string); ok {
		return appendWords(dst, name)
	}
	if i > 0 {
		dst = appendPathLabel(dst, path[:i])
		item, entry = " item ", " entry"
	}
	if n, ok := path[i].(int); ok {
		return strconv.AppendInt(append(dst, item...), int64(n)+1, 10)
	}
	return append(dst, entry...)
}

// appendWords appends a wire name in words: "organizationName" becomes "Organization
// name", "redirect_urls" becomes "Redirect URLs".
//
// A word ends at a separator. It also ends before a capital that does not follow
// another capital ("user|ID"), and before the last of several capitals if a word
// starts there ("HTTP|Server").
func appendWords(dst []byte, name string) []byte {
	begin, start := len(dst), 0
	var previous rune
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		next := i + size
		switch {
		case r == '_', r == '-', r == '.', unicode.IsSpace(r):
			dst = appendWord(dst, name[start:i], len(dst) == begin)
			start = next
		case unicode.IsUpper(r) && (!unicode.IsUpper(previous) || startsWord(name[next:])):
			dst = appendWord(dst, name[start:i], len(dst) == begin)
			start = i
		}
		previous, i = r, next
	}
	dst = appendWord(dst, name[start:], len(dst) == begin)
	if len(dst) == begin {
		return append(dst, name...) // nothing but separators
	}
	return dst
}

// startsWord reports whether a capital before rest begins a word: a small letter
// follows, and it is not the s of a plural, as in "URLs".
func startsWord(rest string) bool {
	first, size := utf8.DecodeRuneInString(rest)
	second, _ := utf8.DecodeRuneInString(rest[size:])
	return unicode.IsLower(first) && (first != 's' || unicode.IsLower(second))
}

// appendWord appends a word in small letters, or an acronym in capitals. The first
// word begins with a capital.
func appendWord(dst []byte, word string, first bool) []byte {
	if word == "" {
		return dst
	}
	if !first {
		dst = append(dst, ' ')
	}
	singular := strings.TrimRight(word, "sS")
	switch {
	case isAcronym(word):
		return append(dst, strings.ToUpper(word)...)
	case len(singular) == len(word)-1 && isAcronym(singular):
		return append(append(dst, strings.ToUpper(singular)...), 's')
	}
	for i, r := range word {
		if first && i == 0 {
			dst = utf8.AppendRune(dst, unicode.ToUpper(r))
			continue
		}
		dst = utf8.AppendRune(dst, unicode.ToLower(r))
	}
	return dst
}

// isAcronym reports whether a word is an acronym, such as "url", in small letters or
// in capitals.
func isAcronym(word string) bool {
	if len(word) > len("https") {
		return false
	}
	var buf [8]byte
	lower := buf[:0]
	for i := range len(word) {
		lower = append(lower, word[i]|0x20) // only a letter becomes a small letter
	}
	switch string(lower) {
	case "api", "cidr", "dns", "html", "http", "https", "id", "ip", "json", "jwt", "mac", "mfa",
		"otp", "pin", "sms", "ssh", "ssl", "sso", "tls", "ttl", "ui", "uri", "url", "utc", "uuid",
		"vat", "vpn", "xml":
		return true
	}
	return false
}
