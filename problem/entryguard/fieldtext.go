package entryguard

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-go/backstop/problem"
)

// FieldText words a field error as Bean Validation does: "size must be between
// 8 and 128". The vendor names no framework, but the sentences that it shows are
// those of Hibernate Validator, so all others are too; where that has none, they
// are ours in the same manner. Whatever reads alike in [problem.FieldText] is
// taken from there.
//
// https://github.com/hibernate/hibernate-validator/blob/main/engine/src/main/resources/org/hibernate/validator/ValidationMessages.properties
func FieldText(f problem.FieldError) string {
	if f.Message != "" {
		return f.Message
	}
	text := predicate(f)
	if text == "" || strings.HasSuffix(text, " ") {
		text = neutral(f)
	}
	if f.Key {
		text = "key " + text
	}
	return text
}

// neutral is the text of the neutral dialect, in Bean Validation's words for
// lists and for what nobody can word.
func neutral(f problem.FieldError) string {
	f.Key = false
	text := problem.FieldText(f)
	if text == "is not valid" {
		return "is invalid"
	}
	return strings.Replace(text, " be one of: ", " be one of ", 1)
}

// predicate words what Bean Validation has its own words for, else "".
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

// requiredText knows @NotBlank, for whatever is a string, and @NotNull.
func requiredText(f problem.FieldError) string {
	switch {
	case f.Want == problem.TypeString, f.Want == problem.TypeUnknown:
		return "must not be blank"
	case f.Presence == problem.Zero:
		return ""
	}
	return "must not be null"
}

// boundText knows @Size for lengths, @Min and its kin for numbers, which it does
// not join, @DurationMin and @DurationMax, and @Past and @Future.
func boundText(f problem.FieldError) string {
	switch f.Want {
	case problem.TypeString, problem.TypeUUID, problem.TypeIP, problem.TypePrefix, problem.TypeText,
		problem.TypeArray, problem.TypeMap, problem.TypeBytes:
		return sizeText(f)
	case problem.TypeTime:
		return timeText(f.Rule)
	case problem.TypeDuration:
		return durationText(f.Rule, f.Param)
	}
	switch f.Rule {
	case "min", "gte":
		return "must be greater than or equal to " + cmp.Or(f.Param, f.Min)
	case "max", "lte":
		return "must be less than or equal to " + cmp.Or(f.Param, f.Max)
	case "len":
		return "must be equal to " + f.Param
	}
	return "" // gt and lt
}

// sizeText names both bounds of a length. One that is open is as Java has it.
func sizeText(f problem.FieldError) string {
	lo, hi := f.Min, f.Max
	switch f.Rule {
	case "len", "eq":
		lo, hi = f.Param, f.Param
	case "min", "gte":
		lo = cmp.Or(lo, f.Param)
	case "max", "lte":
		hi = cmp.Or(hi, f.Param)
	}
	if lo == "" && hi == "" {
		return ""
	}
	isText := f.Want != problem.TypeArray && f.Want != problem.TypeMap && f.Want != problem.TypeBytes
	if lo == "1" && hi == "" && !isText {
		return "must not be empty"
	}
	return "size must be between " + cmp.Or(lo, "0") + " and " + cmp.Or(hi, "2147483647")
}

// timeText words the comparison of a time with now.
func timeText(rule string) string {
	switch rule {
	case "min", "gte":
		return "must be a date in the present or in the future"
	case "gt":
		return "must be a future date"
	case "max", "lte":
		return "must be a date in the past or in the present"
	case "lt":
		return "must be a past date"
	}
	return ""
}

func durationText(rule, param string) string {
	switch rule {
	case "min", "gte":
		return "must be longer than or equal to" + durationWords(param)
	case "gt":
		return "must be longer than" + durationWords(param)
	case "max", "lte":
		return "must be shorter than or equal to" + durationWords(param)
	case "lt":
		return "must be shorter than" + durationWords(param)
	}
	return "must be equal to" + durationWords(param)
}

// durationUnits have the names of Hibernate Validator, from the largest to the
// smallest.
var durationUnits = [...]struct {
	size time.Duration
	name string
}{
	{24 * time.Hour, "day"},
	{time.Hour, "hour"},
	{time.Minute, "minute"},
	{time.Second, "second"},
	{time.Millisecond, "milli"},
	{time.Nanosecond, "nano"},
}

// durationWords spells a bound as a tag has it, "1m30s" or a number of
// nanoseconds, with a blank before each part: " 1 minute 30 seconds".
func durationWords(param string) string {
	d, err := time.ParseDuration(param)
	if err != nil {
		n, err := strconv.ParseInt(param, 10, 64)
		if err != nil {
			return " " + param
		}
		d = time.Duration(n)
	}
	if d == 0 {
		return " 0"
	}
	var b []byte
	for _, unit := range durationUnits {
		n := d / unit.size
		if n == 0 {
			continue
		}
		d -= n * unit.size
		b = strconv.AppendInt(append(b, ' '), int64(n), 10)
		b = append(append(b, ' '), unit.name...)
		if n != 1 {
			b = append(b, 's')
		}
	}
	return string(b)
}

// layoutText translates the layouts that have a Java pattern.
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
		pattern = "yyyy-MM-dd'T'HH:mm:ssXXX"
	default:
		return "must be a valid date/time"
	}
	return "must be a valid date/time representation matching the format '" + pattern + "'"
}
