package problem

import "strings"

// FieldText is the neutral dialect, plain English: "must be a valid email
// address". It is the default of a [Style], and what the dialects of vendors
// fall back on. The text is a predicate: put "Email " before it, and it is a
// sentence.
//
// It is total: a rule that it does not know, or whose facts are missing, "is
// not valid". A Message is returned as it is. No text ever has a value in it,
// because no fact has.
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

const notValid = "is not valid"

// predicate words everything that has more to it than a noun or a constant.
func predicate(f FieldError) string {
	switch f.Rule {
	case "type":
		return typeText(f.Want)
	case "range":
		return rangeText(f)
	case "format":
		return valid(typeNoun(f.Want))
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
	return valid(noun(f))
}

// valid makes a predicate of a noun, or of its absence.
func valid(noun string) string {
	if noun == "" {
		return notValid
	}
	return "must be a valid " + noun
}

// typeText says what should have come. All that travels as a string is one;
// a duration travels as a number of nanoseconds.
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

// rangeText names the bound of the type that was crossed. A float has none that
// anybody would recognise.
func rangeText(f FieldError) string {
	switch {
	case f.Max != "":
		return "must be at most " + f.Max
	case f.Min != "":
		return "must be at least " + f.Min
	}
	return "is out of range"
}

// typeNoun names what a text should have been for a type to decode itself.
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

// requiredText tells a value that was not sent from one that was, and is zero.
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

// crossFieldText words the rules that compare with another field, which Param
// names; "" if f is none.
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
