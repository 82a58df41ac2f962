package authrim

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-go/backstop/problem"
)

// label names the field of f for people.
func label(f problem.FieldError) string {
	switch {
	case f.Label != "":
		return f.Label
	case len(f.Path) == 0:
		return "Request body"
	}
	name, isName := f.Path[len(f.Path)-1].(string)
	if isName && (f.In == problem.InHeader || f.In == problem.InCookie || f.Rule == "unknown") {
		// A name that is not ours is shown as it came, cut as in a path.
		last := problem.FieldError{In: problem.InQuery, Path: problem.Path{name}}
		return string(last.AppendPath(nil, problem.Brackets))
	}
	if f.Key {
		return pathLabel(f.Path[:len(f.Path)-1])
	}
	return pathLabel(f.Path)
}

// otherLabel names the field that f is compared with.
func otherLabel(f problem.FieldError) string {
	if f.Other != "" {
		return f.Other
	}
	return humanize(f.Param[strings.LastIndexByte(f.Param, '.')+1:])
}

// pathLabel names the last member of a path, and the place in it if it is a
// list or a map: "Tags item 1", "Meta entry".
func pathLabel(path problem.Path) string {
	if len(path) == 0 {
		return "Request body"
	}
	place := ""
	switch last := path[len(path)-1].(type) {
	case string:
		return humanize(last)
	case int:
		place = "item " + strconv.Itoa(last+1)
	default:
		place = "entry"
	}
	if len(path) == 1 {
		return capitalize(place)
	}
	return pathLabel(path[:len(path)-1]) + " " + place
}

// humanize makes words of a wire name: "organizationName" is "Organization
// name", "redirect_urls" is "Redirect URLs".
func humanize(name string) string {
	words := words(name)
	if len(words) == 0 {
		return name // nothing but separators
	}
	for i, word := range words {
		lower := strings.ToLower(word)
		singular := strings.TrimSuffix(lower, "s")
		switch {
		case isAcronym(lower):
			words[i] = strings.ToUpper(word)
		case isAcronym(singular):
			words[i] = strings.ToUpper(singular) + "s"
		case i == 0:
			words[i] = capitalize(lower)
		default:
			words[i] = lower
		}
	}
	return strings.Join(words, " ")
}

func capitalize(word string) string {
	first, size := utf8.DecodeRuneInString(word)
	if size == 0 {
		return word
	}
	return string(unicode.ToUpper(first)) + word[size:]
}

// words splits a name at separators and at humps: before a capital that follows
// something else, and before the last one of a run if a word starts there, so
// that "userID" and "HTTPServer" are two words each. The s of a plural, as in
// "redirectURLs", starts none.
func words(name string) []string {
	var words []string
	runes := []rune(name)
	start := 0
	cut := func(end int) {
		if end > start {
			words = append(words, string(runes[start:end]))
		}
		start = end
	}
	for i, r := range runes {
		switch {
		case r == '_', r == '-', r == '.', unicode.IsSpace(r):
			cut(i)
			start = i + 1
		case i == 0 || !unicode.IsUpper(r):
		case !unicode.IsUpper(runes[i-1]), startsWord(runes[i:]):
			cut(i)
		}
	}
	cut(len(runes))
	return words
}

// startsWord reports whether a capital after a capital begins a word: it is
// followed by a small letter that is not the s of a plural.
func startsWord(runes []rune) bool {
	if len(runes) < 2 || !unicode.IsLower(runes[1]) {
		return false
	}
	isPlural := runes[1] == 's' && (len(runes) == 2 || !unicode.IsLower(runes[2]))
	return !isPlural
}

// isAcronym reports whether a word, in lower case, is written in capitals.
func isAcronym(word string) bool {
	switch word {
	case "api", "cidr", "dns", "html", "http", "https", "id", "ip", "json", "jwt", "mac", "mfa",
		"otp", "pin", "sms", "ssh", "ssl", "sso", "tls", "ttl", "ui", "uri", "url", "utc", "uuid",
		"vat", "vpn", "xml":
		return true
	}
	return false
}
