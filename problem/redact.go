package problem

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/backstop-go/backstop/internal/jsonappend"
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
	out, err := p.redactValue(nil, body, 0)
	if err != nil {
		return nil
	}
	return out
}

func (p *Responder) redactValue(dst, value []byte, depth int) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber()
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch {
	case token != json.Delim('{') && token != json.Delim('['):
		return p.redactScalar(dst, token, depth)
	case depth == maxRedacted:
		return append(dst, redactedText...), nil
	case token == json.Delim('{'):
		return p.redactObject(dst, dec, depth)
	}
	dst = append(dst, '[')
	for i := 0; dec.More(); i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		var element json.RawMessage
		if err := dec.Decode(&element); err != nil {
			return nil, err
		}
		if dst, err = p.redactValue(dst, element, depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

// redactObject also hides the values of an object that names its secret in
// another member: {"name":"password","value":"x"}.
func (p *Responder) redactObject(dst []byte, dec *json.Decoder, depth int) ([]byte, error) {
	var members []Detail
	telling := -1
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		m := Detail{Name: name.(string)}
		if err := dec.Decode(&m.Value); err != nil {
			return nil, err
		}
		var text string
		if namesAnother[plainName(m.Name)] && json.Unmarshal(m.Value, &text) == nil && p.isSecretName(text) {
			telling = len(members)
		}
		members = append(members, m)
	}
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
		var err error
		if dst, err = p.redactValue(dst, m.Value, depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// namesAnother holds the names of members that name another member of their object.
var namesAnother = map[string]bool{"name": true, "key": true, "field": true, "id": true, "param": true, "parameter": true, "header": true, "property": true, "attribute": true, "label": true, "k": true}

func (p *Responder) redactScalar(dst []byte, token json.Token, depth int) ([]byte, error) {
	switch v := token.(type) {
	case string:
		if isSecretValue(v) || p.hidesJSON(v, depth) {
			return append(dst, redactedText...), nil
		}
		return jsonappend.String(dst, v), nil
	case json.Number:
		if isSecretValue(string(v)) {
			return append(dst, redactedText...), nil
		}
		return append(dst, v...), nil
	}
	return AppendJSON(dst, token) // true, false, null
}

// hidesJSON reports whether a string is a JSON text that contains a secret.
func (p *Responder) hidesJSON(text string, depth int) bool {
	text = strings.TrimSpace(text)
	if text == "" || text[0] != '{' && text[0] != '[' || !json.Valid([]byte(text)) {
		return false
	}
	out, err := p.redactValue(nil, []byte(text), depth+1)
	return err != nil || bytes.Contains(out, []byte(redactedText))
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
