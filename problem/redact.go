package problem

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/backstop-go/backstop/internal/jsonappend"
)

// A value is a secret if the name of its member contains one of secretParts, or
// is one of secretNames or of Config.Redact. Case, "-", "_", "." and blanks do
// not count.
var (
	secretParts = []string{
		"password", "passwd", "secret", "token", "authorization", "credential", "apikey",
		"cookie", "session", "privatekey", "cardnumber", "pwd", "passphrase", "bearer", "jwt", "signature", "accesskey",
	}
	secretNames = []string{"auth", "pin", "otp", "cvv", "iban", "ssn"}
)

func redactedNames(more []string) []string {
	names := slices.Clone(secretNames)
	for _, name := range more {
		names = append(names, plainName(name))
	}
	return names
}

var plainNames = strings.NewReplacer("-", "", "_", "", ".", "", " ", "")

// plainName goes through upper case, which folds what lower case alone does not:
// encoding/json takes "paſſword" for "password".
func plainName(name string) string {
	return plainNames.Replace(strings.ToLower(strings.ToUpper(name)))
}

func (p *Responder) isSecretName(name string) bool {
	name = plainName(name)
	return slices.Contains(p.redact, name) ||
		slices.ContainsFunc(secretParts, func(part string) bool { return strings.Contains(name, part) })
}

const redactedText = `"[REDACTED]"`

// redacted returns a JSON text without the values that look like secrets, by
// the name of their member or by themselves.
func (p *Responder) redacted(body []byte) json.RawMessage {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	out, err := p.redactValue(nil, dec)
	if err != nil {
		return nil
	}
	return out
}

func (p *Responder) redactValue(dst []byte, dec *json.Decoder) ([]byte, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return appendScalar(dst, token)
	}
	dst = append(dst, byte(delim))
	for i := 0; dec.More(); i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		if delim == '{' {
			name, err := dec.Token()
			if err != nil {
				return nil, err
			}
			dst, _ = appendScalar(dst, name)
			dst = append(dst, ':')
			if p.isSecretName(name.(string)) || isSecretValue(name.(string)) {
				var skipped json.RawMessage
				if err := dec.Decode(&skipped); err != nil {
					return nil, err
				}
				dst = append(dst, redactedText...)
				continue
			}
		}
		if dst, err = p.redactValue(dst, dec); err != nil {
			return nil, err
		}
	}
	end, err := dec.Token()
	if err != nil {
		return nil, err
	}
	return append(dst, byte(end.(json.Delim))), nil
}

func appendScalar(dst []byte, token json.Token) ([]byte, error) {
	switch v := token.(type) {
	case string:
		if isSecretValue(v) {
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

// secretText finds, anywhere in a text, JWTs, keys with a usual prefix and PEM
// blocks; digits finds what may be a card number, perhaps in groups.
var (
	secretText = regexp.MustCompile(`eyJ[\w-]*\.[\w-]*\.|(?:^|[^0-9A-Za-z])[sp]k_|-----BEGIN `)
	digits     = regexp.MustCompile(`\d(?:[ -]*\d){12,}`)
)

// isSecretValue knows secrets that stand where their name does not tell.
func isSecretValue(s string) bool {
	return secretText.MatchString(s) || slices.ContainsFunc(digits.FindAllString(s, -1), hasCardNumber)
}

// hasCardNumber reports whether whole groups of a run of digits are a card
// number, whatever stands beside it: a date, or another card.
func hasCardNumber(run string) bool {
	groups := strings.FieldsFunc(run, func(c rune) bool { return c == ' ' || c == '-' })
	for i := range groups {
		number := ""
		for _, group := range groups[i:] {
			if number += group; len(number) > 19 {
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
