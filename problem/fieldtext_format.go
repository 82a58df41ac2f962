package problem

import "time"

// contentText returns the text for a rule about the characters or elements of a value,
// or "" for any other rule.
func contentText(f FieldError) string {
	switch f.Rule {
	case "null":
		return "must not be null"
	case "repeat":
		return "must not be repeated"
	case "encoding":
		return "must be valid UTF-8 text"
	case "excluded_if", "excluded_unless", "excluded_with", "excluded_with_all",
		"excluded_without", "excluded_without_all", "isdefault":
		return "must not be set"
	case "alpha", "alphaunicode":
		return "must contain only letters"
	case "alphaspace":
		return "must contain only letters and spaces"
	case "alphanum", "alphanumunicode":
		return "must contain only letters and digits"
	case "alphanumspace":
		return "must contain only letters, digits and spaces"
	case "numeric":
		return "must be a number"
	case "number":
		return "must contain only digits"
	case "boolean":
		return "must be true or false"
	case "ascii":
		return "must contain only ASCII characters"
	case "printascii":
		return "must contain only printable ASCII characters"
	case "multibyte":
		return "must contain multibyte characters"
	case "lowercase":
		return "must be lower case"
	case "uppercase":
		return "must be upper case"
	case "contains", "containsrune":
		return `must contain "` + f.Param + `"`
	case "containsany":
		return "must contain at least one of the characters " + f.Param
	case "excludes", "excludesrune":
		return `must not contain "` + f.Param + `"`
	case "excludesall":
		return "must not contain any of the characters " + f.Param
	case "startswith":
		return `must start with "` + f.Param + `"`
	case "endswith":
		return `must end with "` + f.Param + `"`
	case "startsnotwith":
		return `must not start with "` + f.Param + `"`
	case "endsnotwith":
		return `must not end with "` + f.Param + `"`
	case "unique":
		return "must not contain duplicates"
	case "hexadecimal":
		return "must be a hexadecimal value"
	case "luhn_checksum":
		return "has an invalid check digit"
	}
	return ""
}

// noun names the format that a rule wants, or "" if the rule is not about a format.
func noun(f FieldError) string {
	switch f.Rule {
	case "email":
		return "email address"
	case "url", "http_url", "https_url":
		return "URL"
	case "uri":
		return "URI"
	case "origin":
		return "origin"
	case "urn_rfc2141", "urn_rfc8141":
		return "URN"
	case "uuid", "uuid3", "uuid4", "uuid5", "uuid7",
		"uuid_rfc4122", "uuid3_rfc4122", "uuid4_rfc4122", "uuid5_rfc4122":
		return "UUID"
	case "ulid":
		return "ULID"
	case "ip":
		return "IP address"
	case "ipv4":
		return "IPv4 address"
	case "ipv6":
		return "IPv6 address"
	case "cidr":
		return "CIDR range"
	case "cidrv4":
		return "IPv4 CIDR range"
	case "cidrv6":
		return "IPv6 CIDR range"
	case "mac":
		return "MAC address"
	case "hostname", "hostname_rfc1123", "hostname_label", "dns_rfc1035_label":
		return "hostname"
	case "fqdn":
		return "domain name"
	case "hostname_port":
		return "host and port"
	case "port":
		return "port number"
	case "tcp_addr", "tcp4_addr", "tcp6_addr", "udp_addr", "udp4_addr", "udp6_addr",
		"ip_addr", "ip4_addr", "ip6_addr", "unix_addr", "uds_exists":
		return "network address"
	case "e164":
		return "phone number in international format"
	case "datetime":
		return layoutNoun(f.Param)
	case "timezone":
		return "time zone"
	case "duration":
		return "duration"
	case "json":
		return "JSON string"
	case "jwt":
		return "JWT"
	case "base64":
		return "Base64 string"
	case "base64url", "base64rawurl":
		return "Base64 URL string"
	case "base32":
		return "Base32 string"
	case "datauri":
		return "data URI"
	case "hexcolor", "rgb", "rgba", "hsl", "hsla", "cmyk", "iscolor":
		return "color"
	case "credit_card":
		return "card number"
	case "isbn", "isbn10", "isbn13":
		return "ISBN"
	case "issn":
		return "ISSN"
	case "iso3166_1_alpha2", "iso3166_1_alpha2_eu", "iso3166_1_alpha3", "iso3166_1_alpha3_eu",
		"iso3166_1_alpha_numeric", "iso3166_1_alpha_numeric_eu", "country_code", "eu_country_code":
		return "country code"
	case "iso3166_2":
		return "region code"
	case "iso4217", "iso4217_numeric":
		return "currency code"
	case "bcp47_language_tag", "bcp47_strict_language_tag":
		return "language tag"
	case "postcode_iso3166_alpha2", "postcode_iso3166_alpha2_field":
		return "postal code"
	case "bic", "bic_iso_9362_2014":
		return "BIC"
	case "semver":
		return "semantic version"
	case "latitude", "longitude":
		return f.Rule
	case "ssn":
		return "SSN"
	case "ein":
		return "EIN"
	case "md4", "md5", "sha256", "sha384", "sha512", "ripemd128", "ripemd160",
		"tiger128", "tiger160", "tiger192":
		return "hash"
	case "eth_addr", "eth_addr_checksum", "btc_addr", "btc_addr_bech32":
		return "wallet address"
	case "mongodb":
		return "object ID"
	case "mongodb_connection_string":
		return "connection string"
	case "cron":
		return "cron expression"
	case "cve", "spicedb":
		return "identifier"
	case "html":
		return "HTML string"
	case "html_encoded":
		return "HTML-encoded string"
	case "url_encoded":
		return "URL-encoded string"
	case "file", "image", "mimetype":
		return "file"
	case "filepath":
		return "file path"
	case "dir":
		return "directory"
	case "dirpath":
		return "directory path"
	}
	return ""
}

// layoutNoun names a layout of package time, with letters for the usual ones.
func layoutNoun(layout string) string {
	switch layout {
	case time.DateOnly:
		return "date (YYYY-MM-DD)"
	case time.TimeOnly:
		return "time (HH:MM:SS)"
	case "15:04":
		return "time (HH:MM)"
	}
	return "date and time"
}
