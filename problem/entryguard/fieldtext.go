package entryguard

import (
	"strings"
	"time"

	"github.com/backstop-go/backstop/problem"
)

// FieldText words a field error as Bean Validation does: "size must be between
// 8 and 128". The vendor names no framework, but the sentences that it shows are
// those of Hibernate Validator, so all others are too. Where Hibernate Validator has
// none, the sentence is ours, in the same manner. [problem.FieldText] gives the
// sentences that are the same there. A [problem.FieldError.Message] is returned as it
// is.
//
// https://github.com/hibernate/hibernate-validator/blob/main/engine/src/main/resources/org/hibernate/validator/ValidationMessages.properties
func FieldText(f problem.FieldError) string {
	if f.Message != "" {
		return f.Message
	}
	text := predicate(f)
	if text == "" || strings.HasSuffix(text, " ") { // the parameter that belongs there is missing
		text = neutral(f)
	}
	if f.Key {
		text = "key " + text
	}
	return text
}

// neutral returns the text of [problem.FieldText], but with "is invalid" for "is not
// valid", and without the colon before alternatives.
func neutral(f problem.FieldError) string {
	f.Key = false
	text := problem.FieldText(f)
	if text == "is not valid" {
		return "is invalid"
	}
	return strings.Replace(text, " be one of: ", " be one of ", 1)
}

// predicate returns the words of Bean Validation for a rule, or "" if it has none.
func predicate(f problem.FieldError) string {
	isTime := f.Want == problem.TypeTime
	switch f.Rule {
	case "range":
		return rangeText(f)
	case "format":
		return formatText(f.Want)
	case "unknown":
		return "unknown field"
	case "encoding":
		return "must be valid text"
	case "notblank":
		return "must not be blank"
	case "required", "required_if", "required_unless", "required_with", "required_with_all",
		"required_without", "required_without_all":
		return requiredText(f)
	case "excluded_if", "excluded_unless", "excluded_with", "excluded_with_all",
		"excluded_without", "excluded_without_all", "isdefault":
		return "must be null"
	case "min", "max", "gte", "lte", "gt", "lt", "len":
		return boundText(f)
	case "eq":
		switch f.Want {
		case problem.TypeArray, problem.TypeMap:
			return sizeText(f)
		case problem.TypeBoolean:
			return "must be " + f.Param
		}
		return "must be equal to " + f.Param
	case "eq_ignore_case":
		return "must be equal to " + f.Param
	case "ne", "ne_ignore_case":
		if f.Want == problem.TypeArray || f.Want == problem.TypeMap {
			return ""
		}
		return "must not be equal to " + f.Param
	case "nefield", "necsfield":
		return "must not match " + f.Param
	case "gtefield", "gtecsfield":
		if isTime {
			return ""
		}
		return "must be greater than or equal to " + f.Param
	case "ltefield", "ltecsfield":
		if isTime {
			return ""
		}
		return "must be less than or equal to " + f.Param
	case "numeric":
		return "must be a numeric value"
	case "contains", "containsrune":
		return "must contain " + f.Param
	case "excludes", "excludesrune":
		return "must not contain " + f.Param
	case "startswith":
		return "must start with " + f.Param
	case "endswith":
		return "must end with " + f.Param
	case "startsnotwith":
		return "must not start with " + f.Param
	case "endsnotwith":
		return "must not end with " + f.Param
	case "unique":
		return "must only contain unique elements"
	case "luhn_checksum":
		return "the check digit is invalid, Luhn Modulo 10 checksum failed"
	case "email":
		return "must be a well-formed email address"
	case "ip", "ipv4", "ipv6":
		return "invalid IP address"
	case "credit_card":
		return "invalid credit card number"
	case "isbn", "isbn10", "isbn13":
		return "invalid ISBN"
	case "issn":
		return "invalid ISSN"
	case "datetime":
		return layoutText(f.Param)
	}
	return ""
}

func rangeText(f problem.FieldError) string {
	switch {
	case f.Max != "":
		return "must be less than or equal to " + f.Max
	case f.Min != "":
		return "must be greater than or equal to " + f.Min
	}
	return "numeric value out of bounds"
}

func formatText(want problem.Type) string {
	switch want {
	case problem.TypeTime:
		return "must be a valid date/time"
	case problem.TypeIP:
		return "invalid IP address"
	}
	return ""
}

// requiredText has the words of @NotBlank for a string, and of @NotNull for another value
// that is missing.
func requiredText(f problem.FieldError) string {
	switch {
	case f.Want == problem.TypeString, f.Want == problem.TypeUnknown:
		return "must not be blank"
	case f.Presence == problem.Zero:
		return ""
	}
	return "must not be null"
}

// layoutText names the Java pattern of a layout, for the usual layouts.
func layoutText(layout string) string {
	pattern := ""
	switch layout {
	case time.DateOnly:
		pattern = "yyyy-MM-dd"
	case time.TimeOnly:
		pattern = "HH:mm:ss"
	case "15:04":
		pattern = "HH:mm"
	case time.DateTime:
		pattern = "yyyy-MM-dd HH:mm:ss"
	case time.RFC3339:
		pattern = "yyyy-MM-dd'T'HH:mm:ssXXX" // XXX is the offset from UTC
	default:
		return "must be a valid date/time"
	}
	return "must be a valid date/time representation matching the format '" + pattern + "'"
}
