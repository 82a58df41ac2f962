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

// A value is a secret if the name of its member contains one of secretParts, or if the
// name or its last word is one of secretNames, or if the name is one of [Config.Redact].
// Case, "-", "_", "." and blanks do not count.
var (
	secretParts = []string{
		"password", "passwd", "secret", "token", "authorization", "credential", "apikey",
		"cookie", "session", "privatekey", "cardnumber", "pwd", "passphrase", "bearer", "jwt", "signature", "accesskey",
		"passcode", "pincode", "otpcode", "securitycode", "verificationcode", "mfacode", "recoverycode", "backupcode", "authcode",
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

// lastWord finds the pin of userPin, USER_PIN and user[pin].
var lastWord = regexp.MustCompile(`(?:[A-Z]?[a-z0-9]+|[A-Z0-9]+)\W*$`)

func (p *Responder) isSecretName(name string) bool {
	if slices.Contains(secretNames, plainName(strings.Trim(lastWord.FindString(name), "[]"))) {
		return true
	}
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
		if p.hidesPair(text) || p.hidesJSON(text, depth) {
			return append(dst, redactedText...)
		}
		value = jsonappend.String(nil, text)
	}
	if isSecretValue(text) {
		return append(dst, redactedText...)
	}
	return append(dst, value...)
}

// redactArray also hides the second value of a pair: ["password","x"].
func (p *Responder) redactArray(dst []byte, value json.RawMessage, depth int) []byte {
	elements, _ := jsonobject.Array(value)
	pair := len(elements) == 2 && p.namesSecret(elements[0])
	dst = append(dst, '[')
	for i, element := range elements {
		if i > 0 {
			dst = append(dst, ',')
		}
		if pair && i == 1 {
			dst = append(dst, redactedText...)
			continue
		}
		dst = p.redactValue(dst, element, depth+1)
	}
	return append(dst, ']')
}

// namesSecret reports whether a value is a text that is the name of a secret.
func (p *Responder) namesSecret(value json.RawMessage) bool {
	text, _ := jsonobject.String(value)
	return p.isSecretName(text)
}

// redactObject also hides the values of an object that names its secret in
// another member: {"name":"password","value":"x"}.
func (p *Responder) redactObject(dst []byte, value json.RawMessage, depth int) []byte {
	members, _ := jsonobject.Parse(value)
	telling := slices.IndexFunc(members, func(m jsonobject.Member) bool {
		return namesAnother.MatchString(plainName(m.Name)) && p.namesSecret(m.Value)
	})
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		isValue := isSecretValue(m.Name) || p.hidesPair(m.Name)
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

// namesAnother matches the names of members that name another member of their object.
var namesAnother = regexp.MustCompile(`^(?:id|k|n|type)$|(?:name|key|field|param|parameter|header|property|attribute|attr|label|column|variable|path|pointer)$`)

// textPair finds a name before its value in a query, a form, a header, XML, a part of
// a multipart body, or a JSON text that is not whole.
var textPair = regexp.MustCompile(`([\w.%\[\]-]+)["'\\]*(?:\s*[=:>]|\r?\n\r?\n)\s*[^\s=:>]`)

// hidesPair reports whether a text has a value behind the name of a secret.
func (p *Responder) hidesPair(text string) bool {
	return slices.ContainsFunc(textPair.FindAllStringSubmatch(text, -1), func(found []string) bool { return p.isSecretName(found[1]) })
}

// hidesJSON reports whether a string is a JSON text that contains a secret.
func (p *Responder) hidesJSON(text string, depth int) bool {
	raw := []byte(strings.TrimSpace(text))
	return json.Valid(raw) && bytes.Contains(p.redactValue(nil, raw, depth+1), []byte(redactedText))
}

// secretText finds, anywhere in a text, JWTs, keys with a usual prefix, PEM blocks, the
// credentials of an Authorization header, and the password in a URL or in the address
// of a database. digits finds runs of digits, perhaps in groups, that may be a card
// number.
var (
	secretText = regexp.MustCompile(`eyJ[\w-]*\.[\w-]*\.|(?:^|[^0-9A-Za-z])[sp]k_|\bA[KS]IA[A-Z0-9]{16}\b|-----BEGIN ` +
		`|(?i:\bbearer\s+[\w.~+/-]{6,}|\bbasic\s+[A-Za-z0-9+/]{4,}={0,2}(?:[^A-Za-z0-9+/]|$)|\bdigest\s+\w+=)` +
		`|[A-Za-z][\w+.-]*://[^/\s:@]*:[^/\s@]+@|:[^\s:@]+@(?:tcp|unix)\(`)
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
