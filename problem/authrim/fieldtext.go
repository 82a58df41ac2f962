package authrim

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-go/backstop/problem"
)

// FieldText words a field error as a sentence that a person understands without the
// path of the field: "Name is required", "Please enter a valid email address". These
// two are the vendor's sentences. The others are ours, in the same manner: a label of
// the field, then the words of [problem.FieldText].
//
// The label is [problem.FieldError.Label], or else the name of the field in words. A
// [problem.FieldError.Message] that begins in lower case gets the label, too; any
// other Message is the whole sentence.
func FieldText(f problem.FieldError) string {
	text := f.Message
	if text != "" {
		if first, _ := utf8.DecodeRuneInString(text); !unicode.IsLower(first) {
			return text
		}
		return sentence(f, " ", text)
	}
	text = predicate(f)
	if f.Key {
		return sentence(f, " key ", text)
	}
	if noun, ok := strings.CutPrefix(text, "must be a valid "); ok {
		return "Please enter a valid " + noun
	}
	return sentence(f, " ", text)
}

// sentence puts the label before a text.
func sentence(f problem.FieldError, between, text string) string {
	var buf [128]byte
	b := append(appendLabel(buf[:0], f), between...)
	return string(append(b, text...))
}

// predicate returns the text of [problem.FieldText], with everyday words instead of
// those of programmers: "text" instead of "a string".
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
