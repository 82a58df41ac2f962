package problem_test

import (
	"strings"
	"testing"

	"github.com/backstop-go/backstop/problem"
)

// TestContent covers the rules about what a value consists of.
func TestContent(t *testing.T) {
	for _, row := range []struct{ rules, neutral, bean, zod string }{
		// If the sentence of Bean Validation is empty here, it is that of problem.FieldText.
		{"alpha alphaunicode", "must contain only letters", "", "Invalid"},
		{"alphaspace", "must contain only letters and spaces", "", "Invalid"},
		{"alphanum alphanumunicode", "must contain only letters and digits", "", "Invalid"},
		{"alphanumspace", "must contain only letters, digits and spaces", "", "Invalid"},
		{"numeric", "must be a number", "must be a numeric value", "Invalid"},
		{"number", "must contain only digits", "", "Invalid"},
		{"boolean", "must be true or false", "", "Invalid input"},
		{"ascii", "must contain only ASCII characters", "", "Invalid"},
		{"printascii", "must contain only printable ASCII characters", "", "Invalid"},
		{"multibyte", "must contain multibyte characters", "", "Invalid"},
		{"lowercase", "must be lower case", "", "Invalid"},
		{"uppercase", "must be upper case", "", "Invalid"},
		{"contains containsrune", `must contain "@"`, "must contain @", `Invalid input: must include "@"`},
		{"containsany", "must contain at least one of the characters @", "", "Invalid input"},
		{"excludes excludesrune", `must not contain "@"`, "must not contain @", "Invalid input"},
		{"excludesall", "must not contain any of the characters @", "", "Invalid input"},
		{"startswith", `must start with "@"`, "must start with @", `Invalid input: must start with "@"`},
		{"endswith", `must end with "@"`, "must end with @", `Invalid input: must end with "@"`},
		{"startsnotwith", `must not start with "@"`, "must not start with @", "Invalid input"},
		{"endsnotwith", `must not end with "@"`, "must not end with @", "Invalid input"},
		{"unique", "must not contain duplicates", "must only contain unique elements", "Invalid input"},
		{"hexadecimal", "must be a hexadecimal value", "", "Invalid"},
		{"luhn_checksum", "has an invalid check digit", "the check digit is invalid, Luhn Modulo 10 checksum failed", "Invalid"},
		{"validateFn", "is not valid", "is invalid", "Invalid input"},
	} {
		if row.bean == "" {
			row.bean = row.neutral
		}
		for rule := range strings.FieldsSeq(row.rules) {
			f := field{Rule: rule, Param: "@", Want: problem.TypeString, Presence: problem.Present}
			wording{f, row.neutral, row.bean, row.zod, ""}.check(t)
		}
	}
}

// TestFormats covers the rules that have a noun.
func TestFormats(t *testing.T) {
	for _, row := range formats {
		if row.bean == "" {
			row.bean = "must be a valid " + row.noun
		}
		for rule := range strings.FieldsSeq(row.rules) {
			f := field{Rule: rule, Want: problem.TypeString, Presence: problem.Present}
			wording{f, "must be a valid " + row.noun, row.bean, row.zod, "Please enter a valid " + row.noun}.check(t)
		}
	}
}

var formats = []struct{ rules, noun, zod, bean string }{
	{"email", "email address", "Invalid email", "must be a well-formed email address"},
	{"url http_url https_url", "URL", "Invalid url", ""},
	{"uri", "URI", "Invalid url", ""},
	{"origin", "origin", "Invalid", ""},
	{"urn_rfc2141 urn_rfc8141", "URN", "Invalid", ""},
	{"uuid uuid3 uuid4 uuid5 uuid7 uuid_rfc4122 uuid3_rfc4122 uuid4_rfc4122 uuid5_rfc4122", "UUID", "Invalid uuid", ""},
	{"ulid", "ULID", "Invalid ulid", ""},
	{"ip", "IP address", "Invalid ip", "invalid IP address"},
	{"ipv4", "IPv4 address", "Invalid ip", "invalid IP address"},
	{"ipv6", "IPv6 address", "Invalid ip", "invalid IP address"},
	{"cidr", "CIDR range", "Invalid cidr", ""},
	{"cidrv4", "IPv4 CIDR range", "Invalid cidr", ""},
	{"cidrv6", "IPv6 CIDR range", "Invalid cidr", ""},
	{"mac", "MAC address", "Invalid", ""},
	{"hostname hostname_rfc1123 hostname_label dns_rfc1035_label", "hostname", "Invalid", ""},
	{"fqdn", "domain name", "Invalid", ""},
	{"hostname_port", "host and port", "Invalid", ""},
	{"port", "port number", "Invalid input", ""},
	{"tcp_addr tcp4_addr tcp6_addr udp_addr udp4_addr udp6_addr ip_addr ip4_addr ip6_addr unix_addr uds_exists", "network address", "Invalid input", ""},
	{"e164", "phone number in international format", "Invalid", ""},
	{"timezone", "time zone", "Invalid input", ""},
	{"duration", "duration", "Invalid duration", ""},
	{"json", "JSON string", "Invalid input", ""},
	{"jwt", "JWT", "Invalid jwt", ""},
	{"base64", "Base64 string", "Invalid base64", ""},
	{"base64url base64rawurl", "Base64 URL string", "Invalid base64url", ""},
	{"base32", "Base32 string", "Invalid", ""},
	{"datauri", "data URI", "Invalid", ""},
	{"hexcolor rgb rgba hsl hsla cmyk iscolor", "color", "Invalid", ""},
	{"credit_card", "card number", "Invalid", "invalid credit card number"},
	{"isbn isbn10 isbn13", "ISBN", "Invalid", "invalid ISBN"},
	{"issn", "ISSN", "Invalid", "invalid ISSN"},
	{"iso3166_1_alpha2 iso3166_1_alpha2_eu iso3166_1_alpha3 iso3166_1_alpha3_eu iso3166_1_alpha_numeric " +
		"iso3166_1_alpha_numeric_eu country_code eu_country_code", "country code", "Invalid input", ""},
	{"iso3166_2", "region code", "Invalid input", ""},
	{"iso4217 iso4217_numeric", "currency code", "Invalid input", ""},
	{"bcp47_language_tag bcp47_strict_language_tag", "language tag", "Invalid", ""},
	{"postcode_iso3166_alpha2 postcode_iso3166_alpha2_field", "postal code", "Invalid", ""},
	{"bic bic_iso_9362_2014", "BIC", "Invalid", ""},
	{"semver", "semantic version", "Invalid", ""},
	{"latitude", "latitude", "Invalid input", ""},
	{"longitude", "longitude", "Invalid input", ""},
	{"ssn", "SSN", "Invalid", ""},
	{"ein", "EIN", "Invalid", ""},
	{"md4 md5 sha256 sha384 sha512 ripemd128 ripemd160 tiger128 tiger160 tiger192", "hash", "Invalid", ""},
	{"eth_addr eth_addr_checksum btc_addr btc_addr_bech32", "wallet address", "Invalid", ""},
	{"mongodb", "object ID", "Invalid", ""},
	{"mongodb_connection_string", "connection string", "Invalid", ""},
	{"cron", "cron expression", "Invalid", ""},
	{"cve spicedb", "identifier", "Invalid", ""},
	{"html", "HTML string", "Invalid", ""},
	{"html_encoded", "HTML-encoded string", "Invalid", ""},
	{"url_encoded", "URL-encoded string", "Invalid", ""},
	{"file image mimetype", "file", "Invalid input", ""},
	{"filepath", "file path", "Invalid input", ""},
	{"dir", "directory", "Invalid input", ""},
	{"dirpath", "directory path", "Invalid input", ""},
}

func TestLayouts(t *testing.T) {
	const bean = "must be a valid date/time"
	matching := func(pattern string) string { return bean + " representation matching the format '" + pattern + "'" }
	for _, row := range []struct{ layout, noun, bean, zod string }{
		{"2006-01-02", "date (YYYY-MM-DD)", matching("yyyy-MM-dd"), "Invalid date"},
		{"15:04:05", "time (HH:MM:SS)", matching("HH:mm:ss"), "Invalid time"},
		{"15:04", "time (HH:MM)", matching("HH:mm"), "Invalid time"},
		{"2006-01-02 15:04:05", "date and time", matching("yyyy-MM-dd HH:mm:ss"), "Invalid datetime"},
		{"2006-01-02T15:04:05Z07:00", "date and time", matching("yyyy-MM-dd'T'HH:mm:ssXXX"), "Invalid datetime"}, // XXX is the offset in a pattern of Java
		{"Jan 2006", "date and time", bean, "Invalid datetime"},
	} {
		f := field{Rule: "datetime", Param: row.layout, Want: problem.TypeString}
		wording{f, "must be a valid " + row.noun, row.bean, row.zod, "Please enter a valid " + row.noun}.check(t)
	}
}

// The name of an unknown member comes from the client, so a long one is cut.
func TestLongUnknownNamesAreCut(t *testing.T) {
	f := field{Rule: "unknown", Path: problem.Path{"a", strings.Repeat("é", 65)}}
	cut := strings.Repeat("é", 64) + "…"
	wording{f, "is not a known field", "unknown field", "Unrecognized key(s) in object: '" + cut + "'", cut + " is not a known field"}.check(t)
}
