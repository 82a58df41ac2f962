package enkryptify

import (
	"strings"
	"time"

	"github.com/backstop-go/backstop/problem"
)

// FieldText words a field error as Zod 3 does: "String must contain at least 1
// character(s)". The vendor names no library, but the one sentence that it shows
// is Zod 3's, so all others are too. Zod ends its sentence for an enum with the value
// that it received. Our sentence ends before it, because a [problem.FieldError] never
// holds a value. A [problem.FieldError.Message] is returned as it is.
//
// https://github.com/colinhacks/zod/blob/v3/src/locales/en.ts
func FieldText(f problem.FieldError) string {
	if f.Message != "" {
		return f.Message
	}
	switch f.Rule {
	case "type":
		return typeText(f)
	case "range":
		return rangeText(f)
	case "format":
		return formatText(f.Want)
	case "null":
		return nullText(f)
	case "unknown":
		return unrecognized + string(appendName(nil, f))
	case "repeat":
		return expected(f.Want, "array")
	case "required", "required_if", "required_unless", "required_with", "required_with_all",
		"required_without", "required_without_all":
		return requiredText(f)
	case "notblank":
		f.Want = problem.TypeString
		if f.Presence == problem.Present {
			f.Presence, f.Min, f.OneOf = problem.Zero, "1", nil
		}
		return requiredText(f)
	case "min", "max", "gte", "lte", "gt", "lt", "len":
		return boundText(f)
	case "eq":
		return equalText(f)
	case "oneof":
		if isText(f.Want) || f.Want == problem.TypeUnknown {
			return enumText(f)
		}
		return invalidInput
	case "datetime":
		return layoutText(f.Param)
	}
	return constantText(f)
}

const (
	invalidInput = "Invalid input"
	unrecognized = "Unrecognized key(s) in object: "
)

// isText reports whether values of a type are sent as strings.
func isText(t problem.Type) bool {
	switch t {
	case problem.TypeString, problem.TypeBytes, problem.TypeTime, problem.TypeUUID,
		problem.TypeIP, problem.TypePrefix, problem.TypeText:
		return true
	}
	return false
}

// typeName returns the name of a type in JavaScript, which has only one kind of number.
func typeName(t problem.Type) string {
	switch t {
	case problem.TypeInteger, problem.TypeNumber, problem.TypeDuration, problem.TypeFloat:
		return "number"
	case problem.TypeBoolean:
		return "boolean"
	case problem.TypeArray:
		return "array"
	case problem.TypeObject, problem.TypeMap:
		return "object"
	case problem.TypeNull:
		return "null"
	case problem.TypeUnknown, problem.TypeAny:
		return ""
	}
	return "string"
}

// expected returns the sentence for a value of the wrong type. received is the name of
// its type in Zod.
func expected(want problem.Type, received string) string {
	name := typeName(want)
	if name == "" || received == "" {
		return invalidInput
	}
	return "Expected " + name + ", received " + received
}

func typeText(f problem.FieldError) string {
	isInteger := f.Want == problem.TypeInteger || f.Want == problem.TypeDuration
	if isInteger && f.Got == problem.TypeFloat {
		return "Expected integer, received float"
	}
	received := typeName(f.Got)
	if isText(f.Want) && len(f.OneOf) > 0 && received != "" {
		return "Expected " + options(f.OneOf) + ", received " + received
	}
	return expected(f.Want, received)
}

func rangeText(f problem.FieldError) string {
	switch {
	case f.Max != "":
		return "Number must be less than or equal to " + f.Max
	case f.Min != "":
		return "Number must be greater than or equal to " + f.Min
	}
	return "Number must be finite"
}

func formatText(want problem.Type) string {
	switch want {
	case problem.TypeTime:
		return "Invalid datetime"
	case problem.TypeDuration:
		return "Invalid duration"
	case problem.TypeBytes:
		return "Invalid base64"
	case problem.TypeUUID:
		return "Invalid uuid"
	case problem.TypeIP:
		return "Invalid ip"
	case problem.TypePrefix:
		return "Invalid cidr"
	}
	return invalidInput
}

// nullText words a null that is not allowed. If the field takes any type, there is no
// type to name, and the null counts as missing.
func nullText(f problem.FieldError) string {
	if f.Want == problem.TypeUnknown || f.Want == problem.TypeAny {
		return "Required"
	}
	return expected(f.Want, "null")
}

func requiredText(f problem.FieldError) string {
	if f.Presence == problem.Null {
		return nullText(f)
	}
	if f.Presence != problem.Zero {
		return "Required"
	}
	switch f.Want {
	case problem.TypeString, problem.TypeUnknown:
		if len(f.OneOf) > 0 {
			return enumText(f)
		}
		least := f.Min
		if least == "" || least == "0" {
			least = "1"
		}
		return "String must contain at least " + least + " character(s)"
	case problem.TypeBoolean:
		return "Invalid literal value, expected true"
	case problem.TypeTime:
		return "Invalid date"
	}
	return invalidInput
}

func enumText(f problem.FieldError) string {
	if len(f.OneOf) == 0 {
		return invalidInput
	}
	return "Invalid enum value. Expected " + options(f.OneOf)
}

// options returns alternatives as Zod lists them: 'a' | 'b'.
func options(alternatives []string) string {
	return "'" + strings.Join(alternatives, "' | '") + "'"
}

// equalText words the rule eq, which compares a value or, for a list, its length.
func equalText(f problem.FieldError) string {
	switch f.Want {
	case problem.TypeArray:
		f.Rule = "len"
		return boundText(f)
	case problem.TypeMap:
		return invalidInput
	case problem.TypeInteger, problem.TypeNumber, problem.TypeBoolean, problem.TypeDuration:
		return "Invalid literal value, expected " + f.Param
	}
	return `Invalid literal value, expected "` + f.Param + `"`
}

func layoutText(layout string) string {
	switch layout {
	case time.DateOnly:
		return "Invalid date"
	case time.TimeOnly, "15:04":
		return "Invalid time"
	}
	return "Invalid datetime"
}

// constantText words the rules whose sentence does not depend on the facts. Zod says
// "Invalid" about a string that does not match a pattern, and "Invalid input" about a
// check that its user has written. A rule that Zod does not have counts as such a check.
func constantText(f problem.FieldError) string {
	switch f.Rule {
	case "contains", "containsrune":
		return `Invalid input: must include "` + f.Param + `"`
	case "startswith":
		return `Invalid input: must start with "` + f.Param + `"`
	case "endswith":
		return `Invalid input: must end with "` + f.Param + `"`
	case "email":
		return "Invalid email"
	case "url", "http_url", "https_url", "uri":
		return "Invalid url"
	case "uuid", "uuid3", "uuid4", "uuid5", "uuid7",
		"uuid_rfc4122", "uuid3_rfc4122", "uuid4_rfc4122", "uuid5_rfc4122":
		return "Invalid uuid"
	case "ulid":
		return "Invalid ulid"
	case "ip", "ipv4", "ipv6":
		return "Invalid ip"
	case "cidr", "cidrv4", "cidrv6":
		return "Invalid cidr"
	case "duration":
		return "Invalid duration"
	case "jwt":
		return "Invalid jwt"
	case "base64":
		return "Invalid base64"
	case "base64url", "base64rawurl":
		return "Invalid base64url"
	case "alpha", "alphaunicode", "alphaspace", "alphanum", "alphanumunicode", "alphanumspace",
		"numeric", "number", "ascii", "printascii", "multibyte", "lowercase", "uppercase",
		"hexadecimal", "luhn_checksum", "origin", "urn_rfc2141", "urn_rfc8141", "mac",
		"hostname", "hostname_rfc1123", "hostname_label", "dns_rfc1035_label", "fqdn",
		"hostname_port", "e164", "base32", "datauri",
		"hexcolor", "rgb", "rgba", "hsl", "hsla", "cmyk", "iscolor",
		"credit_card", "isbn", "isbn10", "isbn13", "issn",
		"bcp47_language_tag", "bcp47_strict_language_tag",
		"postcode_iso3166_alpha2", "postcode_iso3166_alpha2_field", "bic", "bic_iso_9362_2014",
		"semver", "ssn", "ein", "md4", "md5", "sha256", "sha384", "sha512",
		"ripemd128", "ripemd160", "tiger128", "tiger160", "tiger192",
		"eth_addr", "eth_addr_checksum", "btc_addr", "btc_addr_bech32",
		"mongodb", "mongodb_connection_string", "cron", "cve", "spicedb",
		"html", "html_encoded", "url_encoded":
		return "Invalid"
	}
	return invalidInput
}
