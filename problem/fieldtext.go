package problem

import "strings"

// FieldText returns a text in plain English, such as "must be a valid email address".
// It is the default of [Style.FieldText], and styles of vendors use it for rules without
// a published sentence. The text is a predicate: with "Email " before it, it is a
// sentence.
//
// For an unknown rule, or if a fact is missing, the text is "is not valid". FieldText
// returns a Message unchanged. No text contains a value, because a FieldError holds
// none.
func FieldText(f FieldError) string {
	if f.Message != "" {
		return f.Message
	}
	text := predicate(f)
	if strings.HasSuffix(text, " ") {
		text = notValid // the fact that belongs there is missing
	}
	if f.Key {
		text = "key " + text
	}
	return text
}

const (
	notValid = "is not valid"
	valid    = "must be a valid " // and a noun, if there is one
)

// predicate returns the text for a rule, from its facts.
func predicate(f FieldError) string {
	switch f.Rule {
	case "type":
		return typeText(f.Want)
	case "range":
		return rangeText(f)
	case "format":
		return valid + typeNoun(f.Want)
	case "unknown":
		if f.Param != "" {
			return "is not a known field, did you mean " + f.Param + "?"
		}
		return "is not a known field"
	case "required", "required_if", "required_unless", "required_with", "required_with_all",
		"required_without", "required_without_all":
		return requiredText(f)
	case "notblank":
		if f.Presence == Present {
			return "must not be blank"
		}
		f.Want = TypeString
		return requiredText(f)
	case "min", "max", "gte", "lte", "gt", "lt", "len":
		return boundText(f)
	case "eq", "eq_ignore_case":
		if f.Want == TypeArray || f.Want == TypeMap {
			return boundText(f) // counts the elements, as len does
		}
		return "must be " + f.Param
	case "ne", "ne_ignore_case":
		if f.Want == TypeArray || f.Want == TypeMap {
			return notValid
		}
		return "must not be " + f.Param
	case "oneof", "oneofci":
		return "must be one of: " + strings.Join(f.OneOf, ", ")
	case "noneof", "noneofci":
		return "must not be one of: " + strings.Join(f.OneOf, ", ")
	}
	if text := crossFieldText(f); text != "" {
		return text
	}
	if text := contentText(f); text != "" {
		return text
	}
	return valid + noun(f)
}

// typeText names the JSON type that was wanted. A duration is sent as a number of
// nanoseconds.
func typeText(want Type) string {
	switch want {
	case TypeString, TypeBytes, TypeTime, TypeUUID, TypeIP, TypePrefix, TypeText:
		return "must be a string"
	case TypeInteger, TypeDuration:
		return "must be an integer"
	case TypeNumber:
		return "must be a number"
	case TypeBoolean:
		return "must be true or false"
	case TypeArray:
		return "must be an array"
	case TypeObject, TypeMap:
		return "must be an object"
	}
	return notValid
}

// rangeText names the bound of an integer type. The bounds of a float are not numbers
// that anybody would recognise.
func rangeText(f FieldError) string {
	switch {
	case f.Max != "":
		return "must be at most " + f.Max
	case f.Min != "":
		return "must be at least " + f.Min
	}
	return "is out of range"
}

// typeNoun names the format of a string from which a type decodes itself.
func typeNoun(want Type) string {
	switch want {
	case TypeTime:
		return "date and time"
	case TypeDuration:
		return "duration"
	case TypeBytes:
		return "Base64 string"
	case TypeUUID:
		return "UUID"
	case TypeIP:
		return "IP address"
	case TypePrefix:
		return "CIDR range"
	}
	return ""
}

// requiredText has different texts for a value that was not sent and for one that was
// sent and is zero.
func requiredText(f FieldError) string {
	if f.Presence != Zero {
		return "is required"
	}
	switch f.Want {
	case TypeString, TypeUnknown:
		return "must not be empty"
	case TypeInteger, TypeNumber, TypeDuration:
		return "must not be 0"
	case TypeBoolean:
		return "must be true"
	}
	return notValid
}

// crossFieldText returns the text for a rule that compares with another field, which
// Param names, or "" for any other rule.
func crossFieldText(f FieldError) string {
	time := f.Want == TypeTime
	switch f.Rule {
	case "eqfield", "eqcsfield":
		return "must match " + f.Param
	case "nefield", "necsfield":
		return "must be different from " + f.Param
	case "gtfield", "gtcsfield":
		if time {
			return "must be after " + f.Param
		}
		return "must be greater than " + f.Param
	case "gtefield", "gtecsfield":
		if time {
			return "must not be before " + f.Param
		}
		return "must be at least " + f.Param
	case "ltfield", "ltcsfield":
		if time {
			return "must be before " + f.Param
		}
		return "must be less than " + f.Param
	case "ltefield", "ltecsfield":
		if time {
			return "must not be after " + f.Param
		}
		return "must be at most " + f.Param
	case "fieldcontains":
		return "must contain " + f.Param
	case "fieldexcludes":
		return "must not contain " + f.Param
	}
	return ""
}
