package problem

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/backstop-go/backstop/internal/jsonappend"
	"github.com/backstop-go/backstop/internal/jsonobject"
)

// A value is a secret if the name of its member contains one of secretParts, or is one
// of secretNames or of [Config.Redact]. Case, "-", "_", "." and blanks do not count.
var (
	secretParts = []string{
		"password", "passwd", "secret", "token", "authorization", "credential", "apikey",
		"cookie", "session", "privatekey", "cardnumber", "pwd", "passphrase", "bearer", "jwt", "signature", "accesskey",
		"passcode", "pincode", "otpcode", "securitycode", "verificationcode", "mfacode", "recoverycode", "backupcode",
	}
	secretNames = []string{"auth", "pass", "pin", "otp", "totp", "cvv", "cvv2", "cvc", "cvc2", "csc", "iban", "ssn"}
)

func redactedNames(more []string) []string {
	names := slices.Clone(secretNames)
	for _, name := range more {
		names = append(names, plainName(name))
	}
	return names
}

var plainNames = strings.NewReplacer("-", "", "_", "", ".", "", " ", "")

// plainName returns a name in lower case without "-", "_", "." and blanks. It converts
// to upper case first, because encoding/json takes "paſſword" for "password", and lower
// case alone would keep the "ſ".
func plainName(name string) string {
	return plainNames.Replace(strings.ToLower(strings.ToUpper(name)))
}

func (p *Responder) isSecretName(name string) bool {
	name = plainName(name)
	return slices.Contains(p.redact, name) ||
		slices.ContainsFunc(secretParts, func(part string) bool { return strings.Contains(name, part) })
}

const redactedText = `"[REDACTED]"`

// maxRedacted is the depth below which all values are hidden.
const maxRedacted = 100

// redacted returns a JSON text without secrets. The name of the member, a name beside
// it, or the value itself shows that a value is a secret.
func (p *Responder) redacted(body []byte) json.RawMessage {
	return p.redactValue(nil, bytes.TrimSpace(body), 0)
}

func (p *Responder) redactValue(dst []byte, value json.RawMessage, depth int) []byte {
	text := string(value)
	switch {
	case depth == maxRedacted:
		return append(dst, redactedText...)
	case value[0] == '{':
		return p.redactObject(dst, value, depth)
	case value[0] == '[':
		return p.redactArray(dst, value, depth)
	case value[0] == '"':
		text, _ = jsonobject.String(value)
		if p.hidesJSON(text, depth) {
			return append(dst, redactedText...)
		}
		value = jsonappend.String(nil, text)
	}
	if isSecretValue(text) {
		return append(dst, redactedText...)
	}
	return append(dst, value...)
}

func (p *Responder) redactArray(dst []byte, value json.RawMessage, depth int) []byte {
	elements, _ := jsonobject.Array(value)
	dst = append(dst, '[')
	for i, element := range elements {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = p.redactValue(dst, element, depth+1)
	}
	return append(dst, ']')
}

// redactObject also hides the values of an object that names its secret in
// another member: {"name":"password","value":"x"}.
func (p *Responder) redactObject(dst []byte, value json.RawMessage, depth int) []byte {
	members, _ := jsonobject.Parse(value)
	telling := slices.IndexFunc(members, func(m jsonobject.Member) bool {
		text, _ := jsonobject.String(m.Value)
		return namesAnother[plainName(m.Name)] && p.isSecretName(text)
	})
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		isValue := isSecretValue(m.Name)
		if isValue {
			dst = append(dst, redactedText...)
		} else {
			dst = jsonappend.String(dst, m.Name)
		}
		dst = append(dst, ':')
		if isValue || p.isSecretName(m.Name) || telling >= 0 && i != telling {
			dst = append(dst, redactedText...)
			continue
		}
		dst = p.redactValue(dst, m.Value, depth+1)
	}
	return append(dst, '}')
}

// namesAnother holds the names of members that name another member of their object.
var namesAnother = map[string]bool{"name": true, "key": true, "field": true, "id": true, "param": true, "parameter": true, "header": true, "property": true, "attribute": true, "label": true, "k": true}

// hidesJSON reports whether a string is a JSON text that contains a secret.
func (p *Responder) hidesJSON(text string, depth int) bool {
	raw := []byte(strings.TrimSpace(text))
	return json.Valid(raw) && bytes.Contains(p.redactValue(nil, raw, depth+1), []byte(redactedText))
}

// secretText finds, anywhere in a text, JWTs, keys with a usual prefix, PEM blocks, the
// credentials of an Authorization header, and the password in a URL. digits finds runs
// of digits, perhaps in groups, that may be a card number.
var (
	secretText = regexp.MustCompile(`eyJ[\w-]*\.[\w-]*\.|(?:^|[^0-9A-Za-z])[sp]k_|-----BEGIN ` +
		`|(?i:\bbearer +[\w.~+/-]{6,}|\bbasic +[A-Za-z0-9+/]{4,}={0,2}(?:[^A-Za-z0-9+/]|$))` +
		`|[A-Za-z][\w+.-]*://[^/\s:@]*:[^/\s@]+@`)
	digits = regexp.MustCompile(`\d(?:[ -]*\d){12,}`)
)

// isSecretValue recognises a secret by the value itself.
func isSecretValue(s string) bool {
	return secretText.MatchString(s) || slices.ContainsFunc(digits.FindAllString(s, -1), hasCardNumber)
}

// hasCardNumber reports whether some groups of a run of digits are a card number. Other
// groups may be a date, for example.
func hasCardNumber(run string) bool {
	groups := strings.FieldsFunc(run, func(c rune) bool { return c == ' ' || c == '-' })
	for i := range groups {
		for j := i + 1; j <= len(groups); j++ {
			number := strings.Join(groups[i:j], "")
			if len(number) > 19 {
				break
			}
			if len(number) >= 13 && luhn(number) {
				return true
			}
		}
	}
	return false
}

// luhn reports whether the check digit of a number is right.
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
