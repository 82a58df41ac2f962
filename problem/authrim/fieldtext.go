package authrim

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-go/backstop/problem"
)

// FieldText words a field error as a sentence that a person may read without
// its path: "Name is required", "Please enter a valid email address". These two
// are the vendor's; all others are ours in their manner: the label of the field
// and what [problem.FieldText] says of it.
//
// The label is FieldError.Label, else the name of the field in words. A Message
// that begins in lower case is a predicate and gets the label, too.
func FieldText(f problem.FieldError) string {
	if f.Message != "" {
		if first, _ := utf8.DecodeRuneInString(f.Message); unicode.IsLower(first) {
			return label(f) + " " + f.Message
		}
		return f.Message
	}
	text := predicate(f)
	if f.Key {
		return label(f) + " key " + text
	}
	if noun, ok := strings.CutPrefix(text, "must be a valid "); ok {
		return "Please enter a valid " + noun
	}
	return label(f) + " " + text
}

// predicate is the neutral text, in the words of somebody who does not program.
func predicate(f problem.FieldError) string {
	switch f.Rule {
	case "eqfield", "eqcsfield", "nefield", "necsfield", "gtfield", "gtcsfield",
		"gtefield", "gtecsfield", "ltfield", "ltcsfield", "ltefield", "ltecsfield",
		"fieldcontains", "fieldexcludes":
		f.Param = otherLabel(f)
	}
	f.Key = false
	switch text := problem.FieldText(f); text {
	case "must be a string":
		return "must be text"
	case "must be an integer":
		return "must be a whole number"
	case "must be an array":
		return "must be a list"
	case "must be valid UTF-8 text":
		return "must be valid text"
	case "must not be empty":
		return "is required"
	default:
		return text
	}
}
